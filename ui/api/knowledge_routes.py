"""The addresses of the service for the company's own words and for versions."""

from __future__ import annotations

from fastapi import APIRouter

from ui.api.routes import Body, Reply
from ui.operations import Json, Operations


class WordBody(Body):
    """What `KnowledgeOperations.put_word` takes."""

    term: str
    reading: str = ""
    synonyms: tuple[str, ...] = ()


class RulingBody(Body):
    """What `KnowledgeOperations.rule_version` takes."""

    document: str
    said: Json
    by: str = ""


class DictionaryBody(Body):
    """What `KnowledgeOperations.save_dictionary` takes."""

    entries: tuple[Json, ...]


def knowledge_routes(operations: Operations) -> APIRouter:
    """The dictionary and versions."""
    routes = APIRouter()

    @routes.get("/versions")
    def versions() -> Reply:
        return operations.versions()

    @routes.post("/versions")
    def rule_version(body: RulingBody) -> Reply:
        return operations.rule_version(body.document, body.said, by=body.by)

    @routes.get("/dictionary")
    def dictionary() -> Reply:
        return operations.dictionary()

    @routes.post("/dictionary")
    def put_word(body: WordBody) -> Reply:
        return operations.put_word(body.term, reading=body.reading, synonyms=list(body.synonyms))

    @routes.delete("/dictionary")
    def remove_word(term: str) -> Reply:
        return operations.remove_word(term)

    @routes.put("/dictionary")
    def save_dictionary(body: DictionaryBody) -> Reply:
        return operations.save_dictionary(list(body.entries))

    return routes

"""Imported questions without sources get those that the served assistant would show."""

from __future__ import annotations

from dataclasses import replace

from assistant.served_evidence import ServedEvidence
from training.tuning.building import evidence_texts
from training.tuning.examples import TuningExample
from training.tuning.splitting import group_of


def with_evidence(example: TuningExample, served: ServedEvidence, answerable_at: float) -> TuningExample:
    """The example with its evidence, as an answer where it was a chat of one question.

    Where the library does not seem to answer the question (less than `answerable_at`, in [0, 1]) it stays as
    it is: learning an answer that the sources do not hold would teach inventing. An example that says that
    the documents do not tell gets only sources that do not: others would teach to refuse.
    """
    if example.kind == "text" or example.evidence or len(example.messages) not in (0, 2):
        return example
    question = example.messages[0].content if example.messages else example.question
    if not question.strip() or (example.messages and example.messages[0].role != "user"):
        return example
    hits = served.retrieve(question)
    found = served.gather(served.in_their_words(question, hits), hits)
    if not found.sources or example.answerable != (found.answerability >= answerable_at):
        return example
    shown = evidence_texts(found, example.language)
    answer = example.messages[-1].content if example.messages else example.answer
    return replace(
        example, kind="answer" if example.kind == "chat" else example.kind, question=question, answer=answer,
        evidence=shown, messages=(),
        documents=tuple(dict.fromkeys([*example.documents, *(one.document for one in shown)])),
        group=example.group or group_of(example.documents) or shown[0].document,
    )  # fmt: skip

"""What stands beside the text of Word and PowerPoint files: comments, headers and footers, charts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ingestion.readers.building import DocumentBuilder, clean_line
from ingestion.readers.drawing_parts import CHART, DRAWING, add_chart
from ingestion.readers.safe_xml import local_name, parse_xml

_ONLY_A_NUMBER = re.compile(r"[\W\d]*(?:page|頁|ページ)?[\W\d]*", re.IGNORECASE)
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_LONGEST_RUNNING = 500


def add_word_asides(builder: DocumentBuilder, part: Any, text_of: Callable[[Any], str]) -> None:
    """Charts and comments behind the text of a Word file; its headers and footers as properties.

    `part` is python-docx's main part, `text_of` gives the text of one paragraph.
    """
    running: dict[str, None] = {}
    for kind, root in _related(part, ("chart", "comments", "header", "footer")):
        if kind == "chart":
            add_chart(builder, root)
        elif kind == "comments":
            for comment in root:
                _add_comment(builder, _attribute(comment, "author"), _paragraphs(comment, text_of))
        else:
            text = _paragraphs(root, text_of)
            if text and not _ONLY_A_NUMBER.fullmatch(text):
                running.setdefault(text)
    if running:
        builder.properties["header and footer"] = " / ".join(running)[:_LONGEST_RUNNING]


def add_slide_comments(builder: DocumentBuilder, part: Any, authors: dict[str, str]) -> None:
    """The comments on one slide, given its part; both the older kind and threads."""
    for _, root in _related(part, ("comments",)):
        for comment in root.iter():
            if local_name(comment) not in ("cm", "reply"):
                continue
            words = [
                element.text or ""
                for element in _own(comment)
                if local_name(element) == "text" or element.tag == f"{DRAWING}t"
            ]
            _add_comment(builder, authors.get(comment.get("authorId", ""), ""), clean_line(" ".join(words)))


def comment_authors(part: Any) -> dict[str, str]:
    """Names by id, from the main part of a presentation."""
    return {
        author.get("id", ""): author.get("name", "")
        for _, root in _related(part, ("commentAuthors", "authors"))
        for author in root
    }


def add_chart_of(builder: DocumentBuilder, shape: Any) -> bool:
    """Add the chart in a frame on a slide; whether there is one."""
    reference = next(iter(shape.element.iter(f"{CHART}chart")), None)
    if reference is None or (id := reference.get(_RELATION)) not in shape.part.rels:
        return False
    add_chart(builder, parse_xml(shape.part.related_part(id).blob)[0])
    return True


def _related(part: Any, kinds: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """(kind, root element) of the parts that a part refers to, in the order of their names."""
    found = [
        (relation.reltype.rpartition("/")[2], relation.target_part)
        for relation in part.rels.values()
        if not relation.is_external
    ]
    for kind, target in sorted(found, key=lambda item: str(item[1].partname)):
        if kind in kinds:
            yield kind, parse_xml(target.blob)[0]


def _own(comment: Any) -> Iterator[Any]:
    """The elements of a comment without those of the replies in it."""
    for child in comment:
        if local_name(child) not in ("replyLst", "reply"):
            yield child
            yield from _own(child)


def _add_comment(builder: DocumentBuilder, author: str, text: str) -> None:
    if text:
        builder.line(f"Comment ({clean_line(author)}): {text}" if author.strip() else f"Comment: {text}")


def _paragraphs(root: Any, text_of: Callable[[Any], str]) -> str:
    return clean_line(" ".join(text_of(element) for element in root.iter() if local_name(element) == "p"))


def _attribute(element: Any, name: str) -> str:
    return next((value for key, value in element.attrib.items() if key.endswith(f"}}{name}")), "")

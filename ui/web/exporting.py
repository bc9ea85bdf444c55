"""An answer as a Word file: question, sentences with their marks and verdicts, and the quoted sources."""

from __future__ import annotations

import io
import re
from datetime import datetime
from typing import Any

import docx
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor

from assistant.answers import Language
from ui.texts import t
from ui.web.presenting import cited_sentences, cited_sources
from ui.web.turns import TurnState

_COLOURS = {
    "supported": RGBColor(0x1C, 0x6B, 0x3C),
    "partly": RGBColor(0x80, 0x56, 0x0B),
    "contradicted": RGBColor(0x9B, 0x2C, 0x20),
    "unsupported": RGBColor(0x6A, 0x3D, 0x86),
    "unchecked": RGBColor(0x46, 0x52, 0x5E),
}
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_GREY = RGBColor(0x5B, 0x68, 0x75)


def answer_docx(state: TurnState, language: Language, *, scope: str, now: datetime) -> bytes:
    """The bytes of a .docx file. `scope` is the line that says what was searched; `now` is local time."""
    page = docx.Document()
    style = page.styles["Normal"]
    style.font.name = "Yu Gothic" if language == "ja" else "Calibri"
    style.font.size = Pt(10.5)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), "Yu Gothic")
    page.add_heading(t(language, "web", "docx.title"), level=1)
    page.add_heading(t(language, "web", "docx.question"), level=2)
    page.add_paragraph(_clean(state.question))
    page.add_heading(t(language, "web", "docx.answer"), level=2)
    _add_answer(page, state, language)
    _add_sources(page, state, language)
    model = (state.answer or {}).get("model", "")
    made = t(language, "web", "docx.made", time=now.strftime("%Y-%m-%d %H:%M"), model=_clean(model))
    _small(page.add_paragraph(), f"{scope}\n{made}")
    out = io.BytesIO()
    page.save(out)
    return out.getvalue()


def _add_answer(page: Any, state: TurnState, language: Language) -> None:
    by_label = {t(language, "web", f"verdict.{name}"): colour for name, colour in _COLOURS.items()}
    paragraph = page.add_paragraph()
    for sentence in cited_sentences(state, language):
        paragraph.add_run(_clean(sentence.text))
        if not sentence.verdict:
            continue
        mark = paragraph.add_run(_clean(sentence.marks))
        mark.font.superscript = sentence.marks.strip().startswith("[")
        if mark.font.superscript:
            label = paragraph.add_run(f" ({sentence.verdict}) ")
            label.font.size = Pt(8)
            label.font.color.rgb = by_label[sentence.verdict]


def _add_sources(page: Any, state: TurnState, language: Language) -> None:
    sources = cited_sources(state, language)
    if not sources:
        return
    page.add_heading(t(language, "web", "docx.sources"), level=2)
    for source in sources:
        paragraph = page.add_paragraph()
        paragraph.add_run(f"[{source.number}] {_clean(source.title)}").bold = True
        paragraph.add_run(_clean(source.where))
        _small(page.add_paragraph(), source.path)
        for quote in source.quotes:
            page.add_paragraph(_clean(quote), style="Intense Quote")


def _small(paragraph: Any, text: str) -> None:
    run = paragraph.add_run(_clean(text))
    run.font.size = Pt(8.5)
    run.font.color.rgb = _GREY


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)

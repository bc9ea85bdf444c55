"""Half characters, which broken files hold and no database stores."""

from __future__ import annotations

from dataclasses import replace

from ingestion.documents import Document


def without_surrogates(document: Document) -> Document:
    """Half characters become the replacement character; lengths stay."""
    try:
        "".join((document.text, document.title or "", *document.warnings)).encode()
    except UnicodeEncodeError:
        clean = _clean
        return replace(
            document,
            text=clean(document.text),
            title=None if document.title is None else clean(document.title),
            headings=tuple(replace(heading, title=clean(heading.title)) for heading in document.headings),
            warnings=tuple(clean(warning) for warning in document.warnings),
        )
    return document


def _clean(text: str) -> str:
    return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)

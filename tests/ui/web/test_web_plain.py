"""Text from documents in Streamlit's Markdown: a second reader of Markdown finds nothing in it but words."""

from __future__ import annotations

import html
import re

import pytest
from markdown_it import MarkdownIt

from ui.web.session import plain


@pytest.mark.parametrize(
    "text",
    [
        "Title\n=====", "a\n---\nb", "a\n\n    indented *code* <b>", "\tafter a tab", "1. one\n2) two",
        "- [ ] x",
        "# heading", "> quote", "| a | b |\n|---|---|", "***", "![x](http://x.example/y.png)", "&lt;b&gt;",
        "<script>alert(1)</script>", "[a]: http://x.example", "`code`", "~~~\ncode\n~~~", "C:\\dir\\*.txt",
    ],
)  # fmt: skip
def test_nothing_in_a_text_is_markup(text: str) -> None:
    shown = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(plain(text))
    assert set(re.findall(r"<(\w+)", shown)) <= {"p", "br"}
    words = html.unescape(re.sub(r"<[^>]*>", "", shown))
    assert words.split() == text.split()

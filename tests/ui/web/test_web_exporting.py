"""The Word file of an answer, read back."""

from __future__ import annotations

import io
from datetime import datetime

import docx
import pytest
from test_web_presenting import final

from ui.web.exporting import answer_docx

NOW = datetime(2026, 11, 21, 9, 30)


def test_the_file_holds_question_sentences_marks_verdicts_and_quotes() -> None:
    data = answer_docx(final("休暇は？"), "ja", scope="検索範囲：すべての文書", now=NOW)
    page = docx.Document(io.BytesIO(data))
    lines = [paragraph.text for paragraph in page.paragraphs]
    assert "休暇は？" in lines
    answer = next(line for line in lines if line.startswith("年次有給休暇は"))
    assert answer == (
        "年次有給休暇は入社6か月後に10日与えられます。 [1] (根拠あり) "
        "申請は3日前までに行います。 [1] (一部に根拠) 半日単位でも取得できます。 (根拠なし)"
    )
    assert "[1] 就業規則, 2ページ" in lines
    assert "年次有給休暇は入社6か月後に10日与える。" in lines
    assert lines[-1] == "検索範囲：すべての文書\n2026-11-21 09:30 に Konkyo が作成 · モデル test-model"
    marks = [run.text for paragraph in page.paragraphs for run in paragraph.runs if run.font.superscript]
    assert marks == [" [1]", " [1]"]


@pytest.mark.parametrize("question", ["誕生日\x00\x0bは？", "script?"])
def test_odd_characters_and_abstentions_make_a_file_too(question: str) -> None:
    page = docx.Document(io.BytesIO(answer_docx(final(question), "en", scope="", now=NOW)))
    assert question.replace("\x00", "").replace("\x0b", "") in [
        paragraph.text for paragraph in page.paragraphs
    ]

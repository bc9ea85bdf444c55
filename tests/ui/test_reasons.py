"""What people are told is told in their language: every sentence of the code has its Japanese one."""

from __future__ import annotations

import errno
import os
import zipfile
from pathlib import Path
from string import Formatter

import pytest
from said_in_code import blank, every_text, raised, sentences

from ingestion.errors import ReadError
from ingestion.readers import read
from ingestion.screening.findings import PERSONAL_TYPES
from ui.cli import showing
from ui.reasons import code_of, error_in, reason_in, recognised, warning_in, with_codes
from ui.texts import reasons
from ui.web.listing import document_rows, job_line

ROOT = Path(__file__).parents[2]
EN, JA = reasons("en"), reasons("ja")
CODES = sorted(EN)
ALONE = [code for code in CODES if not code.startswith("inner.")]

NOT_SAID = {
    # Put together around other sentences, which are known on their own.
    "{}: {}", "{}: {}: {}", "{}: {}{}: {}", "{}, {}", "Value error, ",
    # Text that a reader puts into a document, and names of places in it.
    "Alt text: ", "Attachments: {}", "Comment: {}", "Comment ({}): {}", "Comment{}: {}", "Comment ({}{}): {}",
    "[AI description of a figure] ", "figure descriptions", "{} by {}", "header and footer", "slide {}",
    "table {}", "table {} row {}", "{} row {}", "attachment {}", "Embedded files: {}", "{}<roman {}>{}",
    # What is compared with the words of libraries and formats.
    "Extra data", "blowfish cfb", "field limit", "unexpected end", "powerpoint presentation",
    # Caught where they are raised: the caller says what it means.
    "half a character", "unknown shift", "no page can be found", "no password opens it", "no page is open",
    "a date without a year is no period", "{} is not a four-bit matrix",
    # Slips of a programmer, with a traceback.
    "chunk [{}:{}] is outside the document (length {})", "{} origins for {} characters",
    "page {} [{}:{}] overlaps or leaves the text", "{} vectors for {} chunks of {}",
    "blocks of {} values, {} expected", "tensor {} has the unknown type {}",
    "a stream of progress ended without a report", "no interval for a share of {} of {} cases",
    "it is no JSON", "it is no object",
    "there are no sentences to count", "periods of {} questions cannot be compared",
    # Asked of a model, and parts of headers, progress and manifests.
    "Bearer {}", "import {}", "importing {}", "file {}", "index {}", "hub {}@{}",
}  # fmt: skip

PROMPT = "Describe in English what this figure shows"
EARLIER = ("office.embedded", "office.opendocument_locked")
"""What the code no longer says and libraries still hold."""


def code_files(package: str) -> list[Path]:
    return [path for path in sorted((ROOT / package).rglob("*.py")) if "migrations" not in path.parts]


def said() -> dict[str, str]:
    """Each sentence that people may be told, and where: all of ingestion, the errors of the others."""
    found = {text: str(path) for path in code_files("ingestion") for text in sentences(path)}
    for path in code_files("assistant") + code_files("ui"):
        if not {"evaluation", "benchmarks"} & set(path.parts):
            for text in sentences(path) if path.name == "doctor.py" else raised(path):
                found.setdefault(text, str(path))
    return found


def names(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def example(code: str) -> dict[str, str]:
    """Values that say which they are; where the template takes sentences or numbers only, such ones."""
    fixed = {
        "reason": "the term is empty", "number": "7", "rows": "3, 4", "more": ", … (9)", "place": "a.b",
        "tried": " None of the 3 configured passwords opens it.",
    }  # fmt: skip
    return {name: fixed.get(name, f"<{name}>") for name in names(EN[code])}


def test_every_sentence_of_the_code_has_a_template() -> None:
    known = set(map(blank, EN.values()))
    missing = {
        text: path
        for text, path in said().items()
        if text not in known | NOT_SAID and not text.startswith(PROMPT)
    }
    assert missing == {}, "give these a code in reasons_en.toml and a Japanese text in reasons_ja.toml"


def test_no_template_says_what_the_code_does_not() -> None:
    texts = {text for package in ("ingestion", "assistant", "training", "ui") for path in code_files(package)
             for text in every_text(path)}  # fmt: skip
    outside = ("word.", "system.", "inner.", *EARLIER)
    assert {code: text for code, text in EN.items()
            if blank(text) not in texts and not code.startswith(outside)} == {}  # fmt: skip


def test_both_languages_have_the_same_codes_and_values() -> None:
    assert EN.keys() == JA.keys()
    assert {code: set(names(JA[code])) for code in EN} == {code: set(names(EN[code])) for code in EN}
    assert len(set(map(blank, EN.values()))) == len(EN)


def test_every_sentence_is_known_again_with_its_values() -> None:
    wrong = {}
    for code in ALONE:
        found = recognised(EN[code].format_map(example(code)))
        if found is None or (found.code, dict(found.values)) != (code, example(code)):
            wrong[code] = found
    assert wrong == {}


def test_every_sentence_is_said_in_japanese_with_its_values() -> None:
    wrong = {}
    for code in ALONE:
        english = EN[code].format_map(example(code))
        known = {"reason": "用語が空です", "tried": "設定にある3個のパスワードでは開けませんでした。"}
        values = {name: known.get(name, value) for name, value in example(code).items()}
        japanese = JA[code].format_map(values).replace("。）", "）").replace("。。", "。")
        if (reason_in("ja", english), reason_in("en", english)) != (japanese, english):
            wrong[code] = reason_in("ja", english)
    assert wrong == {}


def test_every_kind_of_personal_data_is_counted_in_japanese() -> None:
    counts = ", ".join(f"{number} {kind}" for number, kind in enumerate(PERSONAL_TYPES, start=1))
    shown = reason_in("ja", f"it holds personal data ({counts}), which its folder refuses.")
    assert not any(kind in shown for kind in PERSONAL_TYPES)
    assert "氏名1件, 電話番号2件" in shown


@pytest.mark.skipif(os.name != "posix", reason="the words of another system")
def test_words_of_the_operating_system_are_its_words() -> None:
    codes = [code for code in EN if code.startswith("system.E")]
    assert {code: os.strerror(getattr(errno, code.removeprefix("system."))) for code in codes} == {
        code: EN[code] for code in codes
    }


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("it cannot be read (Permission denied)", "読み込めません（アクセスが許可されていません）。"),
        ("row 1: the term is empty; row 3: the reading x is not in kana", "1行目：用語が空です；3行目："),
        ("/k: a.b: base_url holds a user or a password; use api_key_env", "/k：a.b：base_urlにユーザー名か"),
        ("chunks without a vector: 3 (rows 1, 2)", "ベクトルのないチャンク：3個（行1, 2）"),
        ("pages 1-4, 7 have no text layer", "ページ 1-4, 7には文字の情報がありません。"),
        ("the attachments of the PDF cannot be read (X)", "PDFの添付ファイルを読めません（X）。"),
        (
            "page 2 (61%, 2 lines of about 30 characters left out as unreadable): read from the picture with "
            "low confidence. Compare the text with the picture",
            "ページ 2 (61%、約30文字の2行を読めず除外)：画像から読み取った文字の",
        ),
        (
            "the PDF is encrypted (AES-256) and opens only with a password. None of the 3 configured "
            "passwords opens it. Add its password to the setting ingestion.passwords, or save it "
            "without one.",
            "PDFが暗号化されており (AES-256)、パスワードがないと開けません。設定にある3個のパスワードでは"
            "開けませんでした。設定ingestion.passwordsにパスワードを加えるか、パスワードなしで保存し直して"
            "ください。",
        ),
        (
            "/k.toml: unknown setting ingestion.passwort. Did you mean ingestion.passwords?",
            "/k.toml：ingestion.passwortという設定はありません。ingestion.passwordsのことですか。",
        ),
    ],
)
def test_sentences_in_sentences_are_translated_too(sentence: str, shown: str) -> None:
    assert reason_in("ja", sentence).startswith(shown)


def test_names_of_files_stay_as_they_are() -> None:
    for name in ("a program", "page 3", "the file is gone.", "memory"):
        assert reason_in("ja", f"embedded files were not read: {name}").endswith(f"：{name}")


def test_what_is_not_ours_is_shown_as_it_is_behind_what_to_do() -> None:
    for text in ("it is foo", "Segmentation fault", "note: something else", ""):
        assert code_of(text) is None
        assert reason_in("ja", text).endswith(f"もう一度試してください：{text}")
        assert warning_in("ja", text) == f"次の点を確かめてください：{text}"
        assert (error_in("ja", text), reason_in("en", text)) == (text, text)


def test_reports_tell_codes_beside_their_texts() -> None:
    report = {"failed": [{"path": "a", "reason": "the file is gone."}, {"path": "b", "reason": "?"}],
              "warnings": [{"path": "c", "warning": "hidden text was left out"}], "seen": 3}  # fmt: skip
    coded = with_codes(report)
    assert [item["code"] for item in coded["failed"] + coded["warnings"]] == [
        "file.gone",
        None,
        "office.hidden_text",
    ]
    assert (coded["seen"], coded["failed"][0]["reason"]) == (3, "the file is gone.")
    assert with_codes({"error": "x"}) == {"error": "x"}


def broken(folder: Path, name: str) -> Path:
    path = folder / name
    if name == "empty.docx":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a", "b")
    else:
        path.write_bytes(
            {"zero.txt": b"", "bad.json": b"{", "deep.html": b"<b>" * 5000}.get(name, b"%PDF-1.7 \0\1")
        )
    return path


@pytest.mark.parametrize(
    "name",
    ["zero.txt", "bad.json", "deep.html", "bad.pdf", "pdf.txt", "bad.docx", "bad.xls", "bad.zip", "bad.png",
     "a.xdw", "a.jtd", "a.numbers", "a.lzh", "a.tnef", "a.unknown", "bad.epub", "bad.msg", "bad.rtf",
     "bad.xml", "bad.eml",
     "empty.docx", "missing/none.txt"],
)  # fmt: skip
def test_reasons_of_real_readers_are_known(tmp_path: Path, name: str) -> None:
    path = tmp_path / name if "/" in name else broken(tmp_path, name)
    with pytest.raises(ReadError) as failed:
        read(path)
    assert code_of(str(failed.value)) is not None, str(failed.value)


REPORT = {
    "seen": 2, "added": 1, "changed": 0, "moved": 0, "removed": 0, "unchanged": 0, "ignored": 0, "empty": 0,
    "pages": 1, "chunks": 1, "seconds": 1.0,
    "failed": [{"path": "a.jtd", "reason": "the file is gone.", "source": "/s"}],
    "warnings": [{"path": "b.doc", "warning": "hidden text was left out", "source": "/s"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("locale", "lines"),
    [
        ("en_US.UTF-8", ["warning: b.doc: hidden text was left out", "cannot read a.jtd: the file is gone."]),
        ("ja_JP.UTF-8", [f"b.doc: {JA['office.hidden_text']}", f"a.jtd: {JA['file.gone']}"]),
    ],
)
def test_a_report_in_the_terminal_speaks_its_language(
    monkeypatch: pytest.MonkeyPatch, locale: str, lines: list[str]
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    shown = [text for text, _ in showing.report_lines(REPORT)][1:]
    assert [line.endswith(end) for line, end in zip(shown, lines, strict=True)] == [True, True], shown


def test_the_library_page_speaks_its_language() -> None:
    document = {
        "id": "1", "title": "t", "status": "ready", "format": "doc", "pages": 1, "chunks": 1, "bytes": 1,
        "added_at": "2026-01-01T00:00:00+00:00", "locations": [],
        "warnings": ["hidden text was left out", "?"],
    }  # fmt: skip
    (row,) = document_rows([document], "ja")
    assert row["warnings"] == f"{JA['office.hidden_text']} / 次の点を確かめてください：?"
    job = {"state": "failed", "report": None, "message": "the file is gone."}
    assert job_line(job, "ja") == JA["file.gone"]

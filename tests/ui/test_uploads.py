from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.errors import UsageError
from ui.uploads import safe_name, store_upload


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        (r"C:\Users\佐藤\規程.pdf", "規程.pdf"),
        ("か\u3099.txt", "が.txt"),
        (".hidden.md", "hidden.md"),
        ("a:b?.txt", "a_b_.txt"),
        ("con.txt", "_con.txt"),
        ("報告 (最終).docx", "報告 (最終).docx"),
        ("名. ", "名"),
        ("a\ud800.txt", "a_.txt"),
    ],
)
def test_names_become_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@pytest.mark.parametrize("name", ["", "..", "/", "a/", " . "])
def test_a_name_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        safe_name(name)


@given(st.text(max_size=300))
def test_no_name_leaves_the_folder(name: str) -> None:
    try:
        safe = safe_name(name)
    except UsageError:
        return
    folder = Path("/uploads")
    assert (folder / safe).parent == folder
    assert len(safe.encode("utf-8", "surrogatepass")) <= 255


def test_same_bytes_are_stored_once_and_others_get_a_number(tmp_path: Path) -> None:
    first = store_upload(tmp_path, "表.csv", b"a")
    assert store_upload(tmp_path, "dir/表.csv", b"a") == first == tmp_path / "表.csv"
    assert store_upload(tmp_path, "表.csv", b"b") == tmp_path / "表 (2).csv"
    assert store_upload(tmp_path, "表.csv", b"b") == tmp_path / "表 (2).csv"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "表.csv": b"a",
        "表 (2).csv": b"b",
    }


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"leer\.txt"):
        store_upload(tmp_path, "leer.txt", b"")

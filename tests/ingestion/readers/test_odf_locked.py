"""OpenDocument files that are locked with a password.

施錠.odt is of LibreOffice 7.4 (AES-256, PBKDF2), 施錠11.odt of the same in its format ODF 1.0/1.1 (Blowfish);
their password is 合言葉1.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from ingestion.errors import ReadError
from ingestion.readers import read
from ingestion.reading import ReadOptions

DATA = Path(__file__).parent / "data"
PASSWORD = "合言葉1"


def changed(tmp_path: Path, name: str, replace: dict[str, str], part: str = "META-INF/manifest.xml") -> Path:
    """A copy of a file with other words in one of its parts."""
    path = tmp_path / "changed.odt"
    with zipfile.ZipFile(DATA / name) as old, zipfile.ZipFile(path, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == part:
                text = data.decode()
                for before, after in replace.items():
                    assert before in text
                    text = text.replace(before, after)
                data = text.encode()
            new.writestr(info, data)
    return path


@pytest.mark.parametrize("name", ["施錠.odt", "施錠11.odt"])
def test_a_password_of_the_settings_opens_it(name: str) -> None:
    document = read(DATA / name, ReadOptions(("falsch", PASSWORD)))
    assert document.text == "合言葉は木星である。鍵のかかった規程。\n"
    assert document.title == "鍵つき規程"


@pytest.mark.parametrize("name", ["施錠.odt", "施錠11.odt"])
@pytest.mark.parametrize("passwords", [(), ("合言葉", "合言葉2")])
def test_without_it_the_reason_says_what_to_do(name: str, passwords: tuple[str, ...]) -> None:
    with pytest.raises(ReadError, match=f"settings .there are {len(passwords)}..*ingestion.passwords"):
        read(DATA / name, ReadOptions(passwords))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("http://www.w3.org/2001/04/xmlenc#aes256-cbc", "http://www.w3.org/2009/xmlenc11#aes256-gcm"),
        ('"PBKDF2"', '"urn:org:documentfoundation:names:experimental:office:manifest:argon2id"'),
    ],
)
def test_other_kinds_of_locks_are_named(before: str, after: str, tmp_path: Path) -> None:
    path = changed(tmp_path, "施錠.odt", {before: after})
    with pytest.raises(ReadError, match=r"not known here \(.*(gcm|argon2id).*ODF 1.2"):
        read(path, ReadOptions((PASSWORD,)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('iteration-count="100000"', 'iteration-count="2000000000"'),
        ('iteration-count="100000"', 'iteration-count="-1"'),
        ('manifest:iteration-count="100000"', ""),
        ('derivation-name="PBKDF2" manifest:key-size="32"', 'derivation-name="PBKDF2" manifest:key-size="7"'),
        ('initialisation-vector="', 'initialisation-vector="AAAA'),
        ('salt="', 'salt="!'),
    ],
)
def test_a_description_that_cannot_be_true_is_refused(before: str, after: str, tmp_path: Path) -> None:
    path = changed(tmp_path, "施錠.odt", {before: after})
    with pytest.raises(ReadError, match="damaged: its encrypt"):
        read(path, ReadOptions((PASSWORD,)))


def test_parts_that_were_tampered_with_do_not_open(tmp_path: Path) -> None:
    path = tmp_path / "changed.odt"
    with zipfile.ZipFile(DATA / "施錠.odt") as old, zipfile.ZipFile(path, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            new.writestr(info, data[:-7] if info.filename == "content.xml" else data)
    with pytest.raises(ReadError, match="impossible sizes"):
        read(path, ReadOptions((PASSWORD,)))

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingestion.errors import SettingsError, SourceError
from ingestion.settings import SourceSettings, load_settings
from ingestion.sources.configured import find_sources, folder_name, shown_places
from ingestion.sources.passwords import password_of

TOML = r"""
[sources."/srv/named"]
shown_as = '\\server\named'

[sources.rules]
kind = "folder"
path = "/srv/rules"
every_minutes = 30
groups = ["hr"]

[sources."/srv/direct"]
kind = "folder"

[sources."社内 Cloud/規程"]
kind = "webdav"
url = "https://cloud.example/dav"
user = "konkyo"
password_env = "CLOUD"

[sources.mail]
kind = "imap"
url = "imaps://mail.example"
folders = ["INBOX", "定例"]
"""


def load(tmp_path: Path, text: str) -> dict[str, SourceSettings]:
    (tmp_path / "konkyo.toml").write_text(text, "utf-8")
    return load_settings(tmp_path / "konkyo.toml", {}).sources


def test_sources_of_the_settings_and_ingested_folders(tmp_path: Path) -> None:
    sources = load(tmp_path, TOML)
    mirrors = Path("/ws/sources")
    cloud = folder_name("社内 Cloud/規程")
    synced = ["/srv/rules", "/srv/named", "/srv/other", f"/ws/sources/{cloud}/files"]
    found = [(item.name, item.kind, str(item.folder), item.configured) for item in
             find_sources(sources, mirrors, synced)]  # fmt: skip
    assert found == [
        ("rules", "folder", "/srv/rules", True),
        ("/srv/direct", "folder", "/srv/direct", True),
        ("社内 Cloud/規程", "webdav", f"/ws/sources/{cloud}/files", True),
        ("mail", "imap", "/ws/sources/mail/files", True),
        ("/srv/named", "folder", "/srv/named", False),
        ("/srv/other", "folder", "/srv/other", False),
    ]
    assert shown_places(sources, mirrors) == {
        "/srv/named": r"\\server\named",
        f"/ws/sources/{cloud}/files": "https://cloud.example/dav",
        "/ws/sources/mail/files": "imaps://mail.example",
    }


def test_folders_of_sources_are_names_of_their_own() -> None:
    names = ["mail", "../../etc", "..", ".", "", "a/b", "a_b", "a b", "長い名前" * 40, ".hidden", "C:\\x"]
    folders = [folder_name(name) for name in names]
    assert len(set(folders)) == len(names)
    for folder in folders:
        assert folder and "/" not in folder and not folder.startswith(".") and len(folder.encode()) < 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[sources.a]\nkind = "webdav"\nurl = "ftp://x"', "must begin with https://"),
        ('[sources.a]\nkind = "imap"', "must begin with imaps://"),
        ('[sources.a]\nkind = "webdav"\nurl = "https://u:secret@x/"', "holds a user or a password"),
        ('[sources.a]\nkind = "folder"\npath = "docs"', "from the root on"),
        ('[sources.a]\nkind = "ftp"', "sources.a.kind"),
        ('[sources.a]\nkind = "folder"\npassword = "x"', "sources.a.password"),
    ],
)
def test_settings_that_cannot_work_are_errors(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        load(tmp_path, text)
    if "secret" in text:
        assert "secret" not in str(caught.value)


def test_a_folder_needs_a_path() -> None:
    with pytest.raises(SettingsError, match="the source rules is a folder without a path"):
        find_sources({"rules": SourceSettings(kind="folder")}, Path("/ws/sources"))


def test_passwords_from_the_environment_and_from_private_files(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("合言葉 \nsecond line\n", "utf-8")
    file.chmod(0o600)
    named = SourceSettings(kind="imap", url="imaps://x", password_env="MAIL")
    assert password_of("mail", named, {"MAIL": "p"}) == "p"
    with pytest.raises(
        SourceError, match="the environment variable MAIL with the password of mail is not set"
    ):
        password_of("mail", named, {})
    stored = SourceSettings(kind="imap", url="imaps://x", password_file=str(file))
    assert password_of("mail", stored, {}) == "合言葉 "
    assert password_of("mail", SourceSettings(), {}) == ""


@pytest.mark.skipif(os.name != "posix", reason="modes of files are those of POSIX")
def test_a_password_that_others_could_read_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("p")
    settings = SourceSettings(kind="imap", url="imaps://x", password_file=str(file))
    for mode in (0o644, 0o640, 0o604):
        file.chmod(mode)
        with pytest.raises(SourceError, match=r"can be read by others.*chmod 600"):
            password_of("mail", settings)
    file.chmod(0o600)
    file.write_text("\n")
    with pytest.raises(SourceError, match="is empty"):
        password_of("mail", settings)
    file.unlink()
    with pytest.raises(SourceError, match="cannot be read"):
        password_of("mail", settings)


@pytest.mark.parametrize(
    "written",
    [
        '[ingestion]\npasswords = {a = "hunter2"}\n',
        '[ingestion]\npasswords = ["fine", {a = "hunter2"}]\n',
        'ingestion = "hunter2@x"\n',
        '[sources.x]\nkind = "imap"\nurl = ["imaps://u:hunter2@h"]\n',
        '[sources.x]\nkind = "imap"\nurl = "imaps//u:hunter2@h"\n',
        '[sources]\nx = "imaps://u:hunter2@h"\n',
    ],
)
def test_no_password_stands_in_an_error(tmp_path: Path, written: str) -> None:
    path = tmp_path / "konkyo.toml"
    path.write_text(written)
    with pytest.raises(SettingsError) as caught:
        load_settings(path, {})
    assert "hunter2" not in str(caught.value) and str(path) in str(caught.value)


def test_other_values_of_the_environment_stand_in_errors(tmp_path: Path) -> None:
    path = tmp_path / "konkyo.toml"
    with pytest.raises(SettingsError, match=r"retrieval\.top_k = 'seven'"):
        load_settings(path, {"KONKYO_RETRIEVAL__TOP_K": "seven"})


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ('rights = "posix"\ngroups = ["a"]', "groups does not go with rights"),
        ('rights = "file"\nkind = "imap"\nurl = "imaps://x"', "does not go with kind"),
        ('rights = "posix"\nkind = "webdav"\nurl = "https://x"', "does not go with kind"),
        ("rights_map = {other = []}", "needs rights"),
        ('rights = "posix"\nrights_map = {hr = ["hr"]}', "must be"),
        ('rights = "posix"\nrights_map = {other = ["a b"]}', "cannot be the name of a group"),
        ('rights = "ntfs"', "rights"),
    ],
)
def test_rights_that_contradict_are_refused(tmp_path: Path, settings: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        load(tmp_path, f'[sources."/srv/docs"]\n{settings}\n')

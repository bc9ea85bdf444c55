"""A WebDAV share by WsgiDAV, mirrored over real sockets."""

from __future__ import annotations

import gzip
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sync_servers import PASSWORD, USER, Certificates, WebDav, webdav

from ingestion.errors import SourceError, UnsafeRemovalError
from ingestion.source_settings import SourceSettings
from ingestion.sources.mirror import Mirror, Rules
from ingestion.sources.remote import Listing
from ingestion.sources.webdav import WebDavSource

pytestmark = pytest.mark.network
FILES = {
    "就業規則.pdf": b"%PDF regulations",
    "人事/採用 2024/案内.txt": "採用案内".encode(),
    "人事/100%_a#b?c&d+e;f.txt": b"signs",
    "a\\b.txt": b"backslash",
    unicodedata.normalize("NFD", "ガイド/プリンタ.txt"): b"from a Mac",
    "空.txt": b"",
    "large.bin.txt": bytes(range(256)) * 1000,
}
SHOWN = {unicodedata.normalize("NFC", name.replace("\\", "＼")): data for name, data in FILES.items()}


@pytest.fixture
def share(tmp_path: Path) -> Iterator[WebDav]:
    root = tmp_path / "share"
    for name, data in FILES.items():
        write(root, name, data)
    with webdav(root) as share:
        yield share


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    return Mirror(tmp_path / "mirror")


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARE_PASSWORD", PASSWORD)


def write(root: Path, name: str, data: bytes) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(data)


def settings(url: str, **values: Any) -> SourceSettings:
    return SourceSettings(
        **{"kind": "webdav", "url": url, "user": USER, "password_env": "SHARE_PASSWORD", **values}
    )


def connected(url: str, **values: Any) -> WebDavSource:
    return WebDavSource.connect("share", settings(url, **values))


def update(mirror: Mirror, url: str, rules: Rules = Rules(), **values: Any) -> Any:
    source = connected(url, **values)
    try:
        return mirror.update(source, rules)
    finally:
        source.close()


def listing(url: str) -> Listing:
    source = connected(url)
    try:
        return source.listing()
    finally:
        source.close()


def copied(mirror: Mirror) -> dict[str, bytes]:
    return {
        path.relative_to(mirror.files).as_posix(): path.read_bytes()
        for path in mirror.files.rglob("*") if path.is_file()
    }  # fmt: skip


def answer(
    status: str, body: bytes = b"", **headers: str
) -> Callable[[dict[str, Any], Callable[..., Any]], Any]:
    def give(_environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        start(status, [(name.replace("_", "-"), value) for name, value in headers.items()])
        return [body]

    return give


def test_the_copy_equals_the_share_byte_for_byte(share: WebDav, mirror: Mirror) -> None:
    done = update(mirror, share.url)
    assert copied(mirror) == SHOWN
    assert (done.fetched, done.kept, done.removed, done.failed) == (len(FILES), 0, 0, {})
    share.requests.clear()
    done = update(mirror, share.url + "/")
    assert (done.fetched, done.kept) == (0, len(FILES))
    assert {method for method, _ in share.requests} == {"PROPFIND"}


def test_edits_additions_moves_and_deletions_come_over(share: WebDav, mirror: Mirror) -> None:
    update(mirror, share.url)
    write(share.root, "就業規則.pdf", b"%PDF another text")
    write(share.root, "new/deep/er.txt", b"new")
    (share.root / "large.bin.txt").rename(share.root / "人事/moved.txt")
    (share.root / "a\\b.txt").unlink()
    (share.root / "空.txt").unlink()
    write(share.root, "空.txt/now a folder.txt", b"inside")
    done = update(mirror, share.url)
    assert (done.fetched, done.removed, done.failed) == (4, 3, {})
    expected = {
        unicodedata.normalize("NFC", path.relative_to(share.root).as_posix()): path.read_bytes()
        for path in share.root.rglob("*") if path.is_file()
    }  # fmt: skip
    assert copied(mirror) == expected
    assert update(mirror, share.url).fetched == 0


def test_folders_that_are_gone_leave_nothing_behind(share: WebDav, mirror: Mirror) -> None:
    write(share.root, "x/y/z/file.txt", b"1")
    update(mirror, share.url)
    (share.root / "x/y/z/file.txt").unlink()
    update(mirror, share.url)
    assert not (mirror.files / "x").exists()


def test_a_lost_or_damaged_memory_is_made_anew(share: WebDav, mirror: Mirror) -> None:
    update(mirror, share.url)
    (mirror.root / "mirror.json").write_text("{")
    (mirror.files / "stray.txt").write_bytes(b"not from the share")
    (mirror.files / "就業規則.pdf").unlink()
    update(mirror, share.url)
    assert copied(mirror) == SHOWN


def test_certificates_are_verified(tmp_path: Path, mirror: Mirror) -> None:
    write(tmp_path / "share", "a.txt", b"over TLS")
    right, other, elsewhere = (Certificates(_folder(tmp_path, name)) for name in ("1", "2", "3"))
    stranger = Certificates(_folder(tmp_path, "4"), "other.example")
    with webdav(tmp_path / "share", right) as share:
        assert share.url.startswith("https://")
        assert update(mirror, share.url, ca_file=str(right.authority)).fetched == 1
        for unknown in (str(other.authority), str(elsewhere.authority), ""):
            with pytest.raises(SourceError, match="certificate verify failed"):
                update(mirror, share.url, ca_file=unknown)
        assert share.requests[-1][0] == "GET", "nothing was sent before the certificate was known"
    with (
        webdav(tmp_path / "share", stranger) as share,
        pytest.raises(SourceError, match="Hostname mismatch"),
    ):
        update(mirror, share.url, ca_file=str(stranger.authority))
    assert copied(mirror) == {"a.txt": b"over TLS"}


def _folder(root: Path, name: str) -> Path:
    (root / name).mkdir()
    return root / name


def test_a_wrong_password_or_address_changes_nothing(
    share: WebDav, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(mirror, share.url)
    with pytest.raises(SourceError, match="there is no WebDAV folder"):
        update(mirror, share.url + "/nothing")
    monkeypatch.setenv("SHARE_PASSWORD", "wrong")
    with pytest.raises(SourceError, match="does not accept the user or the password"):
        update(mirror, share.url)
    assert copied(mirror) == SHOWN


def test_an_unreachable_share_changes_nothing(share: WebDav, mirror: Mirror, tmp_path: Path) -> None:
    update(mirror, share.url)
    with webdav(tmp_path) as gone:
        pass
    with pytest.raises(SourceError, match="cannot be reached"):
        update(mirror, gone.url)
    share.before = lambda environ, start: (
        answer("503 Service Unavailable")(environ, start) if "人事" in _path(environ) else None
    )
    with pytest.raises(SourceError, match="status 503"):
        update(mirror, share.url)
    assert copied(mirror) == SHOWN


def _path(environ: dict[str, Any]) -> str:
    return str(environ["PATH_INFO"]).encode("latin-1").decode()


def test_a_closed_folder_keeps_what_is_known_below_it(share: WebDav, mirror: Mirror) -> None:
    update(mirror, share.url)
    (share.root / "空.txt").unlink()
    share.before = lambda environ, start: (
        answer("403 Forbidden")(environ, start)
        if _path(environ).rstrip("/").endswith("人事/採用 2024") else None
    )  # fmt: skip
    done = update(mirror, share.url)
    assert done.failed == {"人事/採用 2024": "the folder cannot be listed (status 403)"}
    assert copied(mirror) == {name: data for name, data in SHOWN.items() if name != "空.txt"}


def test_one_broken_file_does_not_stop_the_others(share: WebDav, mirror: Mirror) -> None:
    def cut_off(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        if environ["REQUEST_METHOD"] == "GET" and _path(environ).endswith("large.bin.txt"):
            start("200 OK", [("Content-Length", "256000"), ("Connection", "close")])
            return [b"only the beginning"]
        return None

    share.before = cut_off
    done = update(mirror, share.url)
    assert list(done.failed) == ["large.bin.txt"] and "could not be fetched" in done.failed["large.bin.txt"]
    assert copied(mirror) == {name: data for name, data in SHOWN.items() if name != "large.bin.txt"}
    share.before = None
    assert update(mirror, share.url).fetched == 1
    assert copied(mirror) == SHOWN


def test_a_share_that_breaks_again_and_again_is_given_up_and_taken_up(share: WebDav, mirror: Mirror) -> None:
    def only_first(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        gets = [path for method, path in share.requests if method == "GET"]
        if environ["REQUEST_METHOD"] == "GET" and len(gets) > 2:
            return answer("503 Service Unavailable")(environ, start)
        return None

    share.before = only_first
    with pytest.raises(SourceError, match="broke 3 times in a row"):
        update(mirror, share.url)
    assert len(copied(mirror)) == 2, "what came in whole stays"
    share.before = None
    assert update(mirror, share.url).fetched == len(FILES) - 2
    assert copied(mirror) == SHOWN


def test_a_redirect_is_not_followed_with_the_password(share: WebDav, mirror: Mirror, tmp_path: Path) -> None:
    with webdav(tmp_path / "share") as other:
        share.before = answer("302 Found", Location=other.url + "/")
        with pytest.raises(SourceError, match="sends us elsewhere"):
            update(mirror, share.url)
        assert other.requests == []


LAUGHS = "".join(f'<!ENTITY x{n} "&x{n - 1};&x{n - 1};">' for n in range(1, 30))
BOMB = f'<!DOCTYPE a [<!ENTITY x0 "{"y" * 1000}">{LAUGHS}]><a>&x29;</a>'.encode()


@pytest.mark.parametrize("body", [b"<html>login", BOMB], ids=["no XML", "entities without end"])
def test_a_listing_that_cannot_be_trusted_changes_nothing(share: WebDav, mirror: Mirror, body: bytes) -> None:
    update(mirror, share.url)
    share.before = answer("207 Multi-Status", body)
    with pytest.raises(SourceError, match="XML"):
        update(mirror, share.url)
    assert copied(mirror) == SHOWN


def test_paths_that_lead_out_are_left_out_with_the_reason(
    share: WebDav, mirror: Mirror, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    hrefs = ("/files/../secret.txt", "/files/%2e%2e/secret.txt", "/files/a%2fb.txt", "/files/..%2fx.txt",
             "/other/x.txt", "/files/deep/er.txt", f"/files/{'a' * 300}.txt", "/files/%00.txt",
             "/files/..%5c..%5cx.txt", "/files/good.txt")  # fmt: skip
    response = (
        '<d:response><d:href>{}</d:href><d:propstat><d:status>HTTP/1.1 200 OK</d:status><d:prop>'
        "<d:resourcetype/><d:getetag>1</d:getetag><d:getcontentlength>2</d:getcontentlength>"
        "</d:prop></d:propstat></d:response>"
    )  # fmt: skip
    body = '<d:multistatus xmlns:d="DAV:">' + "".join(map(response.format, hrefs)) + "</d:multistatus>"

    def hostile(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        if environ["REQUEST_METHOD"] == "PROPFIND":
            return answer("207 Multi-Status", body.encode())(environ, start)
        return answer("200 OK", b"ok", Content_Length="2")(environ, start)

    share.before = hostile
    done = update(mirror, share.url)
    assert copied(mirror) == {"good.txt": b"ok", "..＼..＼x.txt": b"ok"}
    assert len(done.failed) == len(hrefs) - 3 and all(
        reason.startswith("it was left out") for reason in done.failed.values()
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mirror", "secret.txt", "share"]


def test_a_packed_answer_is_refused(share: WebDav, mirror: Mirror) -> None:
    packed = gzip.compress(bytes(10_000_000))

    def bomb(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        if environ["REQUEST_METHOD"] == "GET":
            return answer("200 OK", packed, Content_Encoding="gzip")(environ, start)
        return None

    share.before = bomb
    assert set(update(mirror, share.url).failed.values()) == {
        "it could not be fetched: the server packed it although it was asked not to"
    }


def test_large_and_unwanted_files_are_not_fetched(share: WebDav, mirror: Mirror) -> None:
    rules = Rules(
        ignore=lambda path: path.startswith("人事/"),
        refuse=lambda path: "no" if path.endswith(".pdf") else None,
        max_bytes=1000,
    )  # fmt: skip
    done = update(mirror, share.url, rules)
    assert done.ignored == 2
    assert done.failed == {
        "就業規則.pdf": "no", "large.bin.txt": "it is larger than 0 MB (max_mb of its source)"
    }  # fmt: skip
    assert set(copied(mirror)) == {"a＼b.txt", "ガイド/プリンタ.txt", "空.txt"}


@pytest.mark.parametrize("allowed", [False, True])
def test_a_share_that_is_suddenly_empty_asks_first(share: WebDav, mirror: Mirror, allowed: bool) -> None:
    update(mirror, share.url)
    for path in [path for path in share.root.rglob("*") if path.is_file()]:
        path.unlink()
    rules = Rules(indexed=frozenset(SHOWN), allow_empty=allowed)
    if allowed:
        assert update(mirror, share.url, rules).removed == len(FILES)
        assert copied(mirror) == {}
    else:
        with pytest.raises(UnsafeRemovalError, match="the source is empty, and the library holds 7 files"):
            update(mirror, share.url, rules)
        assert copied(mirror) == SHOWN


def test_a_password_does_not_cross_the_network_in_the_clear() -> None:
    with pytest.raises(SourceError, match="not encrypted"):
        connected("http://files.example/dav")
    connected("http://files.example/dav", allow_unencrypted=True).close()
    connected("http://127.0.0.1/dav").close()
    connected("http://[::1]/dav").close()


def test_a_server_that_invents_folders_is_left_and_the_listing_can_be_cancelled(
    share: WebDav, mirror: Mirror
) -> None:
    def endless(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        base = environ["PATH_INFO"].rstrip("/")
        folder = "<D:resourcetype><D:collection/></D:resourcetype>"
        body = "".join(
            f"<D:response><D:href>{base}/f{number}</D:href><D:propstat><D:prop>{folder}</D:prop>"
            "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>" for number in range(20)
        ).join(('<D:multistatus xmlns:D="DAV:">', "</D:multistatus>")).encode()  # fmt: skip
        start("207 Multi-Status", [("content-type", "application/xml"), ("content-length", str(len(body)))])
        return [body]

    share.before = endless
    with pytest.raises(SourceError, match="lists more than 200 files and folders"):
        update(mirror, share.url, Rules(most_entries=200))
    asked = len(share.requests)
    source = connected(share.url)
    looks = iter([False] * 3)
    assert mirror.update(source, Rules(), cancelled=lambda: next(looks, True)).cancelled
    source.close()
    assert asked <= 12 and len(share.requests) - asked == 3

"""Real servers that tests start on this machine: WebDAV by WsgiDAV, IMAP by Dovecot."""

from __future__ import annotations

import getpass
import imaplib
import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import trustme
from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server
from wsgidav.fs_dav_provider import FilesystemProvider
from wsgidav.wsgidav_app import WsgiDAVApp

USER, PASSWORD = "konkyo", "合言葉-Pass 1"
DOVECOT = next(
    (path for path in ("/usr/sbin/dovecot", shutil.which("dovecot")) if path and Path(path).exists()), None
)
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Any]


class Certificates:
    """A private authority, and a certificate for this machine that it signed."""

    def __init__(self, folder: Path, name: str = "localhost") -> None:
        authority = trustme.CA()
        self.authority = folder / "authority.pem"
        authority.cert_pem.write_to_path(self.authority)
        self.chain, self.key = folder / "server.pem", folder / "server.key"
        issued = authority.issue_cert(name)
        issued.private_key_pem.write_to_path(self.key)
        self.chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))


class WebDav:
    """A share that serves `root`. `before` may answer a request in the server's place, or break it."""

    def __init__(self, root: Path, url: str) -> None:
        self.root = root
        self.url = url
        self.requests: list[tuple[str, str]] = []
        self.before: Callable[[dict[str, Any], Callable[..., Any]], Any] | None = None


@contextmanager
def webdav(root: Path, certificates: Certificates | None = None) -> Iterator[WebDav]:
    """Serve `root` as the folder /files until the end."""
    config = {
        "provider_mapping": {"/files": FilesystemProvider(str(root))},
        "simple_dc": {"user_mapping": {"*": {USER: {"password": PASSWORD}}}},
        "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
        "dir_browser": {"enable": False},
        "hotfixes": {}, "verbose": 0, "logging": {"enable": False}, "lock_storage": False,
        "property_manager": None,
    }  # fmt: skip
    inner = WsgiDAVApp(config)
    share = WebDav(root, "")

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        share.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if share.before is not None and (answer := share.before(environ, start)) is not None:
            return answer
        return inner(environ, start)

    server = Server(("127.0.0.1", 0), app, numthreads=2, timeout=2)
    if certificates is not None:
        server.ssl_adapter = BuiltinSSLAdapter(str(certificates.chain), str(certificates.key))
    server.prepare()
    scheme = "http" if certificates is None else "https"
    share.url = f"{scheme}://localhost:{server.bind_addr[1]}/files"
    thread = threading.Thread(target=server.serve, name="webdav", daemon=True)
    thread.start()
    try:
        yield share
    finally:
        server.stop()
        thread.join(10)


_CONFIG = """\
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/dovecot.log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
default_vsz_limit = 0
first_valid_uid = 1
ssl = yes
ssl_cert = <{chain}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:{base}/mail:LAYOUT=fs
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Junk {{
    special_use = \\Junk
    auto = create
  }}
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={base}/home
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
"""


class Mailbox:
    """An account on a running Dovecot, filled by a client of the standard library."""

    def __init__(self, port: int, tls_port: int, base: Path) -> None:
        self.port, self.tls_port, self.base = port, tls_port, base

    @contextmanager
    def client(self) -> Iterator[imaplib.IMAP4]:
        """A connection of somebody who uses the mailbox."""
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
        try:
            client.login(USER, DOVECOT_PASSWORD)
            yield client
        finally:
            client.logout()

    def add(self, message: bytes, folder: str = "INBOX") -> None:
        with self.client() as client:
            status, detail = client.append(f'"{folder}"', "", None, message)  # type: ignore[arg-type]
            assert status == "OK", detail


DOVECOT_PASSWORD = "Pass-1"


@contextmanager
def dovecot(base: Path, certificates: Certificates) -> Iterator[Mailbox]:
    """Run Dovecot for one user, as nobody where the tests run as root: it serves no mail to root."""
    assert DOVECOT is not None
    root = os.geteuid() == 0
    user, group = ("nobody", "nogroup") if root else (getpass.getuser(), _group())
    port, tls_port = _free_port(), _free_port()
    for name in ("run", "state", "home", "mail"):
        (base / name).mkdir()
    config = base / "dovecot.conf"
    config.write_text(
        _CONFIG.format(
            base=base, user=user, group=group, chain=certificates.chain, key=certificates.key,
            password=DOVECOT_PASSWORD, uid=_uid(user), gid=_gid(group), port=port, tls_port=tls_port,
        )
    )  # fmt: skip
    if root:
        for place in (base, *base.rglob("*")):
            shutil.chown(place, user, group)
    process = subprocess.Popen(
        [DOVECOT, "-F", "-c", str(config)], user=user if root else None, group=group if root else None,
        extra_groups=[] if root else None, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    try:
        _wait_for(port, process, base / "dovecot.log")
        yield Mailbox(port, tls_port, base)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
                assert connection.recv(100).startswith(b"* OK")
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"dovecot did not start: {log.read_text() if log.exists() else process.stderr}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _uid(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_uid


def _gid(group: str) -> int:
    import grp

    return grp.getgrnam(group).gr_gid


def _group() -> str:
    import grp

    return grp.getgrgid(os.getegid()).gr_name


def client_context(certificates: Certificates) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificates.authority))

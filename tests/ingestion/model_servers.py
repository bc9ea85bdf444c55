"""Loopback servers for tests of downloads: a hub, a package index, a proxy with a login, and a CA."""

from __future__ import annotations

import base64
import datetime
import hashlib
import http.client
import io
import ipaddress
import json
import ssl
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Request:
    path: str
    headers: dict[str, str]


@dataclass
class FakeHub:
    """Repositories by name, each files by path. `break_after` closes one reply after so many bytes."""

    repositories: dict[str, dict[str, bytes]]
    requests: list[Request] = field(default_factory=list)
    break_after: int | None = None
    corrupt: bool = False
    needs_token: str = ""
    url: str = ""


COMMIT = "0123456789abcdef0123456789abcdef01234567"


def listing(files: dict[str, bytes]) -> list[dict[str, object]]:
    items: list[dict[str, object]] = [{"type": "directory", "path": "1_Pooling", "size": 0, "oid": "0"}]
    for path, data in files.items():
        item: dict[str, object] = {"type": "file", "path": path, "size": len(data)}
        item["oid"] = hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()
        if len(data) > 1000:
            item["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data)}
        items.append(item)
    return items


class _HubRequests(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.hub.requests.append(Request(self.path, dict(self.headers)))
        path = urlsplit(self.path).path
        token = self.headers.get("Authorization", "")
        if self.hub.needs_token and token != f"Bearer {self.hub.needs_token}":
            return self._send(401, b"{}")
        if path.startswith("/api/models/"):
            owner, name, kind = path.removeprefix("/api/models/").split("/")[:3]
            files = self.hub.repositories.get(f"{owner}/{name}")
            if files is None:
                return self._send(404, b"{}")
            value = {"sha": COMMIT} if kind == "revision" else listing(files)
            return self._send(200, json.dumps(value).encode())
        owner, name, _, _, *rest = path.strip("/").split("/")
        data = self.hub.repositories[f"{owner}/{name}"]["/".join(rest)]
        return self._send_range(bytes(len(data)) if self.hub.corrupt else data)

    def _send_range(self, data: bytes) -> None:
        wanted = self.headers.get("Range")
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        body, limit = data[start:], self.hub.break_after
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if limit is not None and len(body) > limit:
            self.hub.break_after = None
            self.wfile.write(body[:limit])
            self.wfile.flush()
            self.close_connection = True
            return
        self.wfile.write(body)

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def served(handler: type[BaseHTTPRequestHandler], context: ssl.SSLContext | None = None) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    scheme = "https" if context else "http"
    try:
        yield f"{scheme}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def serve_hub(hub: FakeHub, context: ssl.SSLContext | None = None) -> Iterator[FakeHub]:
    class Requests(_HubRequests):
        pass

    Requests.hub = hub
    with served(Requests, context) as hub.url:
        yield hub


@contextmanager
def serve_proxy(login: str, seen: list[str]) -> Iterator[str]:
    """A forward proxy for http:// that wants Basic `login`; notes the targets it served."""

    class Requests(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            expected = "Basic " + base64.b64encode(login.encode()).decode()
            if self.headers.get("Proxy-Authorization") != expected:
                self.send_response(407)
                self.send_header("Proxy-Authenticate", 'Basic realm="proxy"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            seen.append(self.path)
            target = urlsplit(self.path)
            onward = http.client.HTTPConnection(str(target.hostname), target.port, timeout=20)
            query = f"?{target.query}" if target.query else ""
            headers = {key: value for key, value in self.headers.items() if not key.startswith("Proxy")}
            onward.request("GET", target.path + query, headers=headers)
            reply = onward.getresponse()
            body = reply.read()
            onward.close()
            self.send_response(reply.status)
            for key in ("Content-Type", "Content-Range"):
                if value := reply.getheader(key):
                    self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with served(Requests) as url:
        yield url.replace("http://", f"http://{login}@")


def make_wheel(
    package: str, version: str, members: dict[str, bytes], tag: str = "py3-none-any"
) -> tuple[str, bytes]:
    stem = f"{package.replace('-', '_')}-{version}"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in members.items():
            wheel.writestr(name, data)
        wheel.writestr(
            f"{stem}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
        )
        wheel.writestr(f"{stem}.dist-info/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
        wheel.writestr(f"{stem}.dist-info/RECORD", "")
    return f"{stem}-{tag}.whl", buffer.getvalue()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@contextmanager
def serve_index(
    packages: dict[str, list[tuple[str, bytes]]],
    requests: list[str],
    context: ssl.SSLContext | None = None,
    refused: set[str] | None = None,
) -> Iterator[str]:
    """A mirror with the simple API. File names in `refused` answer 503."""

    class Requests(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            requests.append(self.path)
            parts = self.path.strip("/").split("/")
            body: bytes | None = None
            if parts[0] == "simple" and parts[1] in packages:
                body = "".join(
                    f'<a href="/files/{parts[1]}/{name}#sha256={sha256(data)}">{name}</a>\n'
                    for name, data in packages[parts[1]]
                ).encode()
            elif parts[0] == "files" and parts[2] not in (refused or set()):
                body = dict(packages[parts[1]])[parts[2]]
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Type", "text/html" if parts[0] == "simple" else "application/zip")
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

    with served(Requests, context) as url:
        yield f"{url}/simple"


def private_authority(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """(file of a self-made authority, server context with a certificate of it for 127.0.0.1)."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Private Test CA")])
    now = datetime.datetime.now(datetime.UTC)

    def builder(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
            )
        )

    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    authority = (
        builder(ca_name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]), key.public_key())
        .add_extension(names, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    ca_path, own_path = folder / "ca.pem", folder / "server.pem"
    ca_path.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    own_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own_path)
    return ca_path, context

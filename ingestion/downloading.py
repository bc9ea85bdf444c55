"""Model files from a hub over HTTP: resumed, and verified against the hub's own checksums.

Respects HTTP(S)_PROXY with login and NO_PROXY, a private certificate authority in SSL_CERT_FILE,
REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE or PIP_CERT, a mirror in HF_ENDPOINT, and HF_TOKEN for models behind
terms of use.
"""

from __future__ import annotations

import hashlib
import logging
import os
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import httpx

from ingestion.catalog import HubSource
from ingestion.errors import ModelError
from ingestion.model_files import flush
from ingestion.progress import Meter

logger = logging.getLogger(__name__)

PUBLIC_HUB = "https://huggingface.co"

_AUTHORITY_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")
_BLOCK = 1 << 18
_ATTEMPTS = 5
_RETRY_SECONDS = 1.0
_FOLDER_FILES = ("*.json", "*.txt", "*.model", "*.safetensors", "vocab*")
_OTHER_FORMATS = ("onnx/", "openvino/", "coreml/", ".")


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a hub repository. `sha256` is None for small files, which have a git `blob` id instead."""

    path: str
    bytes: int
    sha256: str | None
    blob: str


class Hub:
    """One hub, over one HTTP client. Use as a context manager."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        """Take endpoint, token and certificate authority from `environ`; httpx takes the proxies itself."""
        self._endpoint = environ.get("HF_ENDPOINT", "").rstrip("/") or PUBLIC_HUB
        token = environ.get("HF_TOKEN", "")
        self._client = httpx.Client(
            verify=certificate_context(environ),
            follow_redirects=True,
            timeout=httpx.Timeout(60.0, connect=20.0),
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )

    def __enter__(self) -> Hub:
        """Keep the connections open."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close them."""
        self._client.close()

    def files(self, source: HubSource) -> tuple[str, list[HubFile]]:
        """(commit, files to fetch): the one file of `source`, or those that make a model folder.

        Raises:
            ModelError: the hub cannot be reached, refuses, or has no such file.
        """
        commit = str(self._json(f"/api/models/{source.repository}/revision/{source.revision}")["sha"])
        listed = [
            _hub_file(item)
            for item in self._json(f"/api/models/{source.repository}/tree/{commit}?recursive=1")
            if item["type"] == "file"
        ]
        if source.file:  # repositories differ in the case of "q4_k_m"
            wanted = [file for file in listed if file.path.lower() == source.file.lower()]
        else:
            wanted = _folder(listed)
        if not wanted:
            raise ModelError(
                f"{self._endpoint}/{source.repository} has no {source.file or 'weights'}. "
                "The repository changed: choose another model with `konkyo models list`."
            )
        return commit, wanted

    def fetch(self, source: HubSource, commit: str, file: HubFile, target: Path, meter: Meter) -> None:
        """Bring one file to `target`; a broken-off one is gone on with.

        Raises:
            ModelError: the hub cannot be reached, refuses, or the file is not the one it announced.
        """
        if target.exists():
            meter.settle(file.bytes)
            return
        partial = target.with_name(target.name + ".partial")
        target.parent.mkdir(parents=True, exist_ok=True)
        url = f"{self._endpoint}/{source.repository}/resolve/{commit}/{quote(file.path)}"
        self._download(url, partial, file, meter)
        if not _is_announced(partial, file):
            partial.unlink()
            raise ModelError(
                f"{file.path} of {source.repository} is not the file that the hub announced; it was deleted. "
                "Pull the model again; if it happens again, a proxy may be changing downloads."
            )
        partial.rename(target)
        meter.settle(file.bytes)

    def _download(self, url: str, partial: Path, file: HubFile, meter: Meter) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._go_on(url, partial, file, meter)
                return
            except (httpx.TransportError, httpx.DecodingError) as error:
                if attempt == _ATTEMPTS or isinstance(error, httpx.ProxyError):
                    raise _unreachable(url, error) from error
                logger.warning("download broke off (%s); attempt %d follows", error, attempt + 1)
                time.sleep(_RETRY_SECONDS * attempt)

    def _go_on(self, url: str, partial: Path, file: HubFile, meter: Meter) -> None:
        have = partial.stat().st_size if partial.exists() else 0
        if have > file.bytes:
            partial.unlink()
            have = 0
        if have == file.bytes and partial.exists():
            return
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        with self._client.stream("GET", url, headers=headers) as reply:
            _refuse_errors(reply)
            if reply.status_code != httpx.codes.PARTIAL_CONTENT:
                have = 0  # a server without ranges begins again
            with partial.open("ab" if have else "wb") as out:
                for block in reply.iter_raw():  # no block size: what arrived before a break is kept
                    out.write(block)
                    have += len(block)
                    meter.underway(have)
                flush(out.fileno())
        if have < file.bytes:
            raise httpx.ReadError(f"{have} of {file.bytes} bytes came")

    def _json(self, path: str) -> Any:
        url = self._endpoint + path
        try:
            reply = self._client.get(url)
        except httpx.TransportError as error:
            raise _unreachable(url, error) from error
        _refuse_errors(reply)
        return reply.json()


def certificate_context(environ: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Trust the system's authorities and those that the environment names, whichever variable it uses.

    Raises:
        ModelError: a variable names a file that is absent or holds no certificate.
    """
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    for name in _AUTHORITY_VARIABLES:
        if path := environ.get(name):
            folder = Path(path).is_dir()
            try:
                context.load_verify_locations(None if folder else path, path if folder else None)
            except OSError as error:
                raise ModelError(
                    f"{name}={path} is not a file of certificates ({error}). Correct or unset it."
                ) from error
    return context


def _folder(files: list[HubFile]) -> list[HubFile]:
    """What sentence-transformers needs: configuration, tokenizer, and weights in one format."""
    chosen = [file for file in files if _belongs(file.path)]
    if not any(file.path.endswith(".safetensors") for file in chosen):
        chosen += [file for file in files if file.path == "pytorch_model.bin"]
    has_weights = any(file.path.endswith((".safetensors", ".bin")) for file in chosen)
    return chosen if has_weights else []


def _belongs(path: str) -> bool:
    if path.startswith(_OTHER_FORMATS):
        return False
    return any(fnmatch(PurePosixPath(path).name, pattern) for pattern in _FOLDER_FILES)


def _hub_file(item: dict[str, Any]) -> HubFile:
    path = PurePosixPath(item["path"])
    if path.is_absolute() or ".." in path.parts:
        raise ModelError(f"the hub lists {item['path']!r}, which would lie outside the model folder.")
    large = item.get("lfs") or {}
    return HubFile(str(path), int(item["size"]), large.get("oid"), str(item["oid"]))


def _is_announced(path: Path, file: HubFile) -> bool:
    if path.stat().st_size != file.bytes:
        return False
    digest = hashlib.sha256() if file.sha256 else hashlib.sha1(f"blob {file.bytes}\0".encode())
    for block in _blocks(path):
        digest.update(block)
    return digest.hexdigest() == (file.sha256 or file.blob)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _refuse_errors(reply: httpx.Response) -> None:
    if reply.is_success:
        return
    advice = {
        401: "Set HF_TOKEN to a token that may read it, after accepting its terms of use.",
        403: "Set HF_TOKEN to a token that may read it, after accepting its terms of use.",
        404: "It was moved or removed; choose another model with `konkyo models list`.",
        407: "The proxy asks for a login: HTTPS_PROXY=http://user:password@host:port.",
    }.get(reply.status_code, "Try again later.")
    raise ModelError(f"{reply.url} answered {reply.status_code} {reply.reason_phrase}. {advice}")


def _unreachable(url: str, error: Exception) -> ModelError:
    return ModelError(
        f"{url} cannot be reached ({error}). Check HTTPS_PROXY, the certificate authority in SSL_CERT_FILE, "
        "and HF_ENDPOINT; or bring the file another way with `konkyo models import PATH`."
    )

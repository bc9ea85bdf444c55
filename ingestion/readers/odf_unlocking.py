"""OpenDocument packages that are locked with a password (ODF 1.2 part 3, sections 3.4 and 4.8).

Each part is packed, then encrypted with Blowfish (up to ODF 1.1) or AES under a key of its own, derived with
PBKDF2. What LibreOffice calls ODF 1.3 extended since version 24.2 (Argon2) is not read. The only user of
cryptography.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.decrepit.ciphers.algorithms import Blowfish
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from ingestion.errors import ReadError
from ingestion.readers.safe_xml import local_name, parse_xml, part
from ingestion.readers.unlocking import LOCKED

_MANIFEST = "META-INF/manifest.xml"
_UNKNOWN = (
    "the OpenDocument file is locked with a password in a way that is not known here ({way}). "
    "Save it without a password, or in the format ODF 1.2."
)
_CHECKED = 1024
_MOST_ROUNDS = 10_000_000
_MOST_PART = 500_000_000
_BLOCK = 16


@dataclass(frozen=True, slots=True)
class Lock:
    """How one part is encrypted; `salt` and `rounds` are PBKDF2's, `digest` is of the first packed bytes."""

    cipher: str
    vector: bytes
    start_hash: str
    salt: bytes
    rounds: int
    key_size: int
    digest_hash: str
    digest: bytes


class OpenDocumentPackage:
    """The parts of a package, without their lock where they have one.

    Raises:
        ReadError: it is locked, and no password fits, or the kind of lock is unknown.
    """

    def __init__(self, package: zipfile.ZipFile, passwords: Sequence[str]) -> None:
        self._package = package
        self._locks = _locks(package)
        self._password: str | None = None
        if self._locks:
            self._password = self._fitting(passwords)

    def part(self, name: str) -> bytes:
        """The bytes of a part.

        Raises:
            ReadError: it is missing or damaged.
        """
        data, lock = part(self._package, name), self._locks.get(name)
        if lock is None:
            return data
        packed = _decrypted(data, lock, self._password or "")
        if packed is None:
            raise ReadError(f"the file is damaged: its part {name} has another password than the others.")
        return _unpacked(packed, name)

    def _fitting(self, passwords: Sequence[str]) -> str:
        name = min(self._locks, key=lambda name: (name != "content.xml", name))
        data = part(self._package, name)
        for password in dict.fromkeys(passwords):
            if _decrypted(data, self._locks[name], password) is not None:
                return password
        raise ReadError(LOCKED.format(count=len(passwords)))


def _locks(package: zipfile.ZipFile) -> dict[str, Lock]:
    if _MANIFEST not in package.namelist():
        return {}
    manifest = part(package, _MANIFEST)
    if b"encryption-data" not in manifest:
        return {}
    found: dict[str, Lock] = {}
    for entry in parse_xml(manifest, what="its list of parts")[0]:
        for data in entry:
            if local_name(data) == "encryption-data":
                found[_attributes(entry).get("full-path", "")] = _lock(data)
    return found


def _lock(data: Any) -> Lock:
    parts = {local_name(element): _attributes(element) for element in data}
    cipher, key = parts.get("algorithm", {}), parts.get("key-derivation", {})
    start = parts.get("start-key-generation", {})
    checked = _attributes(data)
    names = [_last(cipher.get("algorithm-name")), _last(key.get("key-derivation-name"))]
    start_hash = _last(start.get("start-key-generation-name", "sha1"))
    digest_hash = _last(checked.get("checksum-type", "")).removesuffix("-1k").removesuffix("/1k")
    known = names[0] in _CIPHERS and names[1] == "pbkdf2"
    if not known or not {start_hash, digest_hash} <= {"sha1", "sha256"}:
        raise ReadError(_UNKNOWN.format(way=", ".join(filter(None, names))[:100]))
    try:
        rounds, size = int(key["iteration-count"]), int(key.get("key-size", _BLOCK))
        vector, salt, digest = (
            base64.b64decode(text, validate=True)
            for text in (cipher["initialisation-vector"], key["salt"], checked["checksum"])
        )
    except (KeyError, ValueError, binascii.Error) as error:
        raise ReadError(f"the file is damaged: its encryption is not described ({error}).") from error
    if not 0 < rounds <= _MOST_ROUNDS or size not in (16, 24, 32):
        raise ReadError("the file is damaged: its encryption is described with impossible numbers.")
    return Lock(names[0], vector, start_hash, salt, rounds, size, digest_hash, digest)


_CIPHERS: Mapping[str, type[AES] | type[Blowfish]] = {
    "blowfish cfb": Blowfish, "blowfish": Blowfish,
    "aes128-cbc": AES, "aes192-cbc": AES, "aes256-cbc": AES,
}  # fmt: skip


def _decrypted(data: bytes, lock: Lock, password: str) -> bytes | None:
    """The packed bytes of a part, None when the password is wrong."""
    start = hashlib.new(lock.start_hash, password.encode()).digest()
    key = hashlib.pbkdf2_hmac("sha1", start, lock.salt, lock.rounds, lock.key_size)
    method = _CIPHERS[lock.cipher]
    try:
        mode = CBC(lock.vector) if method is AES else CFB(lock.vector)
        decryptor = Cipher(method(key), mode).decryptor()
        packed = decryptor.update(data) + decryptor.finalize()
    except ValueError as error:
        raise ReadError(
            f"the file is damaged: its encrypted parts are of impossible sizes ({error})."
        ) from error
    if method is AES:
        filled = packed[-1] if packed else 0
        if not 0 < filled <= _BLOCK:
            return None
        packed = packed[:-filled]
    digest = hashlib.new(lock.digest_hash, packed[:_CHECKED]).digest()
    return packed if hmac.compare_digest(digest, lock.digest) else None


def _unpacked(packed: bytes, name: str) -> bytes:
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = unpacker.decompress(packed, _MOST_PART + 1)
    except zlib.error as error:
        raise ReadError(f"the file is damaged: its part {name} cannot be unpacked ({error}).") from error
    if len(data) > _MOST_PART:
        raise ReadError(f"its part {name} is too large for a document.")
    return data


def _attributes(element: Any) -> dict[str, str]:
    return {key.rpartition("}")[2]: value for key, value in element.attrib.items()}


def _last(name: str | None) -> str:
    """What the name of a method ends with, in small letters; whole names are URLs with a "#", or URNs."""
    return (name or "").rpartition("#")[2].rpartition(":")[2].lower()

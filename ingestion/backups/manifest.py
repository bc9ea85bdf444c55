"""What an archive says of itself in its first file: what was kept, when, by which program."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from ingestion.errors import BackupError

FORMAT = 1
NAME = "manifest.json"
MAX_BYTES = 64_000_000
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class KeptFile:
    """One file: its path below the workspace with "/", bytes, SHA-256, and when it was changed."""

    path: str
    bytes: int
    sha256: str
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """`databases` are versions of tables by path, `layout` that of the folder, `workspace` where it was.

    `left_out` names settings with secrets and links, which no backup holds. `created_at` is UTC.
    """

    format: int
    konkyo: str
    layout: int
    created_at: str
    workspace: str
    models: bool
    indexes: bool
    left_out: tuple[str, ...]
    databases: dict[str, str | None]
    files: tuple[KeptFile, ...]

    @property
    def size(self) -> int:
        """The size of all files together."""
        return sum(file.bytes for file in self.files)

    def as_json(self) -> dict[str, Any]:
        """As it stands in the archive."""
        return asdict(self)

    def encoded(self) -> bytes:
        """The bytes of manifest.json. Names that are not UTF-8 survive as escapes."""
        return (json.dumps(self.as_json(), indent=1) + "\n").encode("ascii")


def decode(data: bytes, program: str) -> Manifest:
    """The manifest in `data`, checked so far that nothing it says can do harm.

    `program` is this program's version.

    Raises:
        BackupError: it is none, names a path outside the workspace, or is of a newer program.
    """
    try:
        value = json.loads(data)
        found, konkyo = int(value["format"]), str(value["konkyo"])
        newer = found > FORMAT or _numbers(konkyo) > _numbers(program)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise BackupError("the archive is damaged: its manifest cannot be read.") from error
    if newer:
        raise BackupError(
            f"the archive was written by Konkyo {konkyo}, this is {program}. Restore it with a newer Konkyo."
        )
    try:
        files = tuple(KeptFile(**item) for item in value["files"])
        manifest = Manifest(**{**value, "files": files, "left_out": tuple(value["left_out"])})
        if value.keys() != {field.name for field in fields(Manifest)} or not _plausible(manifest):
            raise ValueError(konkyo)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise BackupError("the archive is damaged: its manifest cannot be read.") from error
    for file in files:
        if not is_inside(file.path):
            raise BackupError(f"the archive names {file.path!r}, which leads out of the workspace.")
    names = {file.path for file in files}
    if len(names) != len(files):
        raise BackupError("the archive is damaged: it holds a file twice.")
    for name in manifest.databases:
        if name not in names:  # it is opened for writing, and would lie outside the workspace
            raise BackupError(f"the archive is damaged: {name} is not what its manifest says.")
    return manifest


def is_inside(path: str) -> bool:
    """Whether a name is a path that stays below the folder that it is joined to, on every system."""
    parts, windows = PurePosixPath(path).parts, PureWindowsPath(path)
    return (
        bool(parts)
        and "/".join(parts) == path
        and not {"..", ".", ""} & set(path.split("/"))
        and not {"..", "."} & set(windows.parts)
        and not windows.drive
        and not windows.root
        and "\0" not in path
        and not path.startswith("/")
    )


def _plausible(manifest: Manifest) -> bool:
    texts = (manifest.konkyo, manifest.created_at, manifest.workspace, *manifest.left_out)
    versions = manifest.databases.values()  # of a list: an AttributeError, which the caller knows
    return (
        all(isinstance(text, str) for text in texts)
        and all(version is None or isinstance(version, str) for version in versions)
        and all(map(_plausible_file, manifest.files))
    )


def _plausible_file(file: KeptFile) -> bool:
    return (
        isinstance(file.path, str)
        and type(file.bytes) is int
        and type(file.mtime_ns) is int
        and 0 <= file.bytes < 2**63
        and -(2**62) < file.mtime_ns < 2**62
        and _HEX.fullmatch(file.sha256) is not None
    )


def _numbers(version: str) -> tuple[int, ...]:
    """1.10.2 after 1.9; what follows the numbers ("rc1") is not compared."""
    found = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()


def stays_below(folder: Path, path: str) -> Path:
    """Where the file of this name goes below `folder`."""
    return folder.joinpath(*PurePosixPath(path).parts)

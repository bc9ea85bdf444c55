"""Names from other machines become paths below a folder of ours, or are refused with the reason."""

from __future__ import annotations

import unicodedata

_NAME_BYTES = 255  # what common file systems hold
_PATH_BYTES = 3000


def path_of(names: list[str]) -> str:
    """The NFC path of the folder and file names `names`.

    Raises:
        ValueError: they would lead out of the folder, or no file system holds them; it says why.
    """
    for name in names:
        if name in ("", ".", ".."):
            raise ValueError(f"its path holds the name {name!r}")
        if "/" in name or any(ord(character) < 32 or "\ud800" <= character <= "\udfff" for character in name):
            raise ValueError(f"the name {name!r} holds a character that no file name may hold")
    # A backslash parts folders elsewhere: people see its full-width form, as for files of a folder.
    path = "/".join(unicodedata.normalize("NFC", name.replace("\\", "＼")) for name in names)
    if any(len(name.encode("utf-8", "replace")) > _NAME_BYTES for name in path.split("/")):
        raise ValueError(f"a name in it is longer than {_NAME_BYTES} bytes")
    if len(path.encode("utf-8", "replace")) > _PATH_BYTES:
        raise ValueError(f"its path is longer than {_PATH_BYTES} bytes")
    return path


def is_below(path: str, folders: dict[str, str]) -> bool:
    """Whether `path` lies in one of `folders`; "" is the whole source."""
    return any(not folder or path.startswith(f"{folder}/") for folder in folders)

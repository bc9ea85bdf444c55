"""Owner, group, other and POSIX access control lists: whom one file or folder lets pass.

The list is read from the extended attribute `system.posix_acl_access`, as the kernel gives it: a version and
then entries of a tag, three bits and an id, little-endian (linux/posix_acl_xattr.h).
"""

from __future__ import annotations

import errno
import os
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ingestion.errors import RightsError

READ, PASS = 4, 1
"""Bits: to read a file, to come to what lies in a folder."""
_ATTRIBUTE = "system.posix_acl_access"
_VERSION = 2
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 1, 2, 4, 8, 16, 32
_NO_LIST = (errno.ENODATA,) if hasattr(errno, "ENODATA") else ()
_NOT_KEPT = (errno.ENOTSUP, errno.EOPNOTSUPP)


@dataclass(frozen=True, slots=True)
class Principal:
    """A user or a group of the system, by number."""

    kind: Literal["user", "group"]
    id: int


@dataclass(frozen=True, slots=True)
class Acl:
    """Who may do what with one file or folder; the mask is worked in. `users` begin with the owner."""

    users: tuple[tuple[int, int], ...]
    groups: tuple[tuple[int, int], ...]
    other: int

    def lets(self, bit: int) -> frozenset[Principal] | None:
        """Who surely has `bit`; None: everybody.

        The kernel asks the narrowest entry that fits, so that an entry can take away what a wider one gives.
        That cannot be said of groups. A wider kind of entry therefore counts only when no narrower one lacks
        the bit: groups, when no named user lacks it, and all others, when no group lacks it either. Root
        passes everywhere and is left out.
        """
        users = {Principal("user", id) for id, bits in self.users if bits & bit and id != 0}
        if not all(bits & bit for id, bits in self.users if id != 0):
            return frozenset(users)
        groups = {Principal("group", id) for id, bits in self.groups if bits & bit}
        if self.other & bit and all(bits & bit for _, bits in self.groups):
            return None
        return frozenset(users | groups)


def acl_of(path: str | bytes, *, lists_needed: bool) -> Acl:
    """The rights of one file or folder; a link is not followed.

    With `lists_needed` a file system must say whether there is a list; else its mode bits are enough.

    Raises:
        RightsError: they cannot be told.
    """
    try:
        state = os.lstat(path)
    except OSError as error:
        raise RightsError(f"who may read it cannot be told ({error.strerror or error})") from error
    if stat.S_ISLNK(state.st_mode):
        raise RightsError("who may read it cannot be told, since a link leads to it")
    packed = _list_of(path, lists_needed=lists_needed)
    if packed is not None:
        return parse_acl(packed, state.st_uid, state.st_gid)
    mode = state.st_mode
    return Acl(((state.st_uid, mode >> 6 & 7),), ((state.st_gid, mode >> 3 & 7),), mode & 7)


def _list_of(path: str | bytes, *, lists_needed: bool) -> bytes | None:
    if not hasattr(os, "getxattr"):
        raise RightsError("who may read it cannot be told on this system. Set other rights for its source.")
    try:
        return os.getxattr(path, _ATTRIBUTE, follow_symlinks=False)
    except OSError as error:
        if error.errno in _NO_LIST or (error.errno in _NOT_KEPT and not lists_needed):
            return None
        raise RightsError(f"who may read it cannot be told ({error.strerror or error})") from error


def parse_acl(packed: bytes, owner: int, group: int) -> Acl:
    """The list in the attribute's bytes.

    Raises:
        RightsError: they are none.
    """
    entries = list(_entries(packed))
    ids = [(tag, id) for tag, _, id in entries if tag in (_USER, _GROUP)]
    single = {tag: bits for tag, bits, _ in entries if tag not in (_USER, _GROUP)}
    named = len(ids)
    whole = len(single) + named == len(entries) and len(set(ids)) == named
    if not whole or not {_USER_OBJ, _GROUP_OBJ, _OTHER} <= single.keys() or (named and _MASK not in single):
        raise RightsError("its access control list is damaged")
    mask = single.get(_MASK, 7)
    users = [(owner, single[_USER_OBJ])]  # of the owner nothing else is asked
    users += [(id, bits & mask) for tag, bits, id in entries if tag == _USER and id != owner]
    groups = [(group, single[_GROUP_OBJ] & mask)]
    groups += [(id, bits & mask) for tag, bits, id in entries if tag == _GROUP]
    return Acl(tuple(users), tuple(groups), single[_OTHER])


def _entries(packed: bytes) -> Iterator[tuple[int, int, int]]:
    """(tag, bits, id)."""
    if len(packed) < 4 or len(packed) % 8 != 4 or struct.unpack_from("<I", packed)[0] != _VERSION:
        raise RightsError("its access control list is damaged")
    for tag, bits, id in struct.iter_unpack("<HHI", packed[4:]):
        if tag not in (_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER) or bits > 7:
            raise RightsError("its access control list is damaged")
        yield tag, bits, id

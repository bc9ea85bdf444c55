"""Which groups may read a file by the rights of the file and of all folders above it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath

import psutil

from ingestion.errors import RightsError
from ingestion.rights.names import EVERYBODY, NOBODY, all_of, is_group_name
from ingestion.rights.posix_acl import PASS, READ, Principal, acl_of

_KEEPS_RIGHTS = frozenset(
    ("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "jfs", "reiserfs", "bcachefs", "zfs", "tmpfs", "overlay",
     "squashfs", "erofs")
)  # fmt: skip
"""File systems whose bits and lists are what the kernel goes by. Others make them up, or leave parts out."""
_TELLS_LISTS = frozenset({"nfs"})
"""Likewise, when they hand out the list: else the bits of the group may be the mask, which is too much."""
_UNNAMED = (0, 65534)
"""Root, who reads everything anyway, and whoever could not be told; they count only where they are mapped."""
_MOST_WAYS = 64
Ways = frozenset[frozenset[str]]
"""One of these sets of groups must be had whole; the empty one is had by everybody."""
Mounts = Callable[[], Sequence[tuple[str, str]]]


def mounted() -> list[tuple[str, str]]:
    """Every mounted file system: where, and of which type; later ones cover earlier ones."""
    return [(mount.mountpoint, mount.fstype) for mount in psutil.disk_partitions(all=True)]


def system_name(principal: Principal) -> str | None:
    """How the system calls a user or a group, None when it does not know the number."""
    try:
        if principal.kind == "user":
            import pwd

            return pwd.getpwuid(principal.id).pw_name
        import grp

        return grp.getgrgid(principal.id).gr_name
    except (ImportError, KeyError):
        return None


class PosixTree:
    """The rights of files. What was found of folders is kept, so make one for each run."""

    def __init__(
        self,
        mapped: Mapping[str, Sequence[str]],
        *,
        name_of: Callable[[Principal], str | None] = system_name,
        mounts: Mounts = mounted,
    ) -> None:
        """`mapped`: "user:NAME", "group:NAME" (or a number for NAME) or "other" → groups of Konkyo."""
        self._mapped = mapped
        self._name_of = name_of
        self._mounts = sorted(mounts(), key=lambda mount: len(mount[0]))  # stable: later covers earlier
        self._folders: dict[str, Ways] = {}
        self._called: dict[Principal, tuple[str, ...]] = {}

    def groups_of(self, file: PurePath) -> frozenset[str]:
        """What `file` (absolute, no links on the way) carries.

        Raises:
            RightsError: its rights cannot be told.
        """
        ways = self._joined(self._above(file.parent), self._level(file, READ))
        if frozenset() in ways:
            ways = frozenset(frozenset({name}) for name in self._mapped.get("other", (EVERYBODY,)))
        return frozenset(map(all_of, ways)) or frozenset({NOBODY})

    def steps(self, file: PurePath) -> list[tuple[str, list[str]]]:
        """The folders, and at last the file, that do not let everybody pass: (path, whom they let pass).

        Raises:
            RightsError: as `groups_of`.
        """
        found = []
        for place in (*reversed(file.parents), file):
            passing = self._passing(place, READ if place == file else PASS)
            if passing is not None:
                named = [f"{one.kind}:{self._name_of(one) or one.id}" for one in passing]
                found.append((os.fspath(place), named))
        return found

    def _above(self, folder: PurePath) -> Ways:
        key = os.fspath(folder)
        if key not in self._folders:
            above = frozenset({frozenset[str]()}) if folder == folder.parent else self._above(folder.parent)
            self._folders[key] = self._joined(above, self._level(folder, PASS))
        return self._folders[key]

    def _level(self, place: PurePath, bit: int) -> list[frozenset[str]] | None:
        """Groups of which one is needed here, None where none is."""
        passing = self._passing(place, bit)
        if passing is None:
            return None
        return [frozenset({name}) for one in passing for name in self._groups(one)]

    def _passing(self, place: PurePath, bit: int) -> list[Principal] | None:
        kind = self._file_system(place)
        if kind not in _KEEPS_RIGHTS | _TELLS_LISTS:
            raise RightsError(
                f"who may read it cannot be told on a file system of the type {kind or '(unknown)'}. "
                "Set other rights for its source."
            )
        passing = acl_of(os.fspath(place), lists_needed=kind in _TELLS_LISTS).lets(bit)
        return None if passing is None else sorted(passing, key=lambda one: (one.kind, one.id))

    def _groups(self, principal: Principal) -> tuple[str, ...]:
        if principal not in self._called:
            self._called[principal] = self._look_up(principal)
        return self._called[principal]

    def _look_up(self, principal: Principal) -> tuple[str, ...]:
        name = self._name_of(principal)
        for key in (principal.id,) if name is None else (name, principal.id):
            if (found := self._mapped.get(f"{principal.kind}:{key}")) is not None:
                return tuple(found)
        if name is None or principal.id in _UNNAMED or name == EVERYBODY or not is_group_name(name):
            return ()
        return (name,)

    @staticmethod
    def _joined(above: Ways, here: list[frozenset[str]] | None) -> Ways:
        if here is None:
            return above
        ways = {way | more for way in above for more in here}
        short = frozenset(way for way in ways if not any(other < way for other in ways))
        if len(short) > _MOST_WAYS:
            raise RightsError(
                "who may read it cannot be told: too many users and groups on the way to it. "
                "Set other rights for its source."
            )
        return short

    def _file_system(self, place: PurePath) -> str:
        found = ""
        for mount, kind in self._mounts:
            if place.is_relative_to(mount):
                found = kind
        return found

"""Rights of files held against what the kernel itself lets users do, and lists against setfacl."""

from __future__ import annotations

import json
import os
import random
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest

from ingestion.documents import User
from ingestion.errors import RightsError
from ingestion.rights.names import NOBODY
from ingestion.rights.posix_acl import PASS, READ, Acl, Principal, acl_of, parse_acl
from ingestion.rights.posix_tree import PosixTree

UIDS, GIDS = (5001, 5002, 5003), (6001, 6002, 6003)
EVERYBODY = frozenset({"everybody"})
CASES = 80
Bits = int

as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or not hasattr(os, "setxattr"),
    reason="only root can give files to others and ask in the name of others",
)
with_setfacl = pytest.mark.skipif(shutil.which("setfacl") is None, reason="setfacl is not installed")


def called(principal: Principal) -> str:
    return f"{principal.kind[0]}{principal.id}"


def tree(mapped: dict[str, tuple[str, ...]] | None = None, kind: str = "ext4") -> PosixTree:
    return PosixTree(mapped or {}, name_of=called, mounts=lambda: [("/", kind)])


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="konkyo-rights-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@dataclass(frozen=True)
class Level:
    """Rights of one file or folder, as they are set."""

    owner: int
    group: int
    mode: int
    named: tuple[tuple[str, int, Bits], ...] = ()
    mask: Bits | None = None

    def set(self, path: Path) -> None:
        os.chown(path, self.owner, self.group)
        path.chmod(self.mode)
        if self.named or self.mask is not None:
            os.setxattr(path, "system.posix_acl_access", self.packed())

    def packed(self) -> bytes:
        tags, none = {"user": 2, "group": 8}, 0xFFFFFFFF
        entries = [(1, self.mode >> 6 & 7, none), (4, self.mode >> 3 & 7, none), (32, self.mode & 7, none)]
        entries += [(tags[kind], bits, id) for kind, id, bits in self.named]
        entries.append((16, 7 if self.mask is None else self.mask, none))
        return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in sorted(entries))


def wild(random: random.Random) -> Level:
    """Anything that may be set."""
    ids = [("user", id) for id in UIDS] + [("group", id) for id in GIDS]
    chosen = random.sample(ids, random.choice([0, 0, 1, 2, 4]))
    named = tuple((kind, id, random.choice([0, 1, 4, 5, 7])) for kind, id in sorted(chosen))
    mode = random.choice([0o755, 0o750, 0o740, 0o705, 0o070, 0o710, 0o777, 0o700, 0o550, 0o640, 0o444])
    mask = random.choice([None, 7, 5, 4, 1, 0]) if named else None
    return Level(random.choice((0, *UIDS)), random.choice((0, *GIDS)), mode, named, mask)


def tame(random: random.Random) -> Level:
    """What people set: a wider circle has no more than a narrower one."""
    named = tuple((kind, id, 5) for kind, ids in (("user", UIDS), ("group", GIDS)) for id in ids
                  if random.random() < 0.2)  # fmt: skip
    mode = random.choice([0o755, 0o750, 0o750, 0o750, 0o700] if not named else [0o755, 0o750])
    return Level(random.choice((0, *UIDS)), random.choice(GIDS), mode, named)


def kernel_says(user: int, groups: tuple[int, ...], files: list[Path]) -> list[bool]:
    """Which files this user can open, asked in a process that is this user."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups(groups)
            os.setgid(7999)
            os.setuid(user)
            found = []
            for file in files:
                try:
                    os.close(os.open(file, os.O_RDONLY))
                    found.append(True)
                except PermissionError:
                    found.append(False)
            with os.fdopen(into, "w") as pipe:
                json.dump(found, pipe)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(into)
    with os.fdopen(out) as pipe:
        answer: list[bool] = json.load(pipe)
    os.waitpid(child, 0)
    return answer


def make(folder: Path, levels: list[list[Level]]) -> list[Path]:
    files = []
    for number, (outer, inner, own) in enumerate(levels):
        file = folder / str(number) / "inner" / "file.txt"
        file.parent.mkdir(parents=True)
        file.write_text("x")
        own.set(file)
        inner.set(file.parent)
        outer.set(file.parent.parent)
        files.append(file)
    return files


@as_root
@pytest.mark.parametrize(("kind", "exact"), [(wild, False), (tame, True)])
def test_nobody_is_given_what_the_kernel_refuses(
    open_folder: Path, kind: Callable[[random.Random], Level], exact: bool
) -> None:
    chance = random.Random(7)
    levels = [[kind(chance) for _ in range(3)] for _ in range(CASES)]
    files = make(open_folder, levels)
    ours = tree()
    carried = [ours.groups_of(file) for file in files]
    given = refused = 0
    for user in (*UIDS, 5999):
        for groups in (pair for size in range(4) for pair in combinations(GIDS, size)):
            names = frozenset({f"u{user}", "everybody", *(f"g{id}" for id in groups)})
            allowed = kernel_says(user, groups, files)
            for number, (may, groups_here) in enumerate(zip(allowed, carried, strict=True)):
                shown = User("x", names).may_read(groups_here)
                assert may or not shown, (levels[number], user, groups, groups_here)
                assert not exact or may == shown, (levels[number], user, groups, groups_here)
                given, refused = given + shown, refused + (not may)
    assert min(given, refused) > CASES


@as_root
@with_setfacl
def test_lists_are_those_that_setfacl_writes(open_folder: Path) -> None:
    file = open_folder / "file"
    file.write_text("x")
    os.chown(file, 5001, 6001)
    entries = "u::rw-,u:5002:r--,u:5003:rwx,g::r-x,g:6002:-wx,m::r-x,o::---"
    subprocess.run(["setfacl", "--set", entries, str(file)], check=True)
    assert acl_of(str(file), lists_needed=True) == Acl(
        ((5001, 6), (5002, 4), (5003, 5)), ((6001, 5), (6002, 1)), 0
    )
    subprocess.run(["setfacl", "-b", str(file)], check=True)
    assert acl_of(str(file), lists_needed=True) == Acl(((5001, 6),), ((6001, 5),), 0)


@as_root
def test_groups_of_a_folder_and_of_one_in_it_are_both_needed(open_folder: Path) -> None:
    file = make(open_folder, [[Level(0, 6001, 0o750), Level(0, 6002, 0o2770), Level(5001, 6002, 0o640)]])[0]
    assert tree().groups_of(file) == {"g6001&g6002"}
    assert not User("x", frozenset({"g6001"})).may_read(tree().groups_of(file))
    assert User("x", frozenset({"g6001", "g6002"})).may_read(tree().groups_of(file))


@as_root
def test_names_are_mapped_and_what_has_no_name_counts_for_nothing(open_folder: Path) -> None:
    mine = Level(0, 0, 0o755)
    file, public, root = make(
        open_folder,
        [[mine, Level(0, 6001, 0o750), Level(0, 6001, 0o640)], [mine, mine, Level(0, 0, 0o644)],
         [mine, mine, Level(0, 0, 0o640)]],
    )  # fmt: skip
    assert tree({"group:g6001": ("hr", "audit")}).groups_of(file) == {"hr", "audit"}
    assert tree({"group:6001": ("hr",)}).groups_of(file) == {"hr"}
    assert tree({"group:g6001": ()}).groups_of(file) == {NOBODY}
    assert tree({"group:g6001": ("everybody",)}).groups_of(file) == EVERYBODY
    all_of_one = {"group:g6001": ("everybody",), "other": ()}
    assert tree(all_of_one).groups_of(file) == EVERYBODY and tree(all_of_one).groups_of(public) == {NOBODY}
    unnamed = PosixTree({"group:None": ("hr",)}, name_of=lambda _: None, mounts=lambda: [("/", "xfs")])
    assert unnamed.groups_of(file) == {NOBODY}
    assert tree({"other": ("staff",)}).groups_of(public) == {"staff"}
    assert tree({"other": ("staff",)}).groups_of(file) == {"g6001"}
    assert tree({"other": ()}).groups_of(public) == {NOBODY}
    assert tree().groups_of(public) == EVERYBODY
    assert tree().groups_of(root) == {NOBODY}  # root needs no group
    for name in (None, "everybody", "domain users", "(nobody)", "a&b"):
        odd = PosixTree({}, name_of=lambda principal, name=name: name, mounts=lambda: [("/", "xfs")])
        assert odd.groups_of(file) == {NOBODY}


def test_what_cannot_be_told_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("x")
    for kind in ("cifs", "smb3", "vfat", "nfs4", "fuse.sshfs", "9p", ""):
        with pytest.raises(RightsError, match="cannot be told on a file system"):
            tree(kind=kind).groups_of(file)
    with pytest.raises(RightsError, match="cannot be told"):
        tree().groups_of(tmp_path / "gone.txt")
    (tmp_path / "link").symlink_to(file)
    with pytest.raises(RightsError, match="link"):
        tree().groups_of(tmp_path / "link")


def test_a_share_within_a_good_file_system_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "share" / "a.txt"
    file.parent.mkdir()
    file.write_text("x")
    mounts = [("/", "ext4"), (str(file.parent), "autofs"), (str(file.parent), "cifs")]
    with pytest.raises(RightsError, match="cifs"):
        PosixTree({}, name_of=called, mounts=lambda: mounts).groups_of(file)


OWN, NONE = (1, 6, 0xFFFFFFFF), 0xFFFFFFFF


@pytest.mark.parametrize(
    "entries",
    [
        [OWN, (4, 4, NONE)],  # nothing about others
        [OWN, (4, 4, NONE), (32, 0, NONE), (32, 4, NONE)],  # twice
        [OWN, (2, 4, 5002), (4, 4, NONE), (32, 0, NONE)],  # a name without a mask
        [OWN, (2, 4, 5002), (2, 0, 5002), (4, 4, NONE), (16, 7, NONE), (32, 0, NONE)],
        [OWN, (4, 4, NONE), (64, 4, NONE), (32, 0, NONE)],
        [OWN, (4, 8, NONE), (32, 0, NONE)],
    ],
)
def test_a_damaged_list_lets_nobody_in(entries: list[tuple[int, int, int]]) -> None:
    packed = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    for damaged in (packed, packed[:-3], b"", struct.pack("<I", 3) + packed[4:]):
        with pytest.raises(RightsError, match="damaged"):
            parse_acl(damaged, 5001, 6001)


def test_a_denial_takes_away_what_wider_circles_have() -> None:
    assert Acl(((5001, 6),), ((6001, 0),), 4).lets(READ) == {Principal("user", 5001)}
    assert Acl(((5001, 7), (5002, 0)), ((6001, 7),), 7).lets(PASS) == {Principal("user", 5001)}
    assert Acl(((0, 0),), ((6001, 4),), 0).lets(READ) == {Principal("group", 6001)}
    assert Acl(((5001, 4),), ((6001, 4),), 4).lets(READ) is None
    assert parse_acl(
        struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *one) for one in [
            (1, 0, NONE), (2, 4, 5001), (4, 4, NONE), (16, 4, NONE), (32, 0, NONE)]), 5001, 6001
    ).lets(READ) == frozenset()  # fmt: skip

"""A local copy of a remote source, which is then ingested like any folder.

Each file comes in under another name and takes its place in one step, so a run that is killed leaves whole
files only. Files are removed only after the source was listed completely, and never many without consent.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ingestion.durable import replace_file
from ingestion.errors import FetchError, SourceError, UnsafeRemovalError
from ingestion.sources.names import is_below
from ingestion.sources.remote import Listing, RemoteFile, RemoteSource

_BROKEN_IN_A_ROW = 3  # one bad file must not stop the others, a dead connection must
_SECONDS_PER_FILE = 1800.0
_SECONDS_TO_LIST = 3600.0
_MOST_ENTRIES = 1_000_000
_SAVE_EVERY = 200  # files; a killed run fetches so many again at most


@dataclass(slots=True)
class Mirrored:
    """What a run did. `failed` are files and folders that are not as at the source, with the reason."""

    fetched: int = 0
    kept: int = 0
    removed: int = 0
    ignored: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What is fetched, and how much may go. `refuse` gives the reason why a file is not wanted, else None.

    `removal_limit` is the share of `indexed` files (paths that the library holds) that may vanish at once, or
    one run after another: `lost_lately` are those that earlier runs lost.
    """

    ignore: Callable[[str], bool] = lambda path: False
    refuse: Callable[[str], str | None] = lambda path: None
    max_bytes: int = 512 << 20
    seconds_per_file: float = _SECONDS_PER_FILE
    seconds_to_list: float = _SECONDS_TO_LIST
    most_entries: int = _MOST_ENTRIES
    removal_limit: float = 0.3
    indexed: frozenset[str] = frozenset()
    lost_lately: frozenset[str] = frozenset()
    allow_empty: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """A listing compared with the copy. `refused` are paths that are not wanted, with the reason."""

    added: list[RemoteFile]
    changed: list[RemoteFile]
    kept: list[str]
    gone: list[str]
    ignored: int
    refused: dict[str, str]


class Mirror:
    """The folder `root`: the copy in `files`, and what is known about it in `mirror.json`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = root / "files"
        self._manifest = root / "mirror.json"
        self._incoming = root / "incoming"

    def compare(self, listing: Listing, rules: Rules) -> Changes:
        """What a run would do. Changes nothing."""
        versions = self._versions()
        found = Changes([], [], [], [], 0, dict(listing.odd))
        wanted, ignored = self._wanted(listing, rules, found.refused)
        for file in wanted.values():
            if not (self.files / file.path).is_file():
                found.added.append(file)
            elif versions.get(file.path) == file.version:
                found.kept.append(file.path)
            else:
                found.changed.append(file)
        gone = [
            path for path in sorted({*versions, *self._paths()})
            if path not in wanted and path not in listing.unlisted and not is_below(path, listing.unlisted)
        ]  # fmt: skip
        return Changes(found.added, found.changed, found.kept, gone, ignored, found.refused)

    def update(
        self,
        remote: RemoteSource,
        rules: Rules,
        *,
        progress: Callable[[int, int, str], None] = lambda done, total, path: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Mirrored:
        """Make the copy equal to the source. `progress` is given files done, their number, and the next path.

        Raises:
            SourceError: the source cannot be reached; whole files that came in before stay.
            UnsafeRemovalError: it is empty, or more has vanished than `rules` allow; nothing was changed.
        """
        try:
            listing = remote.listing(within(rules, cancelled))
        except _Cancelled:
            return Mirrored(cancelled=True)
        changes = self.compare(listing, rules)
        if not rules.allow_empty:
            _refuse_many(changes, listing, rules)
        done = Mirrored(kept=len(changes.kept), ignored=changes.ignored)
        done.failed = {**changes.refused, **listing.unlisted}
        self.files.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._incoming.mkdir()
        versions = self._versions()
        try:
            self._fetch_all(remote, changes, rules, versions, done, progress, cancelled)
            if not done.cancelled:
                self._remove(changes.gone, versions)
                done.removed = len(changes.gone)
        finally:
            self._save(versions)
            shutil.rmtree(self._incoming, ignore_errors=True)
        return done

    def _wanted(
        self, listing: Listing, rules: Rules, refused: dict[str, str]
    ) -> tuple[dict[str, RemoteFile], int]:
        wanted: dict[str, RemoteFile] = {}
        ignored = 0
        for file in listing.files:
            if rules.ignore(file.path):
                ignored += 1
            elif file.path in wanted:
                refused[f"{file.path} (2)"] = (
                    "another file has the same name in another Unicode form; rename one of them"
                )
            elif reason := rules.refuse(file.path) or _too_large(file.size, rules.max_bytes):
                refused[file.path] = reason
            else:
                wanted[file.path] = file
        return wanted, ignored

    def _fetch_all(
        self, remote: RemoteSource, changes: Changes, rules: Rules, versions: dict[str, str],
        done: Mirrored, progress: Callable[[int, int, str], None], cancelled: Callable[[], bool],
    ) -> None:  # fmt: skip
        wanted, broken = [*changes.changed, *changes.added], 0
        for number, file in enumerate(wanted):
            progress(number, len(wanted), file.path)
            if cancelled():
                done.cancelled = True
                return
            try:
                self._fetch(remote, file, rules, cancelled)
            except FetchError as error:
                broken = broken + 1 if error.connection else 0
                if broken >= _BROKEN_IN_A_ROW:
                    raise SourceError(f"the connection broke {broken} times in a row: {error}") from error
                done.failed[file.path] = f"it could not be fetched: {error}"
            except _Cancelled:
                done.cancelled = True
                return
            else:
                broken = 0
                versions[file.path] = file.version
                done.fetched += 1
                if done.fetched % _SAVE_EVERY == 0:
                    self._save(versions)

    def _fetch(
        self, remote: RemoteSource, file: RemoteFile, rules: Rules, cancelled: Callable[[], bool]
    ) -> None:
        incoming = self._incoming / "file"
        until = time.monotonic() + rules.seconds_per_file
        try:
            with incoming.open("wb") as output:

                def write(piece: bytes) -> None:
                    if reason := _too_large(output.tell() + len(piece), rules.max_bytes):
                        raise FetchError(reason)
                    if time.monotonic() > until:
                        raise FetchError(f"it took longer than {rules.seconds_per_file:g} seconds")
                    if cancelled():
                        raise _Cancelled
                    output.write(piece)

                remote.fetch(file, write)
            self._place(incoming, self.files / file.path)
        except OSError as error:
            raise FetchError(f"it cannot be stored ({error.strerror or error})") from error

    def _place(self, incoming: Path, target: Path) -> None:
        """Put a file in its place. What is in the way is gone at the source: a path names one thing."""
        for parent in target.relative_to(self.files).parents:
            if (self.files / parent).is_file():
                (self.files / parent).unlink()
        if target.is_dir():
            shutil.rmtree(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_file(incoming, target)

    def _remove(self, gone: list[str], versions: dict[str, str]) -> None:
        for path in gone:
            versions.pop(path, None)
            file = self.files / path
            if file.is_file() or file.is_symlink():
                file.unlink()
            for parent in file.relative_to(self.files).parents[:-1]:
                try:
                    (self.files / parent).rmdir()
                except OSError:
                    break  # it still holds something

    def _paths(self) -> Iterator[str]:
        for folder, _, names in os.walk(self.files):
            for name in names:
                yield Path(folder, name).relative_to(self.files).as_posix()

    def _versions(self) -> dict[str, str]:
        """Versions of the files that were fetched; one that is missing here is fetched again."""
        try:
            found = json.loads(self._manifest.read_text("utf-8"))
            return {str(path): str(version) for path, version in found["versions"].items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}  # damaged: the copy is compared anew, by fetching it

    def _save(self, versions: dict[str, str]) -> None:
        new = self._manifest.with_name("mirror.json.new")
        new.write_text(json.dumps({"versions": versions}, ensure_ascii=False, indent=1), "utf-8")
        replace_file(new, self._manifest)


class _Cancelled(Exception):
    """The run was cancelled in the middle of a file, or while the source was listed."""


def within(rules: Rules, cancelled: Callable[[], bool] = lambda: False) -> Callable[[int], None]:
    """A check for `RemoteSource.listing`: a server may invent folders without end."""
    until = time.monotonic() + rules.seconds_to_list

    def check(entries: int) -> None:
        if cancelled():
            raise _Cancelled
        if entries > rules.most_entries:
            raise SourceError(f"the source lists more than {rules.most_entries} files and folders.")
        if time.monotonic() > until:
            raise SourceError(f"listing the source takes longer than {rules.seconds_to_list:g} seconds.")

    return check


def _too_large(size: int | None, limit: int) -> str | None:
    if size is None or size <= limit:
        return None
    return f"it is larger than {limit >> 20} MB (max_mb of its source)"


def _refuse_many(changes: Changes, listing: Listing, rules: Rules) -> None:
    """The same rule as for folders: what the library would lose, against what it holds."""
    now = rules.indexed.intersection(changes.gone)
    back = {file.path for file in (*changes.added, *changes.changed)}.union(changes.kept, listing.unlisted)
    lost = len(now | (rules.lost_lately - rules.indexed - back))
    held = len(rules.indexed | (rules.lost_lately - back))
    if rules.indexed and not (listing.files or listing.unlisted or listing.odd):
        raise UnsafeRemovalError(
            f"the source is empty, and the library holds {len(rules.indexed)} files of it. "
            "Nothing was changed. With --allow-empty they are removed."
        )
    if now and lost / held > rules.removal_limit:
        raise UnsafeRemovalError(
            f"{lost} of {held} files have vanished from the source, more than {rules.removal_limit:.0%}. "
            "Nothing was changed. With --allow-empty they are removed."
        )

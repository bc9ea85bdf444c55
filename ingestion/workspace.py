"""The one folder that holds everything: settings, library, indexes, models, adapters, uploads, logs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from filelock import FileLock, Timeout
from platformdirs import user_data_path

from ingestion.backups.swapping import recover
from ingestion.errors import WorkspaceBusyError, WorkspaceError
from ingestion.settings import Settings, load_settings

SCHEMA_VERSION = 1
_NETWORK_FILE_SYSTEMS = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "afpfs",
    "fuse.sshfs",
    "9p",
    "webdav",
    "davfs",
}

_TEMPLATE = """\
# Settings of this Konkyo workspace. docs/en/admin.md explains every key; a missing one has its default.

[models]
# chat = "qwen2.5-coder-1.5b-instruct"
# embedder = "multilingual-e5-small"
"""


@dataclass(frozen=True, slots=True)
class Workspace:
    """Paths inside one workspace folder."""

    root: Path

    @property
    def settings_path(self) -> Path:
        """konkyo.toml."""
        return self.root / "konkyo.toml"

    @property
    def library_path(self) -> Path:
        """The SQL database that is the truth."""
        return self.root / "library.db"

    @property
    def records_path(self) -> Path:
        """The SQL database of conversations."""
        return self.root / "records.db"

    @property
    def accounts_path(self) -> Path:
        """The SQL database of users, groups and their secrets, mode 0600; absent in single-user mode."""
        return self.root / "accounts.db"

    @property
    def audit(self) -> Path:
        """The audit log: its database, the head of its chain and the key that signs it."""
        return self.root / "audit"

    @property
    def dictionary_path(self) -> Path:
        """The company's words with their synonyms; people edit it."""
        return self.root / "dictionary.csv"

    @property
    def prompts(self) -> Path:
        """The workspace's own prompts, copies of the defaults that people edit."""
        return self.root / "prompts"

    @property
    def kept_texts(self) -> Path:
        """What steps of long tasks gave, by document; may be deleted at any time."""
        return self.root / "cache" / "texts"

    @property
    def layouts_path(self) -> Path:
        """Which layouts of weights llama.cpp may use here; may be deleted at any time."""
        return self.root / "cache" / "layouts.json"

    @property
    def indexes(self) -> Path:
        """Derived indexes; may be deleted at any time."""
        return self.root / "indexes"

    @property
    def models(self) -> Path:
        """Model files and folders."""
        return self.root / "models"

    @property
    def adapters(self) -> Path:
        """Tuned adapters."""
        return self.root / "adapters"

    @property
    def runs(self) -> Path:
        """Trainings, a folder each: recipe, record, events, checkpoints."""
        return self.root / "runs"

    @property
    def uploads(self) -> Path:
        """Files that were dropped on the page; a source like any other folder."""
        return self.root / "uploads"

    @property
    def mirrors(self) -> Path:
        """Copies of remote sources, a folder each."""
        return self.root / "sources"

    @property
    def backups(self) -> Path:
        """Copies of databases from before upgrades, and a note of the last backup."""
        return self.root / "backups"

    @property
    def last_backup_path(self) -> Path:
        """When the last backup was made, and where it went."""
        return self.backups / "last.json"

    @property
    def version_path(self) -> Path:
        """The version of the layout of this folder."""
        return self.root / "version"

    @property
    def logs(self) -> Path:
        """Log files."""
        return self.root / "logs"

    @property
    def service_path(self) -> Path:
        """Address and token of the running service, mode 0600."""
        return self.root / "service.json"

    def settings(self, environ: Mapping[str, str] = os.environ) -> Settings:
        """The settings now in force."""
        return load_settings(self.settings_path, environ)

    @contextmanager
    def write_lock(self, *, wait_seconds: float = 0.0) -> Iterator[None]:
        """Hold the right to write. The lock ends with the process, so a killed one leaves none behind.

        Raises:
            WorkspaceBusyError: another process holds it after `wait_seconds`.
        """
        lock = FileLock(self.root / "workspace.lock", is_singleton=True)
        try:
            lock.acquire(timeout=wait_seconds)
        except Timeout as error:
            raise WorkspaceBusyError(
                f"another process is writing to {self.root}. Wait until it ends, or stop it, and try again."
            ) from error
        try:
            yield
        finally:
            lock.release()


class WriteGate:
    """Called, it tells for as long as it is entered whether this process may write; it never waits.

    It may when it holds the lock, or when nobody does: then the lock is held meanwhile.
    """

    def __init__(self, workspace: Workspace, *, owns_lock: bool) -> None:
        """`owns_lock` says that this process holds the lock all the time, in some thread."""
        self._workspace = workspace
        self._owns_lock = owns_lock

    @contextmanager
    def __call__(self) -> Iterator[bool]:
        """Whether files may be changed."""
        with ExitStack() as stack:
            allowed = self._owns_lock
            if not allowed:
                with suppress(WorkspaceBusyError):
                    stack.enter_context(self._workspace.write_lock())
                    allowed = True
            yield allowed


def workspace_root(root: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """The absolute folder of the workspace that is meant; it need not be there."""
    chosen = root or Path(environ.get("KONKYO_WORKSPACE") or user_data_path("konkyo"))
    return chosen.expanduser().resolve()


def holds_data(workspace: Workspace) -> bool:
    """Whether there is more in the folder than `open_workspace` puts there."""
    made = {workspace.version_path, workspace.root / "workspace.lock"}
    settings = workspace.settings_path
    if settings.is_file() and settings.read_text("utf-8", "replace") == _TEMPLATE:
        made.add(settings)
    return any(not path.is_dir() and path not in made for path in workspace.root.rglob("*"))


def open_workspace(root: Path | None = None, environ: Mapping[str, str] = os.environ) -> Workspace:
    """Open the workspace at `root`, else at $KONKYO_WORKSPACE, else in the user's data folder.

    Raises:
        WorkspaceError: it lies on a network file system, was made by a newer version, or cannot be written.
    """
    workspace = Workspace(workspace_root(root, environ))
    refuse_network_file_system(workspace.root)
    try:
        recover(workspace.root)
        workspace.root.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds every document's text
        for folder in (
            workspace.indexes,
            workspace.models,
            workspace.adapters,
            workspace.uploads,
            workspace.logs,
        ):
            folder.mkdir(exist_ok=True)
        if not workspace.settings_path.exists():
            workspace.settings_path.write_text(_TEMPLATE, "utf-8")
    except OSError as error:
        raise WorkspaceError(
            f"{workspace.root} cannot be written ({error.strerror}). Choose another folder with --workspace."
        ) from error
    check_version(workspace.version_path)
    return workspace


def check_version(path: Path) -> None:
    """Refuse the layout of a newer program; note ours where none is noted.

    Raises:
        WorkspaceError: the workspace was made by a newer version.
    """
    if not path.exists():
        temporary = path.with_name(f"version.{os.getpid()}")
        temporary.write_text(f"{SCHEMA_VERSION}\n", "utf-8")
        temporary.replace(path)  # another process that starts now must not read half of it
        return
    found = path.read_text("utf-8").strip()
    if not found.isdigit() or int(found) > SCHEMA_VERSION:
        raise WorkspaceError(
            f"{path.parent} has layout version {found!r}, this program knows {SCHEMA_VERSION}. "
            "Use a newer Konkyo."
        )


def refuse_network_file_system(root: Path) -> None:
    """Raise WorkspaceError when `root` lies where locks cannot be relied on."""
    kind = file_system_of(root)
    if kind.lower() in _NETWORK_FILE_SYSTEMS:
        raise WorkspaceError(
            f"{root} lies on a network file system ({kind}), where the database cannot be kept safe. "
            "Choose a local folder with --workspace."
        )


def mounts_below(folder: Path) -> list[str]:
    """Where file systems are mounted at `folder` and below, in order."""
    mounts = (mount.mountpoint for mount in psutil.disk_partitions(all=True))
    return sorted({mount for mount in mounts if Path(mount).is_relative_to(folder)})


def file_system_of(path: Path) -> str:
    """The type of the file system that holds `path` ("ext4"), or "" when it cannot be told."""
    best, kind = -1, ""
    for mount in psutil.disk_partitions(all=True):
        if path.is_relative_to(mount.mountpoint) and len(mount.mountpoint) > best:
            best, kind = len(mount.mountpoint), mount.fstype
    return kind

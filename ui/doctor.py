"""`konkyo doctor`: what keeps a workspace from working well, and what to do about it."""

from __future__ import annotations

import ipaddress
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from ingestion.missing_folders import missing_folders
from ingestion.settings import Settings
from ingestion.workspace import Workspace, file_system_of, open_workspace
from ui.errors import EXPECTED

if TYPE_CHECKING:
    from ui.operations import Operations

_FREE_BYTES = 2_000_000_000
_REST_BYTES = 1_000_000_000  # page, service and indexes beside the models
_CORES = 2
_OF_THE_LIBRARY = ("indexes", "failed files")
_CLOCK_TOLERANCE = timedelta(minutes=5)
_TIMES = (
    ("records.db", "messages", "at"),
    ("records.db", "conversations", "updated_at"),
    ("library.db", "documents", "added_at"),
    ("library.db", "syncs", "at"),
)
"""Columns with the moment at which a row was written."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `remedy` is "" when nothing needs to be done."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def examine(root: Path | None) -> dict[str, Any]:
    """The value of `doctor`: `{ok, checks: [{name, ok, detail, remedy}]}`."""
    checks = list(_checks(root))
    return {"ok": all(check.ok for check in checks), "checks": [asdict(check) for check in checks]}


def _checks(root: Path | None) -> Iterator[Check]:
    try:
        workspace = open_workspace(root)
        settings = workspace.settings()
    except EXPECTED as error:
        # Nothing else can be told without them.
        yield Check("workspace and settings", False, str(error), "do what the message says")
        return
    yield Check("workspace and settings", True, str(workspace.root))
    looks: list[tuple[str, Callable[[], Check]]] = [
        ("write access", lambda: _writable(workspace.root)),
        ("disk", lambda: _disk(workspace.root)),
        ("databases", lambda: _databases(workspace)),
        ("audit log", lambda: _audit_log(workspace)),
        ("clock", lambda: _clock(workspace, datetime.now(UTC))),
        ("backups", lambda: _backups(workspace, settings, datetime.now(UTC))),
        ("copies before upgrades", lambda: _copies(workspace)),
        ("folders", lambda: _folders(workspace, settings)),
        ("cores", _cores),
        ("chat model", lambda: _chat_model(workspace, settings)),
        ("tuned adapters", lambda: _adapters(workspace, settings)),
        ("embedder", lambda: _model("embedder", workspace, settings.models.embedder)),
        ("model files", lambda: _model_files(workspace)),
        ("memory", lambda: _memory(workspace, settings)),
        ("indexes", lambda: _indexes(workspace)),
        ("failed files", lambda: _failed_files(workspace)),
        ("directory", lambda: _directory(settings)),
        ("listening", lambda: _listening(workspace, settings)),
    ]
    damaged = False
    for name, look in looks:
        if damaged and name in _OF_THE_LIBRARY:
            yield Check(name, False, "not looked at, because a database is damaged")
            continue
        try:
            found = look()
            damaged |= name == "databases" and not found.ok
            yield found
        except EXPECTED as error:
            yield Check(name, False, str(error), "do what the message says")


def _adapters(workspace: Workspace, settings: Settings) -> Check:
    """Whether what is published can be served; else the base model answers in its place."""
    from assistant.wiring import open_adapters

    adapters = open_adapters(workspace, settings)
    served = adapters.folder.publication()
    names = [name for name in (served.current, (served.trial or {}).get("adapter")) if name]
    if not names:
        return Check("tuned adapters", True, "the base model answers")
    for name in names:
        if (problem := adapters.problem(name)) is not None:
            return Check("tuned adapters", False, str(problem), "do what the message says")
    return Check("tuned adapters", True, f"served: {', '.join(names)}")


def _writable(root: Path) -> Check:
    kind = file_system_of(root) or "unknown file system"
    try:
        with tempfile.TemporaryFile(dir=root) as file:
            file.write(b"konkyo")
    except OSError as error:
        remedy = f"give yourself the right to write to {root}, or choose another --workspace"
        return Check("write access", False, f"{root}: {error.strerror}", remedy)
    return Check("write access", True, f"{root} ({kind})")


def _folders(workspace: Workspace, settings: Settings) -> Check:
    """Rules for a folder whose name is wrong would protect nothing."""
    missing = missing_folders(settings)
    if not missing:
        return Check("folders", True, "those with rules of their own are there")
    detail = "; ".join(f"{folder} ({key}) does not exist" for key, folder in missing)
    return Check("folders", False, detail, f"correct {workspace.settings_path}, or connect its disk")


def _disk(root: Path) -> Check:
    free = shutil.disk_usage(root).free
    ok = free >= _FREE_BYTES
    remedy = "" if ok else f"free at least {_gigabytes(_FREE_BYTES)}, or move the workspace to another disk"
    return Check("disk", ok, f"{_gigabytes(free)} free", remedy)


def _databases(workspace: Workspace) -> Check:
    """Every page of every database; what SQLite finds wrong would be told by some question, some day."""
    from ingestion.backups.layout import Parts, databases_of, kept_files
    from ingestion.database_care import problems

    own = databases_of(workspace, kept_files(workspace, Parts()))
    found = {path: problems(path) for path in sorted(own)}
    broken = [f"{path.name}: {told[0]}" for path, told in found.items() if told]
    if broken:
        remedy = "restore the last good backup: konkyo restore FILE --force"
        return Check("databases", False, "; ".join(broken), remedy)
    return Check("databases", True, f"{len(found)} sound: {', '.join(path.name for path in found)}")


def _audit_log(workspace: Workspace) -> Check:
    """Without it nothing is answered; what cannot be written there is told by the error."""
    from assistant.audit.log import AuditLog

    if not workspace.audit.exists():
        return Check("audit log", True, "it has no row yet")
    with closing(AuditLog(workspace.audit)) as log:
        log.ready()
        if log.ends_as_left():
            return Check("audit log", True, "it can be written, and ends as it was left")
    return Check("audit log", False, "it does not end as it was left", "see: konkyo audit verify")


def _clock(workspace: Workspace, now: datetime) -> Check:
    """A clock that was set back makes new records older than old ones, and periods that hold nothing."""
    from ingestion.database_care import newest

    times = [
        datetime.fromisoformat(found)
        for path, table, column in _TIMES
        if (found := newest(workspace.root / path, table, column)) is not None
    ]
    if times and max(times) > now + _CLOCK_TOLERANCE:
        detail = f"the last record is of {max(times).isoformat()}, and it is {now.isoformat()} now"
        remedy = "set the clock of this machine; records are kept in the order in which they were made"
        return Check("clock", False, detail, remedy)
    return Check("clock", True, "no record is later than now")


def _backups(workspace: Workspace, settings: Settings, now: datetime) -> Check:
    """None at all is no fault of the installation: a backup may be made in another way."""
    try:
        last = json.loads(workspace.last_backup_path.read_text("utf-8"))
        days, file = (now - datetime.fromisoformat(last["at"])).total_seconds() / 86400, str(last["file"])
    except (OSError, ValueError, KeyError, TypeError):
        return Check("backups", True, "none was made yet", "make one: konkyo backup FILE")
    limit = settings.backup.every_days
    ok = not limit or days <= limit
    detail = f"the last one is {days:.1f} days old: {file}"
    return Check("backups", ok, detail, "" if ok else "make one: konkyo backup FILE")


def _copies(workspace: Workspace) -> Check:
    """The way back from an upgrade, see the administrator's guide."""
    from ingestion.upgrading import copies

    found = [path.name for path in copies(workspace)]
    return Check("copies before upgrades", True, ", ".join(found) if found else "there are none")


def _cores() -> Check:
    from ingestion.hardware import available_cores

    cores = available_cores()
    ok = cores >= _CORES
    return Check("cores", ok, f"{cores}", "" if ok else "answers will be slow: give it at least two cores")


def _chat_model(workspace: Workspace, settings: Settings) -> Check:
    if not settings.server.base_url:
        return _model("chat model", workspace, settings.models.chat)
    # Asking it could send something over the network, which this command does not do.
    return Check("chat model", True, f"{settings.server.model} at {settings.server.base_url} (not asked)")


def _model(role: str, workspace: Workspace, name: str) -> Check:
    from ingestion.model_store import ModelStore

    path = ModelStore(workspace.models).path_of(name)
    return Check(role, True, f"{name}: {path}")


def _model_files(workspace: Workspace) -> Check:
    from ingestion.model_store import ModelStore

    found = ModelStore(workspace.models).check()
    broken = [check for check in found if not check.ok]
    if not broken:
        return Check("model files", True, f"{len(found)} intact: {', '.join(check.name for check in found)}")
    detail = "; ".join(f"{check.name}: {check.detail}" for check in broken)
    names = " and ".join(str(workspace.models / check.name) for check in broken)
    return Check("model files", False, detail, f"remove {names} and pull or import the models again")


def _memory(workspace: Workspace, settings: Settings) -> Check:
    from ingestion.hardware import total_memory
    from ingestion.model_store import ModelStore

    wanted = {settings.models.embedder}
    if not settings.server.base_url:
        wanted.add(settings.models.chat)
    needed = _REST_BYTES + sum(
        model.memory_bytes for model in ModelStore(workspace.models).list() if model.name in wanted
    )
    total = total_memory()
    ok = total >= needed
    free = psutil.virtual_memory().available
    detail = f"{_gigabytes(total)} in all, {_gigabytes(free)} free now, about {_gigabytes(needed)} needed"
    remedy = "" if ok else "choose a smaller model, see: konkyo models recommend"
    return Check("memory", ok, detail, remedy)


def _operations(workspace: Workspace) -> Operations:
    """For whoever runs this machine: where there are accounts, the files are read here, in nobody's name."""
    from ui.account_files import AccountFiles
    from ui.connecting import connect
    from ui.local import LocalOperations

    with closing(AccountFiles(workspace)) as accounts:
        if accounts.current() is not None:
            return LocalOperations(workspace)
    return connect(workspace)


def _indexes(workspace: Workspace) -> Check:
    operations = _operations(workspace)
    try:
        found = operations.index_check()
    finally:
        operations.close()
    if not found["ok"]:
        return Check("indexes", False, "; ".join(map(str, found["problems"])), "run: konkyo index rebuild")
    return Check(
        "indexes", True, f"{found['documents']} documents, {found['chunks']} chunks, all in both indexes"
    )


def _failed_files(workspace: Workspace) -> Check:
    """Files that could not be read are no fault of the installation: named, but in order."""
    operations = _operations(workspace)
    try:
        failures = operations.failures()
    finally:
        operations.close()
    remedy = "see their reasons: konkyo documents list" if failures else ""
    return Check("failed files", True, f"{len(failures)}", remedy)


def _directory(settings: Settings) -> Check:
    """The one check that asks another machine: who signs in would be the next to learn of it."""
    if not settings.access.ldap.url:
        return Check("directory", True, "none is named; accounts are those of this workspace")
    from assistant.accounts.directory import Directory

    url = settings.access.ldap.url
    if Directory(settings.access.ldap).examine():
        return Check("directory", True, f"{url} is reached, and lets the service account in")
    return Check("directory", True, f"{url} is reached; people sign in with their own names")


def _listening(workspace: Workspace, settings: Settings) -> Check:
    from ui.api.guard import is_loopback

    if not is_loopback(settings.service.host):
        remedy = f"remove service.host from {workspace.settings_path}"
        return Check("listening", False, f"service.host is {settings.service.host}", remedy)
    addresses = {
        (connection.laddr.ip, connection.laddr.port)
        for process in _own_processes(workspace)
        for connection in _connections(process)
        if connection.status == psutil.CONN_LISTEN
    }
    shown = ", ".join(sorted(f"{ip}:{port}" for ip, port in addresses)) or "nothing is running"
    if all(ipaddress.ip_address(ip.partition("%")[0]).is_loopback for ip, _ in addresses):
        return Check("listening", True, shown)
    remedy = "stop it, and start it without --host, unless others are meant to connect"
    return Check("listening", False, f"{shown}: other computers can connect", remedy)


def _own_processes(workspace: Workspace) -> Iterator[psutil.Process]:
    """The service of this workspace, and every page that this installation serves."""
    from ui.api.token import read_address
    from ui.web.launching import APP

    address = read_address(workspace.service_path)
    for process in psutil.process_iter(["pid", "cmdline"]):
        page = str(APP) in (process.info["cmdline"] or [])
        if page or (address is not None and address.pid == process.pid and address.alive):
            yield process


def _connections(process: psutil.Process) -> list[Any]:
    try:
        return list(process.net_connections(kind="inet"))
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return []  # another user's, or just ended: nothing can be told


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"

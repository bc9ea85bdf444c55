"""Finds the service of a workspace, starts it, or does without."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ui.errors import ServiceError

if TYPE_CHECKING:
    from ingestion.workspace import Workspace
    from ui.api.client import ServiceClient
    from ui.operations import Operations

WAIT = "KONKYO_WAIT_FOR_SERVICE"
"""Set in the environment where another program, such as systemd, starts the service: it is waited for.

A page that started its own would hold the workspace, without the rights and secrets of the real one.
"""
READY_SECONDS = 60.0
_POLL_SECONDS = 0.1
_ANSWER_SECONDS = 15.0  # on a busy machine; taking it for dead would load the models a second time
_DETACHED = 0x00000208  # DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP, names that only Windows has


def connect(workspace: Workspace, start_service: bool = False, *, user: str | None = None) -> Operations:
    """The operations of the running service; without one, start it or work in this process.

    Where there are accounts, `user` is who acts.

    Raises:
        ServiceError: the service was to be started and did not become ready.
        AccountError: it cannot be told who acts, see `AccountFiles.actor`.
    """
    client = running_service(workspace, user=user)
    if client is not None:
        return client
    if start_service:
        return _start(workspace)
    from ui.access import acting
    from ui.account_files import AccountFiles
    from ui.local import LocalOperations

    with closing(AccountFiles(workspace)) as accounts:
        actor = accounts.actor(user)
    return acting(LocalOperations(workspace), actor)


def running_service(workspace: Workspace, *, user: str | None = None) -> ServiceClient | None:
    """A client of the workspace's service, None when none runs. What a dead one left behind is removed."""
    if not workspace.service_path.exists():
        return None
    from ui.api.client import ServiceClient
    from ui.api.token import read_address, remove_address

    address = read_address(workspace.service_path)
    if address is None:
        return None
    if not address.alive:
        remove_address(workspace.service_path, address.token)
        return None
    client = ServiceClient(address, user=user)
    try:
        if client.health(seconds=_ANSWER_SECONDS).get("workspace") == str(workspace.root):
            return client
    except ServiceError:
        pass  # it is just ending, or hangs: the workspace's lock decides what may follow
    client.close()
    return None


def _start(workspace: Workspace) -> ServiceClient:
    """Start a service and wait for it. Of two started at once the lock lets one live, and both find it."""
    if os.environ.get(WAIT):
        return _awaited(workspace)
    log = workspace.logs / "service.log"
    process = _spawn(workspace, log)
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        client = running_service(workspace)
        if client is not None:
            return client
        if process.poll() is not None and not _lock_held(workspace):
            break
        time.sleep(_POLL_SECONDS)
    client = running_service(workspace)
    if client is not None:
        return client
    state = "does not answer" if process.poll() is None else "ended at once"
    raise ServiceError(f"the service was started and {state}. The end of {log}: {_tail(log)}")


def _awaited(workspace: Workspace) -> ServiceClient:
    """The service that another program starts, when it answers."""
    deadline = time.monotonic() + READY_SECONDS
    while (client := running_service(workspace)) is None:
        if time.monotonic() > deadline:
            raise ServiceError(
                f"no service answers for {workspace.root}, and {WAIT} says that another program starts it. "
                "Start it there: systemctl start konkyo"
            )
        time.sleep(_POLL_SECONDS)
    return client


def _spawn(workspace: Workspace, log: Path) -> subprocess.Popen[bytes]:
    # -P: nothing is imported from the folder that the user happens to stand in.
    command = [sys.executable, "-P", "-m", "ui.cli.main", "serve", "--workspace", str(workspace.root)]
    windows = sys.platform == "win32"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=not windows,
            creationflags=_DETACHED if windows else 0,
        )
    # It outlives this function, and must not stay as a zombie when it ends before this process does.
    threading.Thread(target=process.wait, name="konkyo-service", daemon=True).start()
    return process


def _lock_held(workspace: Workspace) -> bool:
    """Whether some process holds the write lock: then a service is coming up, or a command is writing."""
    from ingestion.errors import WorkspaceBusyError

    try:
        with workspace.write_lock():
            return False
    except WorkspaceBusyError:
        return True


def _tail(log: Path, lines: int = 3) -> str:
    try:
        return " / ".join(log.read_text("utf-8", "replace").strip().splitlines()[-lines:])
    except OSError:
        return "(no log)"

"""Runs the service of a workspace: lock, socket, service.json, and an orderly end."""

from __future__ import annotations

import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from importlib.metadata import version

import psutil
import uvicorn

from assistant.errors import AccessRefusedError
from ingestion.workspace import Workspace
from ui.account_files import AccountFiles
from ui.api.acting import Gate, of_request
from ui.api.guard import PROBES, Guard, allowed_hosts, is_loopback
from ui.api.metrics import Measures
from ui.api.probes import probes_of
from ui.api.proxies import Proxies
from ui.api.service import create_app
from ui.api.token import ServiceAddress, remove_address, write_address
from ui.errors import UsageError
from ui.local import LocalOperations
from ui.sync_loop import Schedule

GRACE_SECONDS = 5
LOCK_SECONDS = 2.0
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGHUP) if sys.platform != "win32" else (signal.SIGTERM,)


class Server(uvicorn.Server):
    """Calls `listening` once requests are answered."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets=sockets)
        if self.started:
            self._listening()


def serve(
    workspace: Workspace,
    *,
    host: str | None = None,
    port: int | None = None,
    warm: bool = True,
    listening: Callable[[ServiceAddress], None] = lambda address: None,
) -> None:
    """Serve until SIGTERM, Ctrl-C or a client's shutdown, holding the workspace's write lock.

    `host` and `port` None: as the settings say. `listening` is called when the service can be reached.

    Raises:
        WorkspaceBusyError: another service or a writing command holds the lock.
        AccessRefusedError: others could reach the address, and there are no accounts.
        UsageError: the settings name a host that others can reach, or the address cannot be used.
    """
    every, accounts = workspace.settings(), AccountFiles(workspace)
    settings, proxies = every.service, Proxies(every.access.proxy)
    if host is None and not is_loopback(settings.host):
        raise UsageError(
            f"other computers could reach service.host = {settings.host!r} of {workspace.settings_path}. "
            f"Remove it, or start the service with --host {settings.host}."
        )
    chosen = host or settings.host
    refuse_strangers(chosen, accounts)
    measures = Measures()
    with (
        workspace.write_lock(wait_seconds=LOCK_SECONDS),
        _listen(chosen, settings.port if port is None else port) as listener,
        closing(accounts),
        closing(LocalOperations(workspace, owns_lock=True, observer=measures)) as operations,
        closing(Schedule(operations)) as schedule,
    ):
        address = _address(chosen, listener)
        app = create_app(
            of_request(), workspace=str(workspace.root), shut_down=lambda: _end(server),
            probes=probes_of(operations, measures), accounts=accounts, proxies=proxies,
        )  # fmt: skip
        guard = Guard(
            app, token=address.token, hosts=allowed_hosts(chosen), any_address=not is_loopback(chosen),
            without_token=PROBES | ({"/metrics"} if settings.open_metrics else set()),
            gate=Gate(operations, accounts), proxies=proxies,
        )  # fmt: skip

        def announce() -> None:
            write_address(workspace.service_path, address)
            if warm:
                threading.Thread(target=operations.resources.warm, name="konkyo-warm", daemon=True).start()
            schedule.start()
            listening(address)

        server = Server(_config(guard), announce)
        # uvicorn raises the signal again when it has ended: the default would skip what follows here.
        for name in _STOP_SIGNALS:
            signal.signal(name, lambda *_: sys.exit(0))
        try:
            server.run(sockets=[listener])
        finally:
            remove_address(workspace.service_path, address.token)


def refuse_strangers(host: str, accounts: AccountFiles) -> None:
    """Let nobody else reach what knows only one user.

    Raises:
        AccessRefusedError: other computers could reach `host`, and there are no accounts.
    """
    if not is_loopback(host) and accounts.current() is None:
        raise AccessRefusedError(
            f"other computers could reach {host!r}, and without accounts whoever reaches it reads all. "
            "Make the first admin with konkyo users add NAME --admin, or leave --host out."
        )


def _config(app: Guard) -> uvicorn.Config:
    return uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, proxy_headers=False, ws="none",
        timeout_graceful_shutdown=GRACE_SECONDS, timeout_keep_alive=30,
    )  # fmt: skip


def _address(host: str, listener: socket.socket) -> ServiceAddress:
    process = psutil.Process()
    return ServiceAddress(
        host, listener.getsockname()[1], secrets.token_urlsafe(32), process.pid, process.create_time(),
        version("konkyo"),
    )  # fmt: skip


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise UsageError(f"cannot listen on {host}: {error.strerror or error}.") from error
    try:
        if sys.platform != "win32":  # there it would let two services share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise UsageError(
            f"cannot listen on {host} port {port}: {error.strerror}. Choose another --port."
        ) from error
    return listener


def _end(server: uvicorn.Server) -> None:
    server.should_exit = True

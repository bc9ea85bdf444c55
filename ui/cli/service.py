"""`konkyo serve`, `stop`, `ui` and `doctor`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli.shared import JsonOption, WorkspaceOption, console, note, open_here, print_json, say, translated

if TYPE_CHECKING:
    from ui.api.token import ServiceAddress

_STOP_SECONDS = 120.0  # a busy machine needs most of it to close models and indexes
Host = Annotated[str | None, typer.Option(help=say("options.host"))]
Port = Annotated[int | None, typer.Option(min=0, max=65535, help=say("options.port"))]


def serve(host: Host = None, port: Port = None, workspace: WorkspaceOption = None) -> None:
    """Run the service of this workspace."""
    from ui.account_files import AccountFiles
    from ui.api.guard import is_loopback
    from ui.api.serving import refuse_strangers, serve
    from ui.connecting import running_service
    from ui.logs import log_to

    here = open_here(workspace)
    running = running_service(here)
    if running is not None:
        note(say("say.already_serving", pid=running.health()["pid"]))
        running.close()
        raise typer.Exit(1)
    with closing(AccountFiles(here)) as accounts:
        refuse_strangers(host or "127.0.0.1", accounts)
    if host is not None and not is_loopback(host):
        note(say("say.open_warning", host=host))
    log_to(here.logs / "service.log", here.settings().logging.format)

    def listening(address: ServiceAddress) -> None:
        note(say("say.serving", url=address.url, workspace=here.root))

    serve(here, host=host, port=port, listening=listening)


def stop(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Stop the running service and wait for its end."""
    from ui.connecting import running_service
    from ui.errors import ServiceError

    running = running_service(open_here(workspace))
    if running is None:
        if json:
            print_json({"done": False, "pid": None})
        else:
            note(say("say.not_running"))
        return
    pid = running.shutdown()["pid"]
    running.close()
    deadline = time.monotonic() + _STOP_SECONDS
    while not ended(pid):
        if time.monotonic() > deadline:
            raise ServiceError(
                f"the service (pid {pid}) was told to stop and still runs. See logs/service.log."
            )
        time.sleep(0.05)
    if json:
        print_json({"done": True, "pid": pid})
    else:
        note(say("say.stopped", pid=pid))


def ended(pid: int) -> bool:
    """Whether the process is gone, or waits only for its parent to notice that."""
    import psutil

    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def ui(
    host: Host = None,
    port: Port = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help=say("options.no_browser"))] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Serve the page, with the service behind it."""
    from ui.account_files import AccountFiles
    from ui.api.guard import is_loopback
    from ui.api.serving import refuse_strangers
    from ui.connecting import connect
    from ui.web.launching import PAGE_ENVIRONMENT, command

    here = open_here(workspace)
    settings = here.settings()
    chosen, number = host or "127.0.0.1", settings.service.web_port if port is None else port
    with closing(AccountFiles(here)) as accounts:
        refuse_strangers(chosen, accounts)
    if not is_loopback(chosen):
        note(say("say.open_warning", host=chosen))
    _refuse_taken_port(chosen, number)
    connect(here, start_service=True).close()
    url = f"http://{chosen}:{number}"
    # Unhandled, SIGTERM would end this process at once and leave the page running without an owner.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    page = subprocess.Popen(
        command(number, host=chosen),
        env={**os.environ, "KONKYO_WORKSPACE": str(here.root), **PAGE_ENVIRONMENT},
        stdout=sys.stderr,
    )
    try:
        _wait_for_page(page, chosen, number)
        print(f"READY {url}", flush=True)
        if not no_browser:
            typer.launch(url)
        raise typer.Exit(page.wait())
    finally:
        page.terminate()
        page.wait()


def _refuse_taken_port(host: str, port: int) -> None:
    """Whatever else answers there would be taken for the page."""
    import socket

    from ui.errors import ServiceError

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":  # a page that has just ended does not hold its port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ServiceError(
                f"the page cannot use port {port} of {host}: {error.strerror}. Choose another with --port."
            ) from error


def _wait_for_page(page: subprocess.Popen[bytes], host: str, port: int, seconds: float = 60.0) -> None:
    """Until the page accepts connections."""
    import socket

    from ui.errors import ServiceError

    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and page.poll() is None:
        try:
            socket.create_connection((host, port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise ServiceError(
        f"the page did not start on {host}:{port}. Is the port in use? Choose another with --port."
    )


def doctor(json: JsonOption = False, workspace: WorkspaceOption = None) -> None:
    """Check everything that the workspace needs."""
    from ui.doctor import examine

    found = examine(workspace)
    if json:
        print_json(found)
        return
    for check in found["checks"]:
        mark, style = ("✓", "green") if check["ok"] else ("✗", "red")
        name, detail = (translated(check[key]) for key in ("name", "detail"))
        console().print(f"{mark} {name}: {detail}", style=style)
        if check["remedy"]:
            remedy = translated(check["remedy"])
            console().print(f"  {say('say.remedy', remedy=remedy)}")
    console().print(say("say.doctor_ok" if found["ok"] else "say.doctor_bad"))

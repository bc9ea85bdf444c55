"""The service on a real socket: stopping, starting, and what a dead one leaves behind."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from interface_fakes import FakeAssistant, LightResources

from ingestion.errors import WorkspaceBusyError
from ingestion.settings import Settings
from ingestion.workspace import Workspace, open_workspace
from ui import connecting
from ui.api.client import ServiceClient
from ui.api.guard import Guard, allowed_hosts
from ui.api.service import create_app
from ui.api.serving import Server, _address, _config, _listen
from ui.api.token import ServiceAddress, read_address, write_address
from ui.errors import ServiceError, UsageError
from ui.local import LocalOperations

pytestmark = pytest.mark.network


def _wait(condition: object, seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(tmp_path / "ws", {})
    yield opened
    client = connecting.running_service(opened)
    if client is not None:
        client.shutdown()
        client.close()
        address = read_address(opened.service_path)
        assert _wait(lambda: address is None or not address.alive)


@pytest.fixture
def resources(workspace: Workspace) -> LightResources:
    return LightResources(workspace, Settings())


@pytest.fixture
def client(workspace: Workspace, resources: LightResources) -> Iterator[ServiceClient]:
    """A service in a thread of this process."""
    operations = LocalOperations(workspace, owns_lock=True, resources=resources)
    with _listen("127.0.0.1", 0) as listener:
        address = _address("127.0.0.1", listener)
        app = create_app(operations, workspace=str(workspace.root), shut_down=lambda: None)
        ready = threading.Event()
        server = Server(_config(Guard(app, token=address.token, hosts=allowed_hosts("127.0.0.1"))), ready.set)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        assert ready.wait(30)
        found = ServiceClient(address)
        yield found
        found.close()
        server.should_exit = True
        thread.join(30)
    operations.close()


def test_leaving_in_the_middle_stops_the_generation_and_keeps_what_came(
    client: ServiceClient, resources: LightResources
) -> None:
    resources.fake = FakeAssistant(endless=True)
    key = client.new_conversation()["id"]
    stream = client.ask("期限は？", conversation=key)
    for event in stream:
        if event["event"] == "token":
            break
    stream.close()
    assert resources.fake.closed.wait(20), "the generation goes on without a reader"
    assert _wait(lambda: client.status()["waiting"] == 0)
    answer = client.conversation(key)["messages"][1]["answer"]
    assert answer["stopped"] is True and answer["answer"].startswith("90")


def test_leaving_while_the_model_is_silent_stops_it_too(
    client: ServiceClient, resources: LightResources
) -> None:
    resources.fake = FakeAssistant(pause=threading.Event())
    stop = threading.Event()
    stream = client.ask("期限は？", cancelled=stop.is_set)
    while next(stream)["event"] != "token":
        pass
    stop.set()
    assert list(stream) == []
    assert resources.fake.closed.wait(10), "the generation goes on without a reader"
    assert _wait(lambda: client.status()["waiting"] == 0)


def test_two_readers_at_once_get_their_own_answers(client: ServiceClient, resources: LightResources) -> None:
    resources.fake = FakeAssistant(pause=threading.Event())
    answers: dict[str, str] = {}

    def ask(question: str) -> None:
        *_, last = client.ask(question)
        answers[question] = last["answer"]["question"]

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("一", "二", "三")]
    for thread in threads:
        thread.start()
    assert _wait(lambda: client.status()["waiting"] == 3)
    assert resources.fake.pause is not None
    resources.fake.pause.set()
    for thread in threads:
        thread.join(30)
    assert answers == {"一": "一", "二": "二", "三": "三"}


def test_an_ingest_is_followed_and_a_page_stays_usable(client: ServiceClient, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("私物のUSBメモリは使用してはならない。", "utf-8")
    [*_, last] = client.ingest([str(tmp_path / "docs")])
    assert last["report"]["added"] == 1
    assert client.search("USBメモリ")[0]["path"] == "a.txt"
    job = client.job()
    assert job is not None and job["state"] == "done"


def test_serve_is_found_used_and_ends_cleanly(workspace: Workspace) -> None:
    first = connecting.connect(workspace, start_service=True)
    assert isinstance(first, ServiceClient)
    assert stat.S_IMODE(workspace.service_path.stat().st_mode) == 0o600
    assert first.status()["service"] is True
    with pytest.raises(WorkspaceBusyError), workspace.write_lock():
        pass
    first.close()
    command = [sys.executable, "-m", "ui.cli.main", "stop", "--json", "--workspace", str(workspace.root)]
    subprocess.run(command, check=True, timeout=60, capture_output=True)
    assert not workspace.service_path.exists()
    with workspace.write_lock(wait_seconds=5):
        pass
    local = connecting.connect(workspace)
    assert isinstance(local, LocalOperations)
    local.close()


def test_two_starters_at_once_end_with_one_service(workspace: Workspace) -> None:
    pids: list[int] = []

    def start() -> None:
        client = connecting.connect(workspace, start_service=True)
        assert isinstance(client, ServiceClient)
        pids.append(client.health()["pid"])
        client.close()

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert len(pids) == 3 and len(set(pids)) == 1
    # A late one must find the lock taken and end, or it would outlive the test.
    assert _wait(lambda: [p.pid for p in psutil.Process().children() if _serves(p, workspace)] == pids[:1])


def _serves(process: psutil.Process, workspace: Workspace) -> bool:
    try:
        return str(workspace.root) in process.cmdline()
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False


def test_what_a_killed_service_left_is_removed_and_a_new_one_starts(workspace: Workspace) -> None:
    first = connecting.connect(workspace, start_service=True)
    assert isinstance(first, ServiceClient)
    pid = first.health()["pid"]
    os.kill(pid, signal.SIGKILL)
    assert _wait(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie")
    with pytest.raises(ServiceError):
        first.status()
    first.close()
    assert workspace.service_path.exists()
    second = connecting.connect(workspace, start_service=True)
    assert isinstance(second, ServiceClient) and second.health()["pid"] != pid
    second.close()


def test_a_signal_ends_it_as_cleanly(workspace: Workspace) -> None:
    client = connecting.connect(workspace, start_service=True)
    assert isinstance(client, ServiceClient)
    os.kill(client.health()["pid"], signal.SIGTERM)
    client.close()
    assert _wait(lambda: not workspace.service_path.exists())


def test_an_address_of_a_reused_pid_is_not_believed(workspace: Workspace) -> None:
    write_address(workspace.service_path, ServiceAddress("127.0.0.1", 9, "t", os.getpid(), 1.0, "0"))
    assert connecting.running_service(workspace) is None
    assert not workspace.service_path.exists()


def test_a_service_that_cannot_start_says_why(workspace: Workspace) -> None:
    workspace.settings_path.write_text('[service]\nhost = "0.0.0.0"\n', "utf-8")
    with pytest.raises(ServiceError, match=r"--host 0\.0\.0\.0"):
        connecting.connect(workspace, start_service=True)


def test_a_taken_port_is_named() -> None:
    with _listen("127.0.0.1", 0) as listener, pytest.raises(UsageError, match="Choose another --port"):
        _listen("127.0.0.1", listener.getsockname()[1])

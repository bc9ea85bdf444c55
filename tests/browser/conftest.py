"""A real Chromium, and the page served from another process over a workspace in memory."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from ui.web.launching import command

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE = 120_000
"""Milliseconds until a page counts as broken: a busy machine draws one in half a minute."""
expect.set_options(timeout=PATIENCE)
HERE = Path(__file__).parent
ROOT = HERE.parents[1]
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with its module: while playwright runs, no other test of the session can run an event loop."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., str]]:
    """Serve an app file with extra environment; returns its address. Everything ends with the session."""
    running: list[subprocess.Popen[bytes]] = []
    folder = tmp_path_factory.mktemp("page")

    def start(app: Path, **environment: str) -> str:
        port = free_port()
        with (folder / f"{port}.log").open("wb") as log:
            process = subprocess.Popen(
                command(port, app=app),
                cwd=folder,
                env={**os.environ, **environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        running.append(process)
        address = f"http://127.0.0.1:{port}"
        for _ in range(1200):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).read()
                return address
            except OSError:
                assert process.poll() is None, (folder / f"{port}.log").read_text()
                time.sleep(0.1)
        raise AssertionError(f"the page did not start: {(folder / f'{port}.log').read_text()}")

    yield start
    for process in running:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(120)


@pytest.fixture(scope="session")
def fake_page(serve: Callable[..., str]) -> str:
    return serve(HERE / "fake_app.py", FAKE_DELAY="0.04")


@pytest.fixture(scope="session")
def slow_page(serve: Callable[..., str]) -> str:
    """Slow enough that a busy machine still sees what happens during an answer."""
    return serve(HERE / "fake_app.py", FAKE_DELAY="1.5")


@pytest.fixture(scope="session")
def held_page(serve: Callable[..., str]) -> str:
    """Goes no further than the first sentence of an answer, until that is stopped."""
    return serve(HERE / "fake_app.py", FAKE_DELAY="0.04", FAKE_HOLD="1")


@pytest.fixture(scope="session")
def busy_page(serve: Callable[..., str]) -> str:
    """Takes its time to be drawn, but not as long as to answer."""
    return serve(HERE / "fake_app.py", FAKE_DELAY="0.5", FAKE_STATUS="3")


@dataclass(frozen=True, slots=True)
class Served:
    """A page that `konkyo ui` serves, and the workspace behind it."""

    address: str
    workspace: Path


@pytest.fixture(scope="module")
def served_workspace(default_models_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`konkyo ui` over a new workspace with the default models: service and page, as a user starts them."""
    tmp_path = tmp_path_factory.mktemp("served")
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "models").symlink_to(default_models_dir, target_is_directory=True)
    environment = {**os.environ, "KONKYO_WORKSPACE": str(root)}
    port = free_port()
    konkyo = [sys.executable, "-m", "ui.cli.main"]
    with (tmp_path / "page.log").open("wb") as log:
        page = subprocess.Popen(
            [*konkyo, "ui", "--no-browser", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    assert page.stdout is not None
    try:
        line = page.stdout.readline().decode()
        assert line.startswith("READY "), (tmp_path / "page.log").read_text()
        yield Served(line.split()[1], root)
    finally:
        children = psutil.Process(page.pid).children()
        page.terminate()
        page.wait(120)
        page.stdout.close()
        subprocess.run([*konkyo, "stop"], cwd=ROOT, env=environment, check=True, capture_output=True)
        assert psutil.wait_procs(children, 120)[1] == []  # the page's server ended with its starter


class Visitors:
    """Opens tabs and remembers every address that they asked for."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.requests: list[str] = []
        self.problems: list[str] = []

    def visit(self, address: str, *, locale: str = "ja-JP", ready: str = "[data-testid=stSidebar]") -> Page:
        context = self._browser.new_context(
            locale=locale, viewport={"width": 1380, "height": 900}, accept_downloads=True,
            permissions=["clipboard-read", "clipboard-write"],
        )  # fmt: skip
        self._contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.set_default_timeout(PATIENCE)
        page.goto(address)
        page.wait_for_selector(ready)
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture
def visitors(browser: Browser) -> Iterator[Visitors]:
    opened = Visitors(browser)
    yield opened
    opened.close()
    assert not opened.problems

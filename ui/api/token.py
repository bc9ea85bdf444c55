"""service.json: where the workspace's service listens, and the token that opens it (mode 0600)."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class ServiceAddress:
    """A running service. `started` is the process's start time, so that a reused pid is not taken for it."""

    host: str
    port: int
    token: str
    pid: int
    started: float
    version: str

    @property
    def url(self) -> str:
        """The base address, for a client on this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def alive(self) -> bool:
        """Whether its process still runs."""
        try:
            return bool(abs(psutil.Process(self.pid).create_time() - self.started) < 1.0)
        except psutil.NoSuchProcess:
            return False


def write_address(path: Path, address: ServiceAddress) -> None:
    """Write it whole and readable by its owner only, from the first byte on."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(address), file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def read_address(path: Path) -> ServiceAddress | None:
    """The address in `path`, None when there is none or it is not understood."""
    try:
        return ServiceAddress(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def remove_address(path: Path, token: str) -> None:
    """Remove `path` when it still is the one with `token`: another service may have written its own."""
    found = read_address(path)
    if found is not None and found.token == token:
        path.unlink(missing_ok=True)

"""What this machine has: cores that are really ours, memory, a GPU. Asked, never configured."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil

_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Gpu:
    """A graphics processor. `memory_bytes` is 0 when it cannot be told (shared memory)."""

    name: str
    kind: str
    memory_bytes: int


def available_cores(cgroup: Path = _CGROUP) -> int:
    """Cores this process may keep busy: affinity, then the container's quota; at least 1."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(cores, _quota(cgroup) or cores))


def _quota(cgroup: Path) -> int | None:
    """Whole cores of the container's CPU quota, None without one (version 2, then version 1)."""
    try:
        limit, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            limit = (cgroup / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu/cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    if not limit.isdigit() or int(period) <= 0:
        return None
    return max(1, int(limit) // int(period))


def total_memory(cgroup: Path = _CGROUP) -> int:
    """Bytes of memory this process may use: the machine's, or the container's limit where it is lower."""
    total = int(psutil.virtual_memory().total)
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            limit = (cgroup / name).read_text().strip()
        except OSError:
            continue
        if limit.isdigit():
            return min(total, int(limit))
    return total


def free_memory() -> int:
    """Bytes that can be had now without swapping."""
    return int(psutil.virtual_memory().available)


def find_gpu() -> Gpu | None:
    """The GPU with the most memory that its own tool reports, or None. Nothing heavy is imported."""
    return _nvidia() or _amd() or _apple()


def _nvidia() -> Gpu | None:
    found = []
    for line in _output("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"):
        name, _, megabytes = line.rpartition(",")
        if name and megabytes.strip().isdigit():
            found.append(Gpu(name.strip(), "cuda", int(megabytes) * 1024**2))
    return max(found, key=lambda gpu: gpu.memory_bytes, default=None)


def _amd() -> Gpu | None:
    found = []
    for line in _output("rocm-smi", "--showmeminfo", "vram", "--csv"):
        cells = line.split(",")
        if len(cells) > 1 and cells[0].startswith("card") and cells[1].isdigit():
            found.append(Gpu(f"AMD {cells[0]}", "rocm", int(cells[1])))
    return max(found, key=lambda gpu: gpu.memory_bytes, default=None)


def _apple() -> Gpu | None:
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return Gpu("Apple", "metal", 0)
    return None


def _output(*command: str) -> list[str]:
    """Lines that a tool prints; none when it is absent, fails or hangs."""
    path = shutil.which(command[0])
    if path is None:
        return []
    try:
        done = subprocess.run([path, *command[1:]], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return done.stdout.splitlines()

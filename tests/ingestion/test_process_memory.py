from __future__ import annotations

import subprocess
import sys
import time

import psutil

from ingestion.process_memory import PeakMemory, tree_pss

_MB = 1024 * 1024
_CHILD = (
    "import sys; block = bytearray(b'x') * (80 * 1024 * 1024); print('ready', flush=True); sys.stdin.read()"
)


def test_peak_counts_a_child_that_has_ended() -> None:
    before = tree_pss(psutil.Process()) / _MB
    with PeakMemory(interval=0.02) as memory:
        child = subprocess.Popen(
            [sys.executable, "-c", _CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.2)
        child.communicate("")
    assert memory.peak_mb > before + 75
    assert tree_pss(psutil.Process()) / _MB < before + 60


def test_shared_pages_are_not_counted_twice() -> None:
    """Two children that share one mapping of 64 MB add about 64 MB, not 128."""
    code = (
        "import mmap, os, sys; block = mmap.mmap(-1, 64 * 1024 * 1024); block.write(b'x' * len(block));\n"
        "pid = os.fork()\n"
        "total = sum(block[index] for index in range(0, len(block), 4096))\n"
        "if pid: print('ready', flush=True)\n"
        "sys.stdin.read()\n"
        "if pid: os.wait()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.3)
    measured = tree_pss(psutil.Process(child.pid)) / _MB
    child.communicate("")
    assert 60 < measured < 110


def test_a_process_that_is_gone_weighs_nothing() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    process = psutil.Process(child.pid)
    child.wait()
    assert tree_pss(process) == 0

"""When a process that was told to stop counts as ended."""

from __future__ import annotations

import subprocess
import sys
import time

from ui.cli.service import ended


def test_a_process_has_ended_when_it_is_gone_or_only_waits_to_be_noticed() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert child.stdin is not None
    assert not ended(child.pid)
    child.stdin.close()
    for _ in range(600):
        if ended(child.pid):  # nobody has waited for it yet
            break
        time.sleep(0.1)
    assert ended(child.pid)
    assert child.wait() == 1
    assert ended(child.pid)

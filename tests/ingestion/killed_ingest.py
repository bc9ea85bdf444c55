"""Run by test_killing.py in a process of its own: takes a folder in until it is done or killed."""

from __future__ import annotations

import sys
from pathlib import Path

from library_fakes import World

if __name__ == "__main__":
    world = World(Path(sys.argv[1]))
    print("ready", flush=True)
    parse = {"parse": None} if "real" in sys.argv[2:] else {}
    world.ingest(progress=lambda step: print(step.phase, flush=True), **parse)
    world.close()

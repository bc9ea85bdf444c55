"""kill -9 during a run: nothing that was committed is lost, nothing is there twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from library_fakes import World

from ingestion.indexes import SearchIndexes

FILES = 40
KILLS = 10


def planted(number: int) -> str:
    return f"ZX-{number * 7919 + 10_000}"


def write_files(docs: Path, version: int) -> None:
    docs.mkdir(exist_ok=True)
    for number in range(FILES):
        lines = "\n\n".join(f"第{n}条 {version}版{number}号の規程、{n}番目の定め。" * 6 for n in range(1, 12))
        (docs / f"{number}.txt").write_text(f"{lines}\n\n製品{planted(number)}-{version}の扱い。", "utf-8")


@pytest.mark.slow
def test_ten_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    chance = random.Random(20)
    docs = tmp_path / "docs"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    script = [sys.executable, str(Path(__file__).with_name("killed_ingest.py")), str(tmp_path)]
    committed = killed = version = 0
    for attempt in range(3 * KILLS):
        if attempt % 4 == 0:  # everything changes: the runs that follow replace and remove, too
            version = attempt
            write_files(docs, version)
        killed += kill_during(script, environment, steps=chance.randrange(60))
        world = World(tmp_path)  # opening catches up
        assert world.indexes.check()["problems"] == []
        documents = world.library.documents_list()
        committed += len(documents)
        assert all(len(summary.locations) == 1 for summary in documents)
        assert len(set(world.paths())) == len(documents)
        if attempt % 4 == 3:
            world.ingest()
            assert_complete(world, version)
        world.close()
        if killed == KILLS:
            break
    assert killed == KILLS and committed > 0
    world = World(tmp_path)
    world.ingest()
    assert_complete(world, version)
    world.close()


def kill_during(script: list[str], environment: dict[str, str], steps: int) -> bool:
    """Kill a run after so many steps of its progress; False when it had fewer and ended."""
    with subprocess.Popen(script, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        for _ in range(1 + steps):
            process.stdout.readline()
        time.sleep(0.002 * (steps % 5))  # not always right after a report
        process.send_signal(signal.SIGKILL)
        return process.wait() == -signal.SIGKILL


def assert_complete(world: World, version: int) -> None:
    assert world.paths() == sorted(f"{number}.txt" for number in range(FILES))
    checked = world.indexes.check()
    assert (checked["problems"], checked["documents"]) == ([], FILES)
    for number in range(FILES):
        assert world.found(f"{planted(number)}-{version}", 1) == [f"{number}.txt"]
    fresh = SearchIndexes.open(world.root / "fresh", world.library, "hashing-64", 64)
    vector = world.embedder.embed_query("規程")
    assert [s for _, s in fresh.dense(vector, 50)] == pytest.approx(
        [s for _, s in world.indexes.dense(vector, 50)]
    )
    fresh.close()

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
    committed = killed = 0
    for kill in range(KILLS):
        if kill % 4 == 0:  # everything changes: the runs that follow replace and remove, too
            write_files(docs, version=kill)
        with subprocess.Popen(script, stdout=subprocess.PIPE, env=environment) as process:
            assert process.stdout is not None and process.stdout.readline() == b"ready\n"
            time.sleep(chance.uniform(0.0, 0.5))
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
        world = World(tmp_path)  # opening catches up
        assert world.indexes.check()["problems"] == []
        documents = world.library.documents_list()
        committed += len(documents)
        assert all(len(summary.locations) == 1 for summary in documents)
        assert len(set(world.paths())) == len(documents)
        if kill % 4 == 3:
            world.ingest()
            assert_complete(world, version=kill - 3)
        world.close()
    assert killed >= KILLS - 2 and committed > 0
    world = World(tmp_path)
    world.ingest()
    assert_complete(world, version=8)
    world.close()


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

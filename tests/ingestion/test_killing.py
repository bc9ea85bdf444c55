"""kill -9 during a run: nothing that was committed is lost, nothing is there twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import zipfile
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


@pytest.mark.slow
def test_kills_within_archives_leave_no_member_out(tmp_path: Path) -> None:
    """An archive counts as known only when everything in it is; nothing that was unpacked stays behind."""
    chance = random.Random(7)
    docs = tmp_path / "docs"
    docs.mkdir()
    inner = [f"{number}番の規程。合言葉は{planted(number)}。" for number in range(30)]
    for name in ("a", "b"):
        with zipfile.ZipFile(docs / f"{name}.zip", "w") as archive:
            for number, text in enumerate(inner):
                archive.writestr(f"{number % 3}/{number}.txt", f"{text}{name}" * 120)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    script = [sys.executable, str(Path(__file__).with_name("killed_ingest.py")), str(tmp_path), "real"]
    everything = sorted(
        [f"{name}.zip" for name in "ab"] + [f"{n}.zip/{i % 3}/{i}.txt" for n in "ab" for i in range(30)]
    )
    killed = partly = 0
    for attempt in range(6):
        killed += kill_during(script, environment, steps=chance.randrange(25, 90))
        world = World(tmp_path)
        assert world.indexes.check()["problems"] == []
        paths = world.paths()
        assert all(name + ".zip" not in paths or len([p for p in paths if p.startswith(name)]) == 31
                   for name in "ab")  # fmt: skip
        partly += 0 < len(paths) < len(everything)
        if attempt == 2:
            world.ingest(parse=None)
            assert world.paths() == everything
            for path in docs.iterdir():  # both change as a whole
                path.write_bytes(path.read_bytes() + b" ")
        world.close()
    assert killed and partly
    world = World(tmp_path)
    world.ingest(parse=None)
    assert world.paths() == everything
    assert world.indexes.check()["problems"] == []
    assert world.found(planted(17), 2) != []
    assert not (tmp_path / "unpacked").exists()
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

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ingestion.errors import ReadError
from ingestion.location_rows import FileState
from ingestion.parse_ahead import options_for
from ingestion.parsing import ParserProcess
from ingestion.reading import ReadOptions
from ingestion.settings import IngestionSettings

READER = """
import os, time
from pathlib import Path
from ingestion.documents import Document, Page
from ingestion.errors import ReadError
from ingestion.heartbeat import beat

def read(path, options):
    word = path.name
    if word == "crash": os.kill(os.getpid(), 11)
    if word == "leave": os._exit(3)
    if word == "hang": time.sleep(100)
    if word == "bug": raise KeyError("wrong")
    if word == "refuse": raise ReadError("it is encrypted.")
    if word == "print": print("noise" * 10_000)
    if word == "eat":
        held = []
        while True:
            held.append(bytearray(20_000_000))
            time.sleep(0.01)
    if word == "gulp": bytearray(4_000_000_000)
    if word.startswith("pages"):
        for _ in range(int(word[5:])):
            time.sleep(0.6)
            beat()
        return Document("done", "txt", ())
    if word == "stuck":
        beat()
        time.sleep(100)
    if word == "options": return Document(repr((options.passwords, options.ocr)), "txt", ())
    if word == "pid": return Document(str(os.getpid()), "txt", ())
    text = "文" * 500_000
    return Document(text, "txt", (Page(1, 0, len(text)),))
"""


@pytest.fixture
def parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ParserProcess]:
    (tmp_path / "odd_reader.py").write_text(READER, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    settings = IngestionSettings(seconds_per_file=3, memory_mb_per_file=300)
    with ParserProcess(settings, "odd_reader:read") as parser:
        yield parser


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("crash", "crashed on it .signal 11"), ("leave", "crashed on it .exit code 3"),
        ("hang", "more than 3 seconds"), ("bug", "KeyError"), ("refuse", "it is encrypted"),
        ("eat", "300 MB"), ("gulp", "300 MB"),
    ],
)  # fmt: skip
def test_a_bad_file_costs_only_itself(parser: ParserProcess, name: str, reason: str) -> None:
    with pytest.raises(ReadError, match=reason):
        parser.parse(Path(name))
    assert len(parser.parse(Path("good")).text) == 500_000


def test_each_page_gives_a_file_its_time_anew(parser: ParserProcess) -> None:
    start = time.monotonic()
    assert parser.parse(Path("pages7")).text == "done"
    assert time.monotonic() - start > 3
    with pytest.raises(ReadError, match="more than 3 seconds"):
        parser.parse(Path("stuck"))
    assert len(parser.parse(Path("good")).text) == 500_000


def test_pages_do_not_give_more_than_the_hours_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "odd_reader.py").write_text(READER, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    settings = IngestionSettings(seconds_per_file=3, memory_mb_per_file=300, hours_per_file=4 / 3600)
    with ParserProcess(settings, "odd_reader:read") as parser:
        with pytest.raises(ReadError, match=r"more than 0\.001\d* hours"):
            parser.parse(Path("pages1000"))
        assert len(parser.parse(Path("good")).text) == 500_000


def test_passwords_and_mode_reach_the_reader(parser: ParserProcess) -> None:
    options = ReadOptions(("一", "two"), "always")
    assert parser.parse(Path("options"), options).text == "(('一', 'two'), 'always')"


def test_the_mode_of_the_deepest_folder_counts() -> None:
    folders = {"/srv/scans/": "always", "/srv/scans/drawings": "off"}
    settings = IngestionSettings(passwords=("x",), ocr="auto", ocr_folders=folders)
    modes = {
        path: options_for(settings, FileState("/srv", path, 0, 0)).ocr
        for path in ("a.pdf", "scans/a.pdf", "scans/drawings/x/a.pdf", "scans2/a.pdf", "scans/a.zip/b.pdf")
    }
    assert list(modes.values()) == ["auto", "always", "off", "auto", "always"]
    assert options_for(settings, FileState("/srv", "a.pdf", 0, 0)).passwords == ("x",)


def test_other_functions_run_in_the_child_too(parser: ParserProcess) -> None:
    assert parser.call("os.path:basename", "/a/b.txt") == "b.txt"
    with pytest.raises(ReadError, match="ModuleNotFoundError"):
        parser.call("no_such_module:f")


def test_what_a_reader_prints_does_not_disturb(parser: ParserProcess) -> None:
    assert parser.parse(Path("print")).text.startswith("文")


def test_nothing_is_imported_from_the_folder_it_runs_in(
    parser: ParserProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = tmp_path / "documents"
    for name in ("ingestion", "email"):
        (documents / name).mkdir(parents=True)
        (documents / name / "__init__.py").write_text("raise SystemExit(9)", "utf-8")
    monkeypatch.chdir(documents)
    assert len(parser.parse(Path("good")).text) == 500_000


def test_one_child_serves_many_files(parser: ParserProcess) -> None:
    assert parser.parse(Path("pid")).text == parser.parse(Path("pid")).text


def test_closing_ends_a_parse_that_is_under_way(parser: ParserProcess) -> None:
    parser.parse(Path("good"))
    threading.Timer(0.3, parser.close).start()
    start = time.monotonic()
    with pytest.raises(ReadError):
        parser.parse(Path("hang"))
    assert time.monotonic() - start < 2
    with pytest.raises(ReadError, match="stopped"):
        parser.parse(Path("good"))


@pytest.mark.parametrize("last", ["good", "hang"])
def test_the_child_dies_with_its_parent(tmp_path: Path, last: str) -> None:
    (tmp_path / "odd_reader.py").write_text(READER, "utf-8")
    script = (
        "from pathlib import Path; from ingestion.parsing import ParserProcess;"
        "from ingestion.settings import IngestionSettings;"
        "p = ParserProcess(IngestionSettings(), 'odd_reader:read');"
        f"print(p.parse(Path('pid')).text, flush=True); p.parse(Path({last!r})); input()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(0.3)
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and psutil.pid_exists(child):
        if psutil.Process(child).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.05)
    else:
        assert not psutil.pid_exists(child)

"""The trainings of a workspace: a folder each, which the page and the terminal read while it is written.

In runs/NAME/ are

- recipe.toml: the recipe as it was given
- record.json: what is trained on what, with what; state, process, result
- events.jsonl: losses, validations, sample answers, one JSON value a line, oldest first
- data.jsonl: the examples, until the training has ended well
- checkpoints/: where it goes on after it was stopped or killed
- best/: the adapter with the lowest validation loss so far
- log.txt: what libraries said
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from ingestion.durable import replace_file
from training.errors import TuningError

Json = dict[str, Any]

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_WRITING = threading.Lock()  # the thread that watches the memory writes, too
_POLL_SECONDS = 0.3
_PATIENCE_SECONDS = 60.0  # for the step at hand, when a run is asked to stop
INTERRUPTED = "its process ended in the middle. Go on with: konkyo train run --resume {name}"


@dataclass(frozen=True, slots=True)
class Run:
    """One training, by its folder."""

    folder: Path

    @property
    def name(self) -> str:
        """Its name."""
        return self.folder.name

    @property
    def recipe(self) -> Path:
        """The recipe's text."""
        return self.folder / "recipe.toml"

    @property
    def data(self) -> Path:
        """The examples."""
        return self.folder / "data.jsonl"

    @property
    def checkpoints(self) -> Path:
        """States to go on from."""
        return self.folder / "checkpoints"

    @property
    def best(self) -> Path:
        """The best adapter so far."""
        return self.folder / "best"

    @property
    def log(self) -> Path:
        """What libraries said."""
        return self.folder / "log.txt"

    def record(self) -> Json:
        """What is known of it; `state` tells what is so now.

        A run whose process has ended without a word is `stopped`, with `interrupted` true.

        Raises:
            TuningError: there is no such run, or its record cannot be read.
        """
        path = self.folder / "record.json"
        try:
            value: Json = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            raise TuningError(f"there is no run {self.name}. See: konkyo train runs list") from None
        except (OSError, ValueError) as error:
            raise TuningError(f"{path} cannot be read: {error}. Start the training anew.") from error
        value["interrupted"] = value["state"] == "running" and not _lives(value.get("process"))
        if value["interrupted"]:
            value |= {"state": "stopped", "reason": INTERRUPTED.format(name=self.name)}
        return value

    def update(self, **changes: Any) -> None:
        """Change the record, whole or not at all. Only the process that trains does."""
        path = self.folder / "record.json"
        with _WRITING:
            known = json.loads(path.read_text("utf-8")) if path.is_file() else {}
            new = path.with_name(f"{path.name}.{os.getpid()}.new")
            new.write_text(json.dumps({**known, **changes}, ensure_ascii=False, indent=1), "utf-8")
            replace_file(new, path)

    def tell(self, event: str, **values: Any) -> None:
        """Add an event; those who follow read it at once."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"event": event, **values, "at": at}, ensure_ascii=False)
        with (self.folder / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def events(self) -> list[Json]:
        """All events that still hold: what came after a checkpoint is gone once a run goes on from it."""
        found: list[Json] = []
        for line in self._lines():
            event = _parsed(line)
            if event is not None and event["event"] == "resumed":
                # From step 0 it begins anew: what was measured before the first step is measured again.
                last = event["step"] or -1
                found = [one for one in found if one.get("step", -1) <= last]
            if event is not None:
                found.append(event)
        return found

    @property
    def told(self) -> int:
        """Bytes of events so far."""
        path = self.folder / "events.jsonl"
        return path.stat().st_size if path.is_file() else 0

    def follow(self, start: int = 0) -> Iterator[Json]:
        """The events from the first to the last, as they come, until the run has ended.

        `start` is what `told` was before a run went on: how it ended before is no news then.
        """
        read, rest = start, b""
        while True:
            running = self.record()["state"] == "running"
            path = self.folder / "events.jsonl"
            if path.is_file():
                with path.open("rb") as file:
                    file.seek(read)
                    part = file.read()
                read += len(part)
                *lines, rest = (rest + part).split(b"\n")
                for line in lines:
                    if (event := _parsed(line)) is not None:
                        yield event
            if not running:
                return
            time.sleep(_POLL_SECONDS)

    def stop(self, seconds: float = _PATIENCE_SECONDS) -> None:
        """End it at the next step, or by force after `seconds`; either way it can go on later.

        Raises:
            TuningError: it does not run.
        """
        record = self.record()
        process = _process(record.get("process"))
        if record["state"] != "running" or process is None:
            raise TuningError(f"the run {self.name} does not run: it is {record['state']}.")
        process.terminate()
        try:
            process.wait(seconds)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(seconds)

    def repaired(self) -> None:
        """End a line that a killed process had only begun, so that the next event has one of its own."""
        path = self.folder / "events.jsonl"
        if path.is_file() and (text := path.read_bytes()) and not text.endswith(b"\n"):
            with path.open("ab") as file:
                file.write(b"\n")

    def _lines(self) -> list[bytes]:
        path = self.folder / "events.jsonl"
        return path.read_bytes().split(b"\n") if path.is_file() else []


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The trainings of a workspace (`Workspace.runs`)."""

    root: Path

    @property
    def lock(self) -> Path:
        """Held by the one training that runs."""
        return self.root / "training.lock"

    def run(self, name: str) -> Run:
        """The run of this name, whether it is there or not.

        Raises:
            TuningError: it cannot be a name.
        """
        if not _NAME.fullmatch(name):
            raise TuningError(
                f"{name!r} cannot be the name of a run: use up to 64 of a-z, 0-9, '.', '_' and '-', "
                "beginning with a letter or digit."
            )
        return Run(self.root / name)

    def all(self) -> list[Run]:
        """All runs, the oldest first."""
        found = [Run(path.parent) for path in self.root.glob("*/record.json")]
        return sorted(found, key=lambda run: (run.record()["created_at"], run.name))

    def create(self, name: str, text: str, **record: Any) -> Run:
        """A new run with its recipe's text and what is known so far; a taken name gets a number.

        It is this process's own, unless `record` names another `process` or None.
        """
        run = self._taken(name)
        run.recipe.write_text(text, "utf-8")
        created = datetime.now(UTC).isoformat(timespec="milliseconds")
        known = {"name": run.name, "state": "running", "reason": "", "created_at": created}
        run.update(**{**known, "process": this_process(), **record})
        return run

    def _taken(self, name: str) -> Run:
        """The first free run of this name, with its folder: two that are made at once get two."""
        self.root.mkdir(parents=True, exist_ok=True)
        number, run = 1, self.run(name)
        while True:
            try:
                run.folder.mkdir()
                return run
            except FileExistsError:
                number += 1
                run = self.run(f"{name[:58]}-{number}")


def this_process() -> Json:
    """What tells this process from another one that gets its number later."""
    own = psutil.Process()
    return {"pid": own.pid, "started": own.create_time()}


def _process(told: Mapping[str, Any] | None) -> psutil.Process | None:
    try:
        process = psutil.Process(told["pid"]) if told else None
        same = process is not None and abs(process.create_time() - (told or {})["started"]) < 1
        alive = same and process is not None and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if alive else None


def _lives(told: Mapping[str, Any] | None) -> bool:
    return _process(told) is not None


def _parsed(line: bytes) -> Json | None:
    """The event of a line; None where a killed process left only a part of one."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and "event" in value else None

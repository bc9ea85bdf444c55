"""Reports of the gate, a JSON file each in the adapter's folder, so that they leave with it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from assistant.adapters import AdapterFolder
from ingestion.durable import replace_file
from training.errors import GateError

Json = dict[str, Any]
FOLDER = "gate"
_ID = re.compile(r"[0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class GateReports:
    """The reports of one adapter. Its shape is in docs/cli.md, `train evaluate`."""

    folder: Path

    @classmethod
    def of(cls, adapters: AdapterFolder, name: str) -> GateReports:
        """Those of the adapter `name`.

        Raises:
            AdapterError: `name` is no name of an adapter.
        """
        return cls(adapters.folder(name) / FOLDER)

    def save(self, report: Mapping[str, Any]) -> Json:
        """Write it under an id of its time, whole or not at all: the report with its id."""
        self.folder.mkdir(parents=True, exist_ok=True)
        stem = f"{datetime.fromisoformat(report['created_at']):%Y%m%dT%H%M%S}"
        number = 1
        while (path := self.folder / f"{stem}-{number}.json").exists():
            number += 1
        saved = {**report, "id": path.stem}
        new = path.with_suffix(".new")
        new.write_text(json.dumps(saved, ensure_ascii=False, indent=1), "utf-8", "backslashreplace")
        replace_file(new, path)
        return saved

    def ids(self) -> list[str]:
        """The newest first."""
        found = [(path.stat().st_mtime_ns, path.stem) for path in self.folder.glob("*.json")]
        return [stem for _, stem in sorted(found, reverse=True)]

    def read(self, report: str) -> Json:
        """The report with this id.

        Raises:
            GateError: there is none, or it cannot be read.
        """
        path = self.folder / f"{report}.json"
        if not _ID.fullmatch(report) or not path.is_file():
            raise GateError(f"no report {report!r} of the gate. Make one: konkyo train evaluate")
        try:
            found = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise GateError(f"{path} cannot be read: {error}. Evaluate the adapter again.") from error
        if not isinstance(found, dict):
            raise GateError(f"{path} is no report of the gate. Evaluate the adapter again.")
        return found

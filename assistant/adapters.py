"""Tuned adapters of a workspace: a folder with a manifest each, and one file that says which is served.

Training writes manifests and this module reads them too, so that the assistant never imports training:

    adapters/NAME/manifest.json    what it is, what it was learnt from, what was found about it
    adapters/NAME/peft/            the weights as peft saves them
    adapters/NAME/adapter.gguf     the same for llama.cpp, once exported
    adapters/published.json        which one answers, the trial that runs, and every change so far
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

from assistant.errors import AdapterError
from ingestion.durable import replace_file

Method = Literal["sft", "dpo", "continued"]
Act = Literal["publish", "rollback", "trial", "end_trial"]

MANIFEST = "manifest.json"
GGUF = "adapter.gguf"
PEFT = "peft"
BASE = "base"
"""Stands for the base model where the name of an adapter could stand, so no adapter is called that."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of one adapter. The last three are None until that step was done; all are JSON-ready.

    `base` has `model` (its name among the models), `sha256` of its file, `family` (as GGUF names
    it). `data` has `hash`, `train`, `validation` (how many), `documents` (ids that taught it), `licences`.
    `parents` are adapters it continues. `gguf` has `bytes`, `sha256`; `parity` and `gate` are the last
    reports of `konkyo train parity` and `konkyo train evaluate`.
    """

    name: str
    created_at: str
    base: Mapping[str, Any]
    method: Method
    recipe: Mapping[str, Any]
    run: str
    data: Mapping[str, Any]
    seed: int
    versions: Mapping[str, str]
    parents: tuple[str, ...] = ()
    gguf: Mapping[str, Any] | None = None
    parity: Mapping[str, Any] | None = None
    gate: Mapping[str, Any] | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `as_json` gave; keys of a newer version are left out.

        Raises:
            AdapterError: a key is missing.
        """
        known = {one.name: value[one.name] for one in fields(cls) if one.name in value}
        try:
            return cls(**{**known, "parents": tuple(known.get("parents", ()))})
        except TypeError as error:
            raise AdapterError(
                f"the manifest of adapter {value.get('name')!r} lacks something: {error}."
            ) from error

    def as_json(self) -> dict[str, Any]:
        """The manifest as it is stored."""
        return {**asdict(self), "parents": list(self.parents)}


@dataclass(frozen=True, slots=True)
class Publication:
    """What is served. `current` None is the base model; `trial` is `{adapter, share}`, share in (0, 1)."""

    current: str | None = None
    trial: Mapping[str, Any] | None = None
    history: tuple[Mapping[str, Any], ...] = field(default=())
    """Oldest first: `{at, act, adapter, previous, by, reason, forced}`, and what the act adds to that."""

    def changed(
        self, act: Act, adapter: str | None, *, by: str, reason: str = "", forced: bool = False, **more: Any
    ) -> Publication:
        """With one more row of history; what is served is the caller's to set. `more` is JSON-ready."""
        row = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"), "act": act, "adapter": adapter,
            "previous": self.current, "by": by, "reason": reason, "forced": forced, **more,
        }  # fmt: skip
        return replace(self, history=(*self.history, row))

    def sha256_of(self, adapter: str, act: Literal["publish", "trial"]) -> str:
        """Of the file that was published (or put on trial) last under this name, "" where none was noted."""
        rows = [row for row in self.history if row.get("act") == act and row.get("adapter") == adapter]
        return str(rows[-1].get("sha256", "")) if rows else ""


@dataclass(frozen=True, slots=True)
class AdapterFolder:
    """The adapters of a workspace (`Workspace.adapters`)."""

    root: Path

    def folder(self, name: str) -> Path:
        """Where the adapter `name` lies, or will lie.

        Raises:
            AdapterError: `name` is no name of a folder.
        """
        if not _NAME.fullmatch(name) or name == BASE:
            raise AdapterError(
                f"{name!r} cannot be the name of an adapter: use up to 64 of a-z, 0-9, '.', '_' and '-', "
                "beginning with a letter or digit, and not 'base'."
            )
        return self.root / name

    def names(self) -> list[str]:
        """All that have a manifest, the oldest first."""
        found = [self.read(path.parent.name) for path in self.root.glob(f"*/{MANIFEST}")]
        return [one.name for one in sorted(found, key=lambda one: (one.created_at, one.name))]

    def read(self, name: str) -> Manifest:
        """The manifest of `name`.

        Raises:
            AdapterError: there is none, or it cannot be read.
        """
        path = self.folder(name) / MANIFEST
        try:
            found = json.loads(path.read_text("utf-8"))
            if not isinstance(found, dict):
                raise ValueError("it is no table")
            return Manifest.from_json(found)
        except FileNotFoundError:
            raise AdapterError(f"there is no adapter {name!r}. See: konkyo train list") from None
        except (OSError, ValueError) as error:
            raise AdapterError(f"{path} cannot be read: {error}. Train the adapter again.") from error

    def write(self, manifest: Manifest) -> None:
        """Store a manifest in place of the one before, whole or not at all."""
        folder = self.folder(manifest.name)
        folder.mkdir(parents=True, exist_ok=True)
        _write_json(folder / MANIFEST, manifest.as_json())

    def publication(self) -> Publication:
        """What is served now; the base model where nothing was ever published.

        Raises:
            AdapterError: the file cannot be read.
        """
        path = self.root / "published.json"
        try:
            value = json.loads(path.read_text("utf-8"))
            return Publication(value["current"], _trial(value["trial"]), tuple(map(dict, value["history"])))
        except FileNotFoundError:
            return Publication()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AdapterError(
                f"{path} cannot be read: {error}. Remove it to serve the base model."
            ) from error

    def publish(self, publication: Publication) -> None:
        """Store what is served, whole or not at all."""
        self.root.mkdir(parents=True, exist_ok=True)
        _write_json(
            self.root / "published.json",
            {
                "current": publication.current, "trial": publication.trial,
                "history": [dict(row) for row in publication.history],
            },
        )  # fmt: skip


def _trial(value: Any) -> Mapping[str, Any] | None:
    """`value` as a trial; what a person wrote otherwise into the file must not fail later, at a question."""
    return None if value is None else {"adapter": str(value["adapter"]), "share": float(value["share"])}


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.write_text(json.dumps(value, ensure_ascii=False, indent=1), "utf-8")
    replace_file(new, path)

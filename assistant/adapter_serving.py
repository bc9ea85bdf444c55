"""Which tuned adapter answers whom, and whether it may: nothing is served that is not what was published.

A conversation's own choice comes first, then the trial, then what is published, else the base model. The
publication is read anew for each question, so that what another process published counts at the next one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.adapters import BASE, GGUF, AdapterFolder, Manifest, Publication
from assistant.errors import AdapterError
from assistant.generation import AdapterFile
from ingestion.documents import LOCAL_USER, User
from ingestion.errors import ModelError
from ingestion.model_files import MANIFEST, read_manifest, sha256_of

Why = Literal["chosen", "trial", "published", "base"]


@dataclass(frozen=True, slots=True)
class Choice:
    """The adapter that answers, None for the base model, and why."""

    adapter: str | None
    why: Why


@dataclass(frozen=True, slots=True)
class BaseModel:
    """The chat model that is served: its name, and its GGUF file."""

    name: str
    path: Path


def choose(publication: Publication, *, own: str | None = None, asker: str | None = None) -> Choice:
    """Who answers. `own` is the conversation's choice (a name, `BASE`, or None).

    `asker` is what the trial is drawn by: the user, or the conversation where there is one user only; None
    (a single question) takes no part in a trial.
    """
    if own is not None:
        return Choice(None if own == BASE else own, "chosen")
    trial = publication.trial
    if trial and asker is not None and in_trial(asker, str(trial["adapter"]), float(trial["share"])):
        return Choice(str(trial["adapter"]), "trial")
    return Choice(publication.current, "published" if publication.current else "base")


def in_trial(asker: str, adapter: str, share: float) -> bool:
    """Whether `asker` is among the `share` in [0, 1] that tries `adapter`: always the same for both.

    The first 64 bits of SHA-256 over both names are as good as drawn evenly from [0, 1); another trial
    draws anew, and a larger share keeps those of a smaller one.
    """
    drawn = int.from_bytes(hashlib.sha256(f"{adapter}\n{asker}".encode()).digest()[:8], "big")
    return drawn / 2**64 < share


def asker_of(user: User, conversation: str | None) -> str | None:
    """Whom a trial is drawn by: the user, or the conversation as long as all are one user."""
    return conversation if user == LOCAL_USER else user.name


class Checksums:
    """SHA-256 of files, computed again only when size or time of a file have changed."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, int, int], str] = {}

    def of(self, path: Path) -> str:
        """In hex.

        Raises:
            OSError: the file cannot be read.
        """
        state = path.stat()
        key = (path, state.st_size, state.st_mtime_ns)
        if key not in self._known:
            self._known[key] = sha256_of(path)
        return self._known[key]

    def of_model(self, path: Path) -> str:
        """As `of`, from the manifest beside a fetched model where its size is still the one noted there.

        Raises:
            OSError, ModelError: the file or the manifest cannot be read.
        """
        noted = read_manifest(path.parent).get("files", {}) if (path.parent / MANIFEST).exists() else {}
        entry = noted.get(path.name, {})
        if entry.get("sha256") and entry.get("bytes") == path.stat().st_size:
            return str(entry["sha256"])
        return self.of(path)


class AdapterServing:
    """The adapters of a workspace as they are served over one base model.

    `base` gives the model that is served, and raises where adapters cannot be.
    """

    def __init__(
        self,
        folder: AdapterFolder,
        base: Callable[[str | None], BaseModel],
        checksums: Checksums | None = None,
    ) -> None:
        self.folder = folder
        self._base = base
        self._checksums = checksums or Checksums()

    def choice(self, *, own: str | None = None, asker: str | None = None) -> Choice:
        """Who answers the next question.

        Raises:
            AdapterError: the publication cannot be read.
        """
        return choose(self.folder.publication(), own=own, asker=asker)

    def file_of(self, name: str, model: str | None = None) -> AdapterFile:
        """The file of adapter `name`, found fit for `model` (the configured one by default).

        Raises:
            AdapterError: it is not there, was not exported, is damaged, or belongs to another base model.
            ModelError: the base model is not there.
        """
        manifest = self.folder.read(name)
        path = self._whole(manifest)
        self._fitting(manifest, model)
        return AdapterFile(name, path, str((manifest.gguf or {})["sha256"]))

    def problem(self, name: str) -> Exception | None:
        """Why adapter `name` cannot be served, None when it can."""
        try:
            self.file_of(name)
        except (AdapterError, ModelError) as error:
            return error
        return None

    def _whole(self, manifest: Manifest) -> Path:
        name, path = manifest.name, self.folder.folder(manifest.name) / GGUF
        if not manifest.gguf or not manifest.gguf.get("sha256"):
            raise AdapterError(
                f"adapter {name!r} was not exported yet. Export it: konkyo train export {name}"
            )
        try:
            found = self._checksums.of(path)
        except OSError as error:
            raise AdapterError(
                f"the file of adapter {name!r} cannot be read: {path} ({error.strerror}). "
                f"Export it again: konkyo train export {name}"
            ) from error
        if found != manifest.gguf["sha256"]:
            raise AdapterError(
                f"the file of adapter {name!r} is not the one that was exported: {path} has the SHA-256 "
                f"{found[:12]}…, not {str(manifest.gguf['sha256'])[:12]}…. "
                f"Export it again: konkyo train export {name}"
            )
        return path

    def _fitting(self, manifest: Manifest, model: str | None) -> None:
        base = self._base(model)
        try:
            served = self._checksums.of_model(base.path)
        except OSError as error:
            raise AdapterError(
                f"the chat model {base.name} cannot be read: {base.path} ({error.strerror}). "
                "Check it: konkyo models check"
            ) from error
        learnt = str(manifest.base.get("sha256", ""))
        if served not in (learnt, _proven_on(manifest)):
            raise AdapterError(
                f"adapter {manifest.name!r} was tuned on {manifest.base.get('model')} ({learnt[:12]}…), but "
                f"{base.name} ({served[:12]}…) is served. Serve the base model: "
                "konkyo train rollback --to base. Or set models.chat back."
            )


def _proven_on(manifest: Manifest) -> str:
    """SHA-256 of the base model on which parity was proven for this very file, "" when it was not.

    What was trained on another form of the same weights (a folder of Hugging Face) is known by that alone.
    """
    report = manifest.parity or {}
    same_file = report.get("adapter_sha256") == (manifest.gguf or {}).get("sha256")
    return str(report.get("base_sha256", "")) if report.get("passed") is True and same_file else ""

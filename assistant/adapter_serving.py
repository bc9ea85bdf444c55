"""Which tuned adapter answers whom, and whether it may: nothing is served that is not what was published.

A conversation's own choice comes first, then the trial, then what is published, else the base model. The
publication is read anew for each question, so that what another process published counts at the next one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from assistant.adapters import BASE, GGUF, AdapterFolder, Manifest, Publication
from assistant.errors import AdapterError
from assistant.gate_standing import Standing, gate_standing
from assistant.generation import AdapterFile
from ingestion.documents import LOCAL_USER, User
from ingestion.errors import ModelError
from ingestion.model_files import MANIFEST, read_manifest, sha256_of

Why = Literal["chosen", "trial", "published", "base"]


@dataclass(frozen=True, slots=True)
class Choice:
    """The adapter that answers, None for the base model, and why.

    `sha256` is of the file that was published or put on trial, "" where that says nothing of it.
    """

    adapter: str | None
    why: Why
    sha256: str = ""


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
        name = str(trial["adapter"])
        return Choice(name, "trial", publication.sha256_of(name, "trial"))
    current = publication.current
    if not current:
        return Choice(None, "base")
    return Choice(current, "published", publication.sha256_of(current, "publish"))


def choices(publication: Publication) -> tuple[Choice, ...]:
    """Whatever answers somebody by `publication`."""
    served = choose(replace(publication, trial=None))
    if publication.trial is None:
        return (served,)
    name = str(publication.trial["adapter"])
    return served, Choice(name, "trial", publication.sha256_of(name, "trial"))


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
        """As `of`, from the manifest beside a fetched model where the file is still the one noted there.

        It is while its size is the same and it was not changed since: models of one shape and one kind of
        quantisation have files of one size.

        Raises:
            OSError, ModelError: the file or the manifest cannot be read.
        """
        manifest, state = path.parent / MANIFEST, path.stat()
        if manifest.exists() and state.st_mtime_ns <= manifest.stat().st_mtime_ns:
            entry = read_manifest(path.parent).get("files", {}).get(path.name, {})
            if entry.get("sha256") and entry.get("bytes") == state.st_size:
                return str(entry["sha256"])
        return self.of(path)


class AdapterServing:
    """The adapters of a workspace as they are served over one base model.

    `base` gives the model that is served, and raises where adapters cannot be. `circumstances` are those of
    today, see `gate_standing`.
    """

    def __init__(
        self,
        folder: AdapterFolder,
        base: Callable[[str | None], BaseModel],
        checksums: Checksums | None = None,
        circumstances: Callable[[], Mapping[str, str]] | None = None,
    ) -> None:
        self.folder = folder
        self._base = base
        self._checksums = checksums or Checksums()
        self._circumstances = circumstances

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

    def chosen_file(self, choice: Choice, model: str | None = None) -> AdapterFile | None:
        """The file of what was chosen, None for the base model.

        Raises:
            AdapterError: as `file_of`, or it is another file than the one that was published.
            ModelError: the base model is not there.
        """
        if choice.adapter is None:
            return None
        found = self.file_of(choice.adapter, model)
        if choice.sha256 and choice.sha256 != found.sha256:
            raise AdapterError(
                f"adapter {choice.adapter!r} is not what was published under its name. Publish it anew: "
                f"konkyo train publish {choice.adapter}"
            )
        return found

    def unfit(self, name: str) -> Exception | None:
        """Why adapter `name` could not be served if it were published, None when it could."""
        try:
            self.file_of(name)
        except (AdapterError, ModelError) as error:
            return error
        return None

    def model_sha256(self, model: str | None = None) -> str | None:
        """SHA-256 of the file of the chat model that is served; None where none of this machine answers."""
        try:
            return self._served(model)[1]
        except (AdapterError, ModelError):
            return None

    def problem(self, name: str) -> Exception | None:
        """As `unfit`; of an adapter that is published or on trial, also why it does not answer."""
        try:
            for choice in choices(self.folder.publication()):
                if choice.adapter == name:
                    self.chosen_file(choice)
        except (AdapterError, ModelError) as error:
            return error
        return self.unfit(name)

    def parity(self, manifest: Manifest) -> Standing:
        """What the parity report says of the exported file on the model that is served.

        One that does not tell file or model is taken to be about these; where no model can be read, about it.
        """
        report = manifest.parity
        if report is None:
            return "none"
        file = str((manifest.gguf or {}).get("sha256", ""))
        try:
            served = self._served(None)[1]
        except (AdapterError, ModelError):
            served = str(report.get("base_sha256", ""))
        if report.get("adapter_sha256", file) != file or report.get("base_sha256", served) != served:
            return "void"
        return "passed" if report.get("passed") is True else "failed"

    def standing(self, manifest: Manifest) -> Standing:
        """What the gate says of the exported file on the model that is served.

        Where that model is none of the adapter's, or cannot be read, on the one it was learnt on: why such
        an adapter cannot be served is for `problem` to say.
        """
        learnt = str(manifest.base.get("sha256", ""))
        try:
            served = self._served(None)[1]
        except (AdapterError, ModelError):
            served = learnt
        return gate_standing(
            manifest,
            adapter_sha256=str((manifest.gguf or {}).get("sha256", "")),
            base_sha256=served if served == proven_on(manifest) else learnt,
            now=None if self._circumstances is None else self._circumstances(),
        )

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
        base, served = self._served(model)
        learnt = str(manifest.base.get("sha256", ""))
        if served not in (learnt, proven_on(manifest)):
            raise AdapterError(
                f"adapter {manifest.name!r} was tuned on {manifest.base.get('model')} ({learnt[:12]}…), but "
                f"{base.name} ({served[:12]}…) is served. Serve the base model: "
                "konkyo train rollback --to base. Or set models.chat back."
            )

    def _served(self, model: str | None) -> tuple[BaseModel, str]:
        """The model that is served, and the SHA-256 of its file."""
        base = self._base(model)
        try:
            return base, self._checksums.of_model(base.path)
        except OSError as error:
            raise AdapterError(
                f"the chat model {base.name} cannot be read: {base.path} ({error.strerror}). "
                "Check it: konkyo models check"
            ) from error


def proven_on(manifest: Manifest) -> str:
    """SHA-256 of the base model on which parity was proven for this very file, "" when it was not.

    What was trained on another form of the same weights (a folder of Hugging Face) is known by that alone.
    """
    report = manifest.parity or {}
    same_file = report.get("adapter_sha256") == (manifest.gguf or {}).get("sha256")
    return str(report.get("base_sha256", "")) if report.get("passed") is True and same_file else ""

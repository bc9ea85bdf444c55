"""The operations of `ui.adapter_operations` done in this process. Part of `ui.local.LocalOperations`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from assistant.adapters import BASE, GGUF, MANIFEST, Manifest, Publication
from assistant.errors import AccessRefusedError, AdapterError
from ui.adapter_operations import Json

if TYPE_CHECKING:
    from assistant.adapter_publishing import Publisher
    from assistant.gate_standing import Standing
    from ui.resources import Resources


class LocalAdapters:
    """Implements `ui.adapter_operations.AdapterOperations` for a class that has what is declared here."""

    resources: Resources

    def adapters(self) -> list[Json]:
        """See `AdapterOperations.adapters`."""
        folder = self.resources.adapters.folder
        known, unreadable = [], []
        for path in sorted(folder.root.glob(f"*/{MANIFEST}")):
            try:
                known.append(folder.read(path.parent.name))
            except AdapterError as error:
                unreadable.append({**_UNKNOWN, "name": path.parent.name, "problem": str(error)})
        served = folder.publication()
        known.sort(key=lambda one: (one.created_at, one.name))
        return [self._listed(one, served) for one in known] + unreadable

    def adapter(self, adapter: str) -> Json:
        """See `AdapterOperations.adapter`."""
        serving = self.resources.adapters
        manifest, served = serving.folder.read(adapter), serving.folder.publication()
        return {
            "manifest": manifest.as_json(), "published": served.current == adapter,
            "trial": _share(served, adapter), "gate": serving.standing(manifest),
            "problem": _text(serving.problem(adapter)),
            "history": [
                dict(row) for row in served.history if adapter in (row["adapter"], row["previous"])
            ],
        }  # fmt: skip

    def publication(self) -> Json:
        """See `AdapterOperations.publication`."""
        served = self.resources.adapters.folder.publication()
        return {**_served(served), "history": [dict(row) for row in served.history]}

    def publish_adapter(
        self, adapter: str, *, by: str, trial: float | None = None, force: bool = False, reason: str = ""
    ) -> Json:
        """See `AdapterOperations.publish_adapter`."""
        before = self.resources.adapters.folder.publication()
        if trial is None:
            after = self._publisher.publish(adapter, by=by, force=force, reason=reason)
        else:
            after = self._publisher.try_out(adapter, trial, by=by, force=force, reason=reason)
        changed = len(after.history) > len(before.history)
        forced = changed and bool(after.history[-1]["forced"])
        return {"done": True, "adapter": adapter, "changed": changed, "forced": forced, **_served(after)}

    def roll_back_adapter(self, *, by: str, to: str | None = None, reason: str = "") -> Json:
        """See `AdapterOperations.roll_back_adapter`."""
        before = self.resources.adapters.folder.publication()
        after = self._publisher.roll_back(to, by=by, reason=reason)
        return {"done": True, "changed": len(after.history) > len(before.history), **_served(after)}

    def adapter_trial(self) -> Json:
        """See `AdapterOperations.adapter_trial`."""
        from assistant.adapter_rows import outcomes
        from assistant.adapter_trials import last_trial, outcome

        trial = last_trial(self.resources.adapters.folder.publication())
        if trial is None:
            raise AdapterError("there was no trial yet. Begin one: konkyo train publish ADAPTER --trial 0.2")
        rows = outcomes(self.resources.records.engine, trial.since, trial.until)
        return outcome(trial, rows)

    def remove_adapter(self, adapter: str) -> Json:
        """See `AdapterOperations.remove_adapter`."""
        self._publisher.remove(adapter)
        return {"done": True, "adapter": adapter}

    def choose_adapter(self, conversation: str, adapter: str | None) -> Json:
        """See `AdapterOperations.choose_adapter`."""
        published = self.resources.adapters.folder.publication().current
        if not self.resources.tests_models and adapter not in (None, BASE, published):
            raise AccessRefusedError(
                f"{self.resources.user.name} may be answered by what is published only: to choose another "
                "adapter or model needs the role trainer."
            )
        if adapter not in (None, BASE):
            self.resources.adapters.file_of(str(adapter))
        self.resources.records.choose_adapter(conversation, adapter)
        return {"done": True, "adapter": adapter}

    @property
    def _publisher(self) -> Publisher:
        from assistant.adapter_publishing import Publisher

        return Publisher(self.resources.adapters)

    def _readable(self, documents: Iterable[str]) -> list[str]:
        """Those of `documents` that the user may know of: an id tells whether somebody has that file."""
        if self.resources.user.groups is None:
            return list(documents)
        readable = self.resources.library.readable_documents()
        return [one for one in documents if readable is None or one in readable]

    def _listed(self, manifest: Manifest, served: Publication) -> Json:
        serving, name = self.resources.adapters, manifest.name
        exported = manifest.gguf is not None and (serving.folder.folder(name) / GGUF).exists()
        return {
            "name": name, "base": manifest.base.get("model"), "created": manifest.created_at,
            "method": manifest.method, "exported": exported,
            "gate": _PASSED[serving.standing(manifest)], "parity": _PASSED[serving.parity(manifest)],
            "published": served.current == name, "trial": _share(served, name),
            "lineage": {
                "parents": list(manifest.parents), "run": manifest.run, "data": manifest.data.get("hash"),
                "documents": self._readable(manifest.data.get("documents", ())),
            },
            "problem": _text(serving.problem(name)) if exported else None,
        }  # fmt: skip


_PASSED: Mapping[Standing, bool | None] = {"none": None, "void": None, "passed": True, "failed": False}
_UNKNOWN: Json = {
    "base": None, "created": None, "method": None, "exported": False, "gate": None, "parity": None,
    "published": False, "trial": None,
    "lineage": {"parents": [], "run": None, "data": None, "documents": []},
}  # fmt: skip


def _served(publication: Publication) -> Json:
    return {
        "current": publication.current,
        "trial": None if publication.trial is None else dict(publication.trial),
    }


def _share(publication: Publication, name: str) -> float | None:
    trial = publication.trial
    return float(trial["share"]) if trial and trial["adapter"] == name else None


def _text(error: Exception | None) -> str | None:
    return None if error is None else str(error)

"""Publishing an adapter, putting one on trial, going back: what may be served, and what is written about it.

Whatever happens is one row of the publication's history with its time, its person and its reason.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from filelock import FileLock, Timeout

from assistant.adapter_serving import AdapterServing
from assistant.adapters import BASE, MANIFEST, Manifest, Publication
from assistant.errors import AdapterError, AdapterRefusedError
from assistant.gate_standing import Standing

_PATIENCE = 10.0  # seconds; a change takes milliseconds
_LACKS: Mapping[Standing, str] = {
    "none": "was not evaluated", "failed": "did not pass its gate",
    "void": "was evaluated as another file, on another model, or under other bounds, settings or prompts",
}  # fmt: skip


class Publisher:
    """Changes which adapter is served. Two processes may try at once: one waits for the other."""

    def __init__(self, serving: AdapterServing) -> None:
        self._serving = serving
        self._folder = serving.folder

    def publish(self, name: str, *, by: str, force: bool = False, reason: str = "") -> Publication:
        """Serve `name` to all from the next answer on. Publishing what is served already changes nothing.

        Of an adapter that was exported anew since, the new file is served only from here on.

        A trial of `name` ends with that; another one goes on.

        Raises:
            AdapterRefusedError: it was not exported, did not pass parity or the gate, or does not fit.
            AdapterError: there is no such adapter.
        """
        self._serving.unfit(name)  # reads whole files: not while others wait for the lock
        with self._changing() as before:
            manifest, forced = self._allowed(name, by, force, reason)
            same = before.sha256_of(name, "publish") == _digest(manifest)
            if before.current == name and same and not _on_trial(before, name):
                return before
            after = before
            if _on_trial(before, name):
                after = replace(after.changed("end_trial", name, by=by, reason=reason), trial=None)
            row = {"sha256": _digest(manifest)}
            after = after.changed("publish", name, by=by, reason=reason, forced=forced, **row)
            return self._store(replace(after, current=name))

    def try_out(
        self, name: str, share: float, *, by: str, force: bool = False, reason: str = ""
    ) -> Publication:
        """Let `name` answer a share of the users, in (0, 1), in place of the trial before.

        Raises:
            AdapterRefusedError: as `publish`, and when it is what all are served.
            AdapterError: there is no such adapter, or the share is not between 0 and 1.
        """
        if not 0.0 < share < 1.0:
            raise AdapterError(
                f"{share} is no share of a trial. Give more than 0 and less than 1, as in 0.2."
            )
        self._serving.unfit(name)  # reads whole files: not while others wait for the lock
        with self._changing() as before:
            manifest, forced = self._allowed(name, by, force, reason)
            if before.current == name:
                raise AdapterRefusedError(
                    f"adapter {name!r} answers everybody already. Roll back first, or try another one."
                )
            after = _ended(before, by=by, reason=reason)
            row = {"share": share, "sha256": _digest(manifest)}
            after = after.changed("trial", name, by=by, reason=reason, forced=forced, **row)
            return self._store(replace(after, trial={"adapter": name, "share": share}))

    def roll_back(self, to: str | None = None, *, by: str, reason: str = "") -> Publication:
        """Take back the last change: end the trial where one runs, else serve what was served before.

        With `to` (`BASE`, or an adapter that was published before) that one is served, and no trial runs.

        Raises:
            AdapterRefusedError: nothing was published, or `to` never was, or is not the same any more.
        """
        with self._changing() as before:
            after = _ended(before, by=by, reason=reason)
            if to is None and before.trial:
                return self._store(after)
            target = self._former(before) if to is None else self._named(before, to)
            if target == before.current and not before.trial:
                return before
            if target != before.current:
                after = replace(after.changed("rollback", target, by=by, reason=reason), current=target)
            return self._store(after)

    def remove(self, name: str) -> None:
        """Delete the adapter with all its files.

        Raises:
            AdapterRefusedError: it is published or on trial.
            AdapterError: there is no such adapter.
        """
        folder = self._folder.folder(name)
        with self._changing() as now:
            if now.current == name or _on_trial(now, name):
                raise AdapterRefusedError(
                    f"adapter {name!r} answers questions now. Roll back first: konkyo train rollback"
                )
            if not (folder / MANIFEST).exists():
                raise AdapterError(f"there is no adapter {name!r}. See: konkyo train list")
            (folder / MANIFEST).unlink()  # a removal that is killed leaves no half adapter in the list
            shutil.rmtree(folder)

    def _allowed(self, name: str, by: str, force: bool, reason: str) -> tuple[Manifest, bool]:
        """The manifest of one that may be served, and whether that had to be forced."""
        manifest = self._folder.read(name)
        if (problem := self._serving.unfit(name)) is not None:
            raise AdapterRefusedError(str(problem))
        if (parity := self._serving.parity(manifest)) != "passed":
            what = "did not pass parity" if parity == "failed" else "was not compared with its training"
            raise AdapterRefusedError(
                f"adapter {name!r} {what}, and what differs is never published. "
                f"See: konkyo train parity {name}"
            )
        standing = self._serving.standing(manifest)
        if standing != "passed" and not (force and reason.strip() and by.strip()):
            raise AdapterRefusedError(
                f"adapter {name!r} {_LACKS[standing]}. See: konkyo train evaluate {name}. "
                "To serve it nevertheless, force it with your name and the reason."
            )
        return manifest, standing != "passed"

    def _former(self, now: Publication) -> str | None:
        served = _served(now)
        if len(served) < 2:
            raise AdapterRefusedError("nothing that was published can be taken back: the base model answers.")
        target = served[-2]
        return None if target is None else self._unchanged(now, target)

    def _named(self, now: Publication, to: str) -> str | None:
        return None if to == BASE else self._unchanged(now, to)

    def _unchanged(self, now: Publication, name: str) -> str:
        """`name`, if it is what was published under this name."""
        if not any(row["act"] == "publish" and row["adapter"] == name for row in now.history):
            raise AdapterRefusedError(
                f"adapter {name!r} was never published. Publish it: konkyo train publish {name}"
            )
        if (problem := self._serving.unfit(name)) is not None:
            raise AdapterRefusedError(str(problem))
        if now.sha256_of(name, "publish") != _digest(self._folder.read(name)):
            raise AdapterRefusedError(
                f"adapter {name!r} is not what was published under its name. Publish it anew: "
                f"konkyo train publish {name}"
            )
        return name

    def _store(self, publication: Publication) -> Publication:
        self._folder.publish(publication)
        return publication

    @contextmanager
    def _changing(self) -> Iterator[Publication]:
        self._folder.root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._folder.root / "published.lock", timeout=_PATIENCE)
        try:
            lock.acquire()
        except Timeout as error:
            raise AdapterError(
                f"another process is changing what is published in {self._folder.root}. Try again."
            ) from error
        try:
            yield self._folder.publication()
        finally:
            lock.release()


def _digest(manifest: Manifest) -> str:
    return str((manifest.gguf or {}).get("sha256", ""))


def _on_trial(publication: Publication, name: str) -> bool:
    return bool(publication.trial) and (publication.trial or {})["adapter"] == name


def _ended(publication: Publication, *, by: str, reason: str) -> Publication:
    """Without its trial."""
    if not publication.trial:
        return publication
    ended = publication.changed("end_trial", str(publication.trial["adapter"]), by=by, reason=reason)
    return replace(ended, trial=None)


def _served(publication: Publication) -> list[str | None]:
    """What was served, each with what a rollback leads to before it; the base model stands first.

    A rollback takes off what it leads back over, so that a second one goes further back, not forth again.
    One to an adapter that was taken off before leads over nothing: what answered until then comes before it.
    """
    served: list[str | None] = [None]
    for row in publication.history:
        target = row["adapter"]
        if row["act"] == "publish" and target != served[-1]:  # the same with another file takes its place
            served.append(target)
        elif row["act"] == "rollback":
            if target in served:
                del served[len(served) - served[::-1].index(target) :]
            else:
                served.append(target)
    return served

"""The operations on tuned adapters: which there are, and which of them answers. Part of `ui.operations`."""

from __future__ import annotations

from typing import Any, Protocol

Json = dict[str, Any]


class AdapterOperations(Protocol):
    """Adapters, their publication, trials, and the choice of a conversation."""

    def adapters(self) -> list[Json]:
        """The oldest first; those whose manifest cannot be read last, with only `name` and `problem`.

        `[{name, base, created, method, exported: bool, gate: bool|None, parity: bool|None, published: bool,
        trial: share|None, lineage: {parents, run, data, documents}, problem: str|None}]`. `gate` and `parity`
        say whether it passed, None where that was not looked at or counts no more; `problem` says why it
        cannot be served.
        """
        ...

    def adapter(self, adapter: str) -> Json:
        """`{manifest, published, trial, gate, problem, history}`: `history` are the changes that name it.

        `gate` is none, passed, failed or void: the verdict was on another file or model, or made
        under other bounds, settings or prompts.

        Raises:
            AdapterError: there is none of this name.
        """
        ...

    def publication(self) -> Json:
        """What is served: `{current: name|None, trial: {adapter, share}|None, history}`.

        `history` has every change, oldest first: `{at, act: "publish"|"rollback"|"trial"|"end_trial",
        adapter: name|None, previous, by, reason, forced}`, `share` of a trial, `sha256` of what was served.

        Raises:
            AdapterError: it cannot be read.
        """
        ...

    def publish_adapter(
        self, adapter: str, *, by: str, trial: float | None = None, force: bool = False, reason: str = ""
    ) -> Json:
        """Let it answer from the next question on: all, or the share `trial` of the users.

        `{done: True, adapter, changed: bool, forced: bool, current, trial}`, two of them as in `publication`.

        Raises:
            AdapterRefusedError: it was not exported, did not pass parity, or not the gate without
                `force` and a written `reason`; or it does not fit the model that is served.
        """
        ...

    def roll_back_adapter(self, *, by: str, to: str | None = None, reason: str = "") -> Json:
        """Take back the last change, or serve `to` (a name, or "base"); a trial ends with that.

        `{done: True, changed: bool, current, trial}`.

        Raises:
            AdapterRefusedError: there is nothing to go back to, or `to` was never published.
        """
        ...

    def adapter_trial(self) -> Json:
        """How the trial that runs goes, or how the last one went.

        `{adapter, share, running, since, until, current: side, trial: side, differences: {liked, abstained,
        unsupported}}`; a side is `{adapter, answers, conversations, up, down, liked, abstained,
        unsupported}`, the last three `{count, of, share, low, high}` at 95 %; a difference (trial less
        current) is `{mean, low, high}` or None.

        Raises:
            AdapterError: there was none.
        """
        ...

    def remove_adapter(self, adapter: str) -> Json:
        """Delete its files: `{done: True, adapter}`.

        Raises:
            AdapterRefusedError: it is published or on trial.
        """
        ...

    def choose_adapter(self, conversation: str, adapter: str | None) -> Json:
        """Let `adapter` answer in this conversation; "base": the base model; None: whatever is published.

        `{done: True, adapter}`.

        Raises:
            AdapterError: it does not exist or cannot be served.
            RecordNotFoundError: there is no such conversation.
        """
        ...

"""The parts of `FakeOperations` that keep examples, trainings and adapters, all of them planted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from web_library import library

from assistant.errors import AdapterError, AdapterRefusedError, ExampleConflictError
from training.errors import GateError, TuningError
from training.tuning.recipes import BUILT_IN, find_recipe, parse_recipe
from ui.errors import JobRunningError

Json = dict[str, Any]

QUOTE = "年次有給休暇は入社6か月後に10日与える。"


def make_example(identity: str, **more: Any) -> Json:
    """A candidate about a sentence of the planted rules."""
    rules = library()[0]
    start = rules["text"].index(QUOTE)
    return {
        "id": identity, "version": 1, "status": "new", "problem": "", "assignee": "", "note": "",
        "split": "train", "kind": "answer", "type": "number", "language": "ja", "answerable": True,
        "origin": "library", "licence": "", "question": "年休は何日か？", "answer": "10日です。[1]",
        "rejected": "", "accepted": ["10日"], "messages": [], "original": None, "present": True,
        "evidence": [{"heading": "就業規則", "text": QUOTE, "document": rules["id"], "start": start,
                      "end": start + len(QUOTE), "page": 1}],
        "documents": [{"document": rules["id"], "title": rules["title"], "present": True,
                       "shown_as": rules["locations"][0]["shown_as"]}],
        "set_aside": "", "created_at": "2026-11-22T01:00:00+00:00", "created_by": "",
        "changed_at": "2026-11-22T01:00:00+00:00", "changed_by": "", **more,
    }  # fmt: skip


def make_run(name: str, state: str = "done", **more: Any) -> Json:
    """A training of 4 steps with two sample answers, unless `more` says otherwise."""
    events: list[Json] = [{"event": "prepared", "steps": 4, "eta_seconds": 400.0}]
    events += [
        {"event": "sample", "step": 0, "question": "年休は？", "text": "はい。"},
        {"event": "validation", "step": 0, "loss": 2.5},
    ]
    events += [
        {"event": "step", "step": step, "steps": 4, "loss": 2.0 - step / 4, "rate": 0.25,
         "eta_seconds": 100.0 * (4 - step)}
        for step in (1, 2)
    ]  # fmt: skip
    events += [{"event": "validation", "step": 2, "loss": 1.75},
               {"event": "sample", "step": 2, "question": "年休は？", "text": "*10日*です。[1]"}]  # fmt: skip
    return {
        "run": name, "adapter": name, "state": state, "reason": "", "method": "sft", "base": "test-model",
        "created_at": "2026-11-22T01:00:00+00:00", "step": 2, "steps": 4, "train_loss": None,
        "validation_loss": None, "seconds": 600.0, "events": events, **more,
    }  # fmt: skip


def make_estimate(**more: Any) -> Json:
    """What a training would take that fits, unless `more` says otherwise."""
    return {
        "recipe": "cpu", "method": "sft", "base": "test-model", "dtype": "bf16", "examples": 150,
        "validation": 16, "replayed": 26, "left_out": [], "steps": 44, "tokens": 71_000,
        "longest_tokens": 612, "learnt_weights": 8_000_000, "seconds": 2900.0,
        "quiet_seconds": 2900.0, "busy": False,
        "memory": {"weights": 1, "adapter": 1, "activations": 1, "loading": 1, "runtime": 1,
                   "total": 3_700_000_000},
        "available_bytes": 18_000_000_000, "fits": True, "refusal": None, **more,
    }  # fmt: skip


def make_adapter(name: str, **more: Any) -> Json:
    """An adapter that passed everything and answers nobody, unless `more` says otherwise."""
    return {
        "name": name, "base": "test-model", "created": "2026-11-22T02:00:00+00:00", "method": "sft",
        "exported": True, "gate": True, "parity": True, "published": False, "trial": None,
        "lineage": {"parents": [], "run": name, "data": "9f2c", "documents": ["rules"]}, "problem": None,
        **more,
    }  # fmt: skip


def make_metric(base: float, tuned: float, verdict: str = "same", **more: Any) -> Json:
    difference = tuned - base
    return {
        "base": base, "tuned": tuned, "ci": [difference - 0.1, difference + 0.1], "difference": difference,
        "n": 60, "differing": 20, "p": 0.01, "higher_is_better": True, "verdict": verdict, "ratio": None,
        **more,
    }  # fmt: skip


def make_side(answer: str, **measures: float) -> Json:
    return {"answer": answer, "served": answer, "withheld": False, "measures": measures}


def make_gate_row(identity: str, base: Json, tuned: Json, **more: Any) -> Json:
    return {
        "id": identity, "part": "domain", "question": f"質問{identity}？", "type": "number", "language": "ja",
        "answerable": True, "reference": "10日です。[1]", "accepted": ["10日"],
        "evidence": [{"heading": "就業規則", "text": QUOTE}], "base": base, "tuned": tuned, "gone": False,
        **more,
    }  # fmt: skip


def make_gate(**more: Any) -> Json:
    """A report that passed: of four questions one turned, one has other words, one nothing, one is gone."""
    same = make_side("わかりません。", right=0.0)
    rows = [
        make_gate_row("1", make_side("20日です。", right=0.0),
                      make_side("10日です。[1]", right=1.0, cited=1.0)),
        make_gate_row("2", make_side("3名です。", right=1.0), make_side("3名となります。", right=1.0)),
        make_gate_row("3", same, same, part="general", reference="", evidence=[]),
        make_gate_row("4", make_side("", right=1.0), make_side("", right=0.0), question="", reference="",
                      accepted=[], evidence=[], gone=True),
    ]  # fmt: skip
    values = {"base": 0.4, "tuned": 0.7, "difference": 0.3, "low": 0.2, "high": 0.4, "n": 60}
    return {
        "passed": True, "reasons": [{"code": "gained", "metric": "behaved", "values": values}],
        "metrics": {"behaved": make_metric(0.4, 0.7, "better"), "general": make_metric(0.5, 0.5),
                    "first_token_ms": make_metric(900.0, 950.0, "worse", p=None)},
        "n": {"answerable": 40, "unanswerable": 20, "general": 200}, "adapter": "ours", "base": "test-model",
        "created_at": "2026-11-22T03:00:00+00:00", "konkyo": "0.1.0", "id": "r2", "ids": ["r2"],
        "rows": rows, **more,
    }  # fmt: skip


class FakeExamples:
    """`planted_examples` are all there are; `decided` what was asked for, `brings` what a file brings."""

    def __init__(self) -> None:
        self.planted_examples: list[Json] = []
        self.decided: list[Any] = []
        self.brings: Json = {}

    def example_counts(self) -> Json:
        def count(name: str) -> dict[str, int]:
            return dict(Counter(one[name] for one in self.planted_examples))

        names = ("status", "split", "kind", "type", "origin", "assignee")
        usable = Counter(
            one["split"] for one in self.planted_examples if one["status"] in ("accepted", "edited")
        )
        return {
            "total": len(self.planted_examples), **{name: count(name) for name in names},
            "usable": {split: usable[split] for split in ("train", "validation", "test")}, "set_aside": {},
        }  # fmt: skip

    def examples(
        self, *, search: str = "", problem: str | None = None, document: str | None = None, offset: int = 0,
        limit: int = 50, **wanted: Any,
    ) -> Json:  # fmt: skip
        found = [
            one
            for one in self.planted_examples
            if all(one[name] == value for name, value in wanted.items())
            and search in one["question"]
            and (problem is None or one["problem"].startswith(problem))
            and (document is None or any(doc["document"] == document for doc in one["documents"]))
        ]
        return {"total": len(found), "offset": offset, "examples": found[offset : offset + limit]}

    def review_examples(self, decisions: Sequence[Json], *, by: str = "") -> Json:
        self.decided.append((list(decisions), by))
        acts = {"accept": "accepted", "reject": "rejected", "reopen": "new"}
        for decision in decisions:
            one = next(one for one in self.planted_examples if one["id"] == decision["id"])
            if one["version"] != decision["version"]:
                raise ExampleConflictError("somebody changed this example meanwhile. Look at it again.")
            changes = decision.get("changes", {})
            one |= {**changes, "status": "edited" if changes else acts[decision["act"]]}
            one["version"] += 1
        return {"done": True, "ids": [one["id"] for one in decisions]}

    def assign_examples(self, ids: Sequence[str], assignee: str, *, by: str = "") -> Json:
        self.decided.append((list(ids), assignee, by))
        for one in self.planted_examples:
            if one["id"] in ids:
                one["assignee"] = assignee
        return {"done": True, "ids": list(ids)}

    def start_build_examples(self, **wanted: Any) -> Json:
        self.decided.append(("build", wanted))
        return {}

    def import_examples(self, name: str, data: bytes, **wanted: Any) -> Json:
        self.decided.append(("import", name, data, wanted))
        return self.brings


class FakeTraining:
    """`planted_runs` newest first; `estimates` is what an estimate says, `trained` what was asked."""

    def __init__(self) -> None:
        self.planted_runs: list[Json] = []
        self.estimates: Json = make_estimate()
        self.trained: list[Any] = []

    def recipes(self) -> list[Json]:
        texts = {name: find_recipe(name)[1] for name in BUILT_IN}
        return [
            {"name": name, "about": "", "fields": parse_recipe(text, name).model_dump(mode="json")}
            for name, text in texts.items()
        ]

    def estimate_training(
        self, recipe: str, *, method: str | None = None, changes: Mapping[str, Any] | None = None
    ) -> Json:
        self.trained.append(("estimate", recipe, method, changes))
        return self.estimates

    def start_training(
        self, recipe: str, *, name: str | None = None, method: str | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> Json:  # fmt: skip
        self.trained.append(("start", recipe, name, method, changes))
        if name == "taken":
            raise TuningError("there is an adapter taken already. Choose another name with --name.")
        self.planted_runs.insert(0, make_run(name or "cpu-sft", "running"))
        return self.planted_runs[0]

    def training_runs(self) -> list[Json]:
        return list(self.planted_runs)

    def training_run(self, run: str, *, after: int = 0) -> Json:
        found = next(one for one in self.planted_runs if one["run"] == run)
        return {**found, "record": {}, "total": len(found["events"])}

    def stop_training(self, run: str) -> Json:
        return self._set(run, "stopped")

    def resume_training(self, run: str) -> Json:
        return self._set(run, "running")

    def _set(self, run: str, state: str) -> Json:
        self.trained.append((state, run))
        found = next(one for one in self.planted_runs if one["run"] == run)
        found["state"] = state
        return found


class FakeAdapters:
    """`planted_adapters` oldest first, `served` is the publication, `gates` reports by adapter and id."""

    def __init__(self) -> None:
        self.planted_adapters: list[Json] = []
        self.served: Json = {"current": None, "trial": None, "history": []}
        self.gates: dict[str, list[Json]] = {}
        self.published: list[Any] = []
        self.choices: dict[str, str | None] = {}
        self._job: Json | None = None

    def adapters(self) -> list[Json]:
        return list(self.planted_adapters)

    def adapter(self, adapter: str) -> Json:
        listed = next(one for one in self.planted_adapters if one["name"] == adapter)
        manifest = {
            "name": adapter, "created_at": listed["created"], "base": {"model": listed["base"]},
            "method": listed["method"], "run": adapter, "parents": ["older"], "seed": 0,
            "data": {"hash": "9f2c" * 8, "train": 150, "validation": 16, "documents": ["rules"],
                     "licences": ["CC0-1.0"]},
            "gguf": {"bytes": 17_600_000, "sha256": "ab" * 32} if listed["exported"] else None,
            "parity": None if listed["parity"] is None else {
                "passed": listed["parity"], "reasons": [{"code": "top1", "tuned": 0.5, "base": 0.99}]},
            "gate": None,
        }  # fmt: skip
        return {"manifest": manifest, "published": listed["published"], "trial": listed["trial"],
                "problem": listed["problem"], "history": []}  # fmt: skip

    def publication(self) -> Json:
        return self.served

    def publish_adapter(
        self, adapter: str, *, by: str, trial: float | None = None, force: bool = False, reason: str = ""
    ) -> Json:
        self.published.append(("publish", adapter, by, trial, force, reason))
        if adapter == "void":
            raise AdapterRefusedError("adapter 'void' does not fit.")
        act = "publish" if trial is None else "trial"
        self._changed(act, adapter, by=by, reason=reason, forced=force)
        if trial is None:
            self.served["current"] = adapter
        else:
            self.served["trial"] = {"adapter": adapter, "share": trial}
        return {"done": True, "adapter": adapter, "changed": True, "forced": force, **self.served}

    def roll_back_adapter(self, *, by: str, to: str | None = None, reason: str = "") -> Json:
        self.published.append(("rollback", to, by, reason))
        self._changed("rollback", None, by=by, reason=reason)
        self.served |= {"current": None, "trial": None}
        return {"done": True, "changed": True, **self.served}

    def _changed(self, act: str, adapter: str | None, *, by: str, reason: str, forced: bool = False) -> None:
        row = {"at": "2026-11-22T04:00:00+00:00", "act": act, "adapter": adapter, "by": by, "reason": reason,
               "previous": self.served["current"], "forced": forced}  # fmt: skip
        self.served["history"].append(row)

    def adapter_trial(self) -> Json:
        side = {"answers": 12, "conversations": 5, "up": 3, "down": 1}
        return {
            "current": {"adapter": None, **side}, "trial": {"adapter": "ours", **side},
            "differences": {"liked": {"mean": 0.1, "low": -0.05, "high": 0.25}, "abstained": None},
        }  # fmt: skip

    def remove_adapter(self, adapter: str) -> Json:
        self.published.append(("remove", adapter))
        self.planted_adapters = [one for one in self.planted_adapters if one["name"] != adapter]
        return {"done": True, "adapter": adapter}

    def choose_adapter(self, conversation: str, adapter: str | None) -> Json:
        if adapter == "gone":
            raise AdapterError("there is no adapter 'gone'. See: konkyo train list")
        self.published.append(("choose", adapter))
        self.choices[conversation] = adapter
        return {"done": True, "adapter": adapter}

    def start_adapter_step(
        self, adapter: str, step: str, *, language: str = "en", time_again: bool = False
    ) -> Json:
        if self._job is not None and self._job["state"] == "running":
            raise JobRunningError("another ingest or rebuild is running in this workspace.")
        self.published.append((step, adapter, language, time_again))
        self._job = make_job(step, about=adapter)
        return self._job

    def gate_report(self, adapter: str, report: str | None = None) -> Json:
        for found in self.gates.get(adapter, ()):
            if report in (None, found["id"]):
                return found
        raise GateError(f"adapter {adapter!r} was not evaluated yet. Run: konkyo train evaluate {adapter}")


def make_job(kind: str, state: str = "running", **more: Any) -> Json:
    """A piece of long work, half done."""
    return {
        "id": 7, "kind": kind, "about": "", "state": state, "paths": [], "started_at": "", "ended_at": None,
        "progress": {"event": "progress", "phase": kind, "done": 3, "total": 6, "path": "", "chunks_done": 0,
                     "rate": 0.1, "eta_seconds": 30.0},
        "report": None, "message": None, **more,
    }  # fmt: skip

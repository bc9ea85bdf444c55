"""The gate against planted models: what each does is known, so is what must come out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from gate_fakes import (
    ANSWERABLE,
    EVERYDAY,
    EXAMPLES,
    GENERAL,
    REFUSAL,
    UNANSWERABLE,
    PlantedGenerators,
    PlantedModel,
    base_reply,
    better_reply,
    everyday,
    examiner,
    fact,
    near_miss,
    number_in,
    planted_workspace,
    question,
)

from assistant.adapters import AdapterFolder
from assistant.answers import Message
from assistant.errors import AdapterError
from assistant.gate_standing import gate_standing
from assistant.generation import never
from ingestion.errors import ModelError
from training.errors import GateError
from training.tuning.gate.evaluation import candidate, evaluate_adapter
from training.tuning.gate.reports import GateReports

Reply = Callable[[str], str]


def evaluated(folder: Path, tuned: Reply | PlantedModel, base: Reply = base_reply, **options: Any) -> Any:
    workspace = planted_workspace(folder)
    model = tuned if isinstance(tuned, PlantedModel) else PlantedModel(tuned)
    generators = PlantedGenerators(PlantedModel(base, model.clock), model)
    chosen = {"general": EVERYDAY, "generators": generators, "clock": model.clock, **options}
    return evaluate_adapter(workspace, "one", EXAMPLES, examiner(), **chosen)


def codes(report: Any) -> set[str]:
    return {reason["code"] for reason in report["reasons"]}


@pytest.fixture(scope="module")
def better(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The workspace and the report of the better one; tests only look at them."""
    folder = tmp_path_factory.mktemp("better")
    return folder, evaluated(folder, better_reply)


def test_the_better_one_passes(better: tuple[Path, Any]) -> None:
    _, report = better
    assert report["passed"], report["reasons"]
    assert codes(report) == {"gained", "general_kept"}
    metrics = report["metrics"]
    third = sum(number % 3 == 0 for number in range(101, 101 + ANSWERABLE))  # the base quotes another passage
    cited = 1 - third / ANSWERABLE
    assert (metrics["cited"]["base"], metrics["cited"]["tuned"]) == (pytest.approx(cited, abs=1e-4), 1.0)
    assert (metrics["marked"]["base"], metrics["marked"]["tuned"]) == (0.0, 1.0)
    assert (metrics["refused"]["base"], metrics["refused"]["tuned"]) == (0.0, 1.0)
    behaved = (ANSWERABLE - third) / (ANSWERABLE + UNANSWERABLE)
    assert metrics["behaved"]["base"] == pytest.approx(behaved, abs=1e-4)
    assert metrics["behaved"]["ci"][0] > 0
    assert metrics["general"]["base"] == metrics["general"]["tuned"] == 0.9
    assert metrics["right"]["tuned"] == metrics["exact"]["tuned"] == metrics["contained"]["tuned"] == 1.0
    assert (metrics["tokens_per_s"]["base"], metrics["first_token_ms"]["base"]) == (10.0, 1000.0)
    assert metrics["tokens_per_s"]["ratio"] == {"mean": 1.0, "low": 1.0, "high": 1.0}
    assert report["n"] == {"answerable": ANSWERABLE, "unanswerable": UNANSWERABLE, "general": GENERAL}


def test_one_that_always_refuses_is_stopped(tmp_path: Path) -> None:
    def refusing(asked: str) -> str:
        return REFUSAL if "K-" in asked else base_reply(asked)

    report = evaluated(tmp_path, refusing)
    assert not report["passed"]
    assert {"refuses_wrongly", "answers_lost", "citations_lost"} <= codes(report)
    assert report["metrics"]["wrongly_refused"]["tuned"] == 1.0
    assert report["metrics"]["refused"]["tuned"] == 1.0


def test_one_that_learnt_its_examples_by_heart_is_stopped(tmp_path: Path) -> None:
    """It says one of the training answers to everything: cited of nothing, and no sum is right any more."""
    report = evaluated(tmp_path, lambda asked: "経費の精算は翌月の末日までに行う。[1]")
    assert not report["passed"]
    assert {"general_lost", "answers_lost"} <= codes(report)
    assert report["metrics"]["general"]["tuned"] == 0.0


def test_a_gain_does_not_excuse_what_was_forgotten(tmp_path: Path) -> None:
    """Three of twenty sums are lost: 15 points where two are allowed."""

    def forgetful(asked: str) -> str:
        wrong = everyday(asked, wrong=lambda n: n % 10 == 0 or n < 4) if "K-" not in asked else ""
        return wrong or better_reply(asked)

    report = evaluated(tmp_path, forgetful)
    assert codes(report) == {"general_lost"}
    (reason,) = report["reasons"]
    assert reason["values"]["difference"] == -0.15


@pytest.mark.parametrize(
    ("first", "each", "code"), [(1.6, 0.1, "slower_to_begin"), (1.0, 0.16, "slower_to_write")]
)
def test_a_slower_one_is_stopped(tmp_path: Path, first: float, each: float, code: str) -> None:
    report = evaluated(tmp_path, PlantedModel(better_reply, first=first, each=each))
    assert codes(report) == {code}
    (reason,) = report["reasons"]
    assert reason["values"]["ratio"] == pytest.approx(1.6, abs=1e-3)


def test_one_a_little_slower_is_not(tmp_path: Path) -> None:
    model = PlantedModel(better_reply, first=1.3, each=0.13)
    report = evaluated(tmp_path, model)
    assert report["passed"]
    assert report["metrics"]["first_token_ms"]["ratio"]["mean"] == pytest.approx(1.3)


def test_too_few_questions_decide_nothing(tmp_path: Path) -> None:
    report = evaluated(tmp_path, better_reply, limit=9, general_limit=10)
    assert not report["passed"]
    assert codes(report) >= {"too_few_answerable", "too_few_unanswerable", "too_few_general"}
    assert report["n"] == {"answerable": 6, "unanswerable": 3, "general": 10}  # two thirds can be answered


def test_what_people_are_given_is_measured_beside_the_draft(better: tuple[Path, Any]) -> None:
    """The draft that quotes the weight does not tell months, so the program withholds it: see asked.py."""
    metrics = better[1]["metrics"]
    assert (metrics["refused"]["base"], metrics["served_refused"]["base"]) == (0.0, 1.0)
    assert metrics["served_refused"]["tuned"] == 1.0
    assert metrics["served_behaved"]["tuned"] >= metrics["served_behaved"]["base"]


def test_the_gain_can_be_asked_of_what_people_are_given(tmp_path: Path) -> None:
    """Both are served as the same refusals there, so only citations may gain."""
    workspace = planted_workspace(tmp_path)
    text = workspace.settings_path.read_text("utf-8")
    workspace.settings_path.write_text(text + 'gain_in = "served"\ngain = 0.5\n', "utf-8")
    model = PlantedModel(better_reply)
    report = evaluate_adapter(
        workspace, "one", EXAMPLES, examiner(), general=EVERYDAY, clock=model.clock,
        generators=PlantedGenerators(PlantedModel(base_reply, model.clock), model),
    )  # fmt: skip
    assert codes(report) == {"no_gain"}
    assert report["reasons"][0]["metric"] == "served_behaved"


def test_the_verdict_stands_in_the_manifest_until_the_file_changes(better: tuple[Path, Any]) -> None:
    root, report = better
    folder = AdapterFolder(root / "adapters")
    manifest = folder.read("one")
    assert manifest.gate is not None
    assert manifest.gate["report"] == report["id"] and "rows" not in manifest.gate
    assert GateReports.of(folder, "one").read(report["id"]) == report
    adapter, model = (hashlib.sha256(content).hexdigest() for content in (b"adapter", b"model"))
    assert gate_standing(manifest, adapter_sha256=adapter, base_sha256=model) == "passed"
    other = hashlib.sha256(b"exported again").hexdigest()
    assert gate_standing(manifest, adapter_sha256=other, base_sha256=model) == "void"
    assert gate_standing(manifest, adapter_sha256=adapter, base_sha256=other) == "void"
    failed = replace(manifest, gate={**manifest.gate, "passed": False})
    assert gate_standing(failed, adapter_sha256=adapter, base_sha256=model) == "failed"
    never_asked = replace(manifest, gate=None)
    assert gate_standing(never_asked, adapter_sha256=adapter, base_sha256=model) == "none"


def test_rows_show_both_sides(better: tuple[Path, Any]) -> None:
    rows = better[1]["rows"]
    row = next(one for one in rows if one["question"] == question(201))
    assert (row["answerable"], row["part"]) == (False, "domain")
    assert row["base"]["answer"] == near_miss(701)
    assert row["base"]["withheld"] and row["tuned"]["refused"] and row["tuned"]["answer"] == REFUSAL
    other = next(one for one in rows if one["question"] == question(101))
    assert other["tuned"]["answer"] == fact(101)
    assert (other["tuned"]["cited"], other["tuned"]["right_sources"]) == ([2], [2])
    assert [one["text"] for one in other["evidence"]] == [near_miss(601), fact(101)]
    assert sum(one["part"] == "general" for one in rows) == GENERAL


def test_reports_are_listed_the_newest_first_and_named_when_they_cannot_be_read(tmp_path: Path) -> None:
    reports = GateReports(tmp_path / "gate")
    assert reports.ids() == []
    at = {"created_at": "2026-01-02T03:04:05+00:00"}
    first, second = reports.save(at)["id"], reports.save(at)["id"]
    assert (first, second) == ("20260102T030405-1", "20260102T030405-2")
    os.utime(reports.folder / f"{first}.json", (1, 1))
    assert reports.ids() == [second, first]
    assert reports.read(first) == {**at, "id": first}
    (reports.folder / "half.json").write_text("{", "utf-8")
    (reports.folder / "list.json").write_text("[]", "utf-8")
    (tmp_path / "outside.json").write_text("{}", "utf-8")
    for name, said in (
        ("half", "cannot be read"),
        ("list", "no report"),
        ("../outside", "no report"),
        ("x", "no"),
    ):
        with pytest.raises(GateError, match=said):
            reports.read(name)


# --- going on where a run ended


@dataclass
class Dying:
    """Writes `answers` answers and dies in the middle of the next."""

    model: PlantedModel
    answers: int
    name: str = "planted"
    context_tokens: int = 4096

    def count_tokens(self, text: str) -> int:
        return len(text)

    def generate(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Callable[[], bool] = never,
    ) -> Iterator[str]:
        pieces = self.model.generate(messages, max_tokens=max_tokens, temperature=temperature, seed=seed)
        if not self.answers:
            yield next(pieces)
            raise KeyboardInterrupt
        self.answers -= 1
        yield from pieces


@pytest.mark.parametrize(("base_answers", "tuned_answers"), [(17, 0), (1000, 20)])
def test_no_question_is_asked_twice_of_a_run_that_was_killed(
    tmp_path: Path, base_answers: int, tuned_answers: int
) -> None:
    workspace = planted_workspace(tmp_path)
    base, tuned = PlantedModel(base_reply), PlantedModel(better_reply)
    tuned.clock = base.clock
    first = PlantedGenerators(Dying(base, base_answers), Dying(tuned, tuned_answers))
    with pytest.raises(KeyboardInterrupt):
        evaluate_adapter(
            workspace, "one", EXAMPLES, examiner(), general=EVERYDAY, generators=first, clock=base.clock
        )
    dead = base if base_answers < 1000 else tuned
    cut_off = dead.asked.pop()  # it was not answered
    second = PlantedGenerators(base, tuned)
    report = evaluate_adapter(
        workspace, "one", EXAMPLES, examiner(), general=EVERYDAY, generators=second, clock=base.clock
    )
    assert report["passed"]
    assert second.opened == (["base", "tuned"] if dead is base else ["tuned"])
    total = 12 + len(EXAMPLES) + GENERAL  # twelve prompts are timed besides
    assert (len(base.asked), len(tuned.asked)) == (total, total)
    assert all(model.asked.count(one.question) == 1 for model in (base, tuned) for one in EVERYDAY)
    assert cut_off in dead.asked


def test_what_is_known_loads_no_model_and_again_asks_anew(tmp_path: Path) -> None:
    workspace = planted_workspace(tmp_path)
    text = workspace.settings_path.read_text("utf-8")
    workspace.settings_path.write_text(text + "[generation]\ntemperature = 0.8\n", "utf-8")
    base, tuned = PlantedModel(base_reply), PlantedModel(better_reply)

    def run(generators: PlantedGenerators, **options: Any) -> Any:
        return evaluate_adapter(
            workspace, "one", EXAMPLES, examiner(), general=EVERYDAY, generators=generators,
            clock=base.clock, **options,
        )  # fmt: skip

    tuned.clock = base.clock
    before = run(PlantedGenerators(base, tuned))
    second = PlantedGenerators(base, tuned)
    after = run(second)
    assert second.opened == []
    assert after["metrics"] == before["metrics"] and after["id"] != before["id"]
    asked = len(base.asked)
    tuned.first = 2.0  # the machine has become busy
    timed = run(PlantedGenerators(base, tuned), time_again=True)
    assert timed["metrics"]["first_token_ms"]["tuned"] == 2000.0
    assert (len(base.asked), codes(timed)) == (asked + 12, {"slower_to_begin"})
    third = PlantedGenerators(base, tuned)
    run(third, again=True)
    assert third.opened == ["base", "tuned"]
    assert base.temperatures == tuned.temperatures == {0.0}  # whatever the settings say


def test_another_adapter_shares_what_the_base_answered(tmp_path: Path) -> None:
    evaluated(tmp_path, better_reply)
    model = PlantedModel(better_reply)
    base = PlantedModel(base_reply, model.clock)
    workspace = planted_workspace(tmp_path, adapter=b"another one")
    evaluate_adapter(
        workspace, "one", EXAMPLES, examiner(), general=EVERYDAY, clock=model.clock,
        generators=PlantedGenerators(base, model),
    )  # fmt: skip
    assert len(base.asked) == 12  # timed again, beside the new adapter
    assert len(model.asked) == 12 + len(EXAMPLES) + GENERAL


# --- what cannot be asked


def test_one_that_is_no_different_gains_nothing_and_progress_counts_every_answer(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    report = evaluated(tmp_path, base_reply, progress=lambda *at: told.append(at))
    assert (report["passed"], codes(report)) == (False, {"no_gain"})
    assert report["metrics"]["behaved"]["ci"] == [0.0, 0.0]
    total = 12 + len(EXAMPLES) + GENERAL
    assert told[0] == ("gate_base", 0, total) and told[-1] == ("gate_tuned", total, total)
    assert [done for phase, done, _ in told if phase == "gate_base"] == list(range(total + 1))


def test_an_adapter_of_another_model_is_refused(tmp_path: Path) -> None:
    workspace = planted_workspace(tmp_path)
    (workspace.models / "toy.gguf").write_bytes(b"another model")
    with pytest.raises(GateError, match="another file than the toy"):
        evaluate_adapter(workspace, "one", EXAMPLES, examiner(), general=EVERYDAY)


def test_one_learnt_on_a_folder_is_asked_on_the_chat_model_that_parity_was_proven_on(tmp_path: Path) -> None:
    workspace = planted_workspace(tmp_path)
    with workspace.settings_path.open("a", encoding="utf-8") as file:
        file.write('[models]\nchat = "toy"\n')
    folder = AdapterFolder(workspace.adapters)
    file_sha, model_sha = (hashlib.sha256(content).hexdigest() for content in (b"adapter", b"model"))
    learnt = replace(
        folder.read("one"), base={"model": "hub-folder", "sha256": "ee", "family": "qwen2"},
        gguf={"bytes": 7, "sha256": file_sha},
    )  # fmt: skip
    folder.write(learnt)
    with pytest.raises(ModelError, match="hub-folder"):
        candidate(workspace, "one")
    proven = {"passed": True, "adapter_sha256": file_sha, "base_sha256": model_sha}
    folder.write(replace(learnt, parity=proven))
    found = candidate(workspace, "one")
    assert (found.base, found.model.name, found.base_sha256) == ("toy", "toy.gguf", model_sha)
    folder.write(replace(learnt, parity={**proven, "base_sha256": "ff"}))
    with pytest.raises(GateError, match="another file than the toy"):
        candidate(workspace, "one")


def test_an_adapter_must_be_there_and_exported(tmp_path: Path) -> None:
    workspace = planted_workspace(tmp_path)
    (workspace.adapters / "one" / "adapter.gguf").unlink()
    with pytest.raises(GateError, match="konkyo train export one"):
        evaluate_adapter(workspace, "one", EXAMPLES, examiner(), general=EVERYDAY)
    with pytest.raises(AdapterError, match="there is no adapter 'two'"):
        evaluate_adapter(workspace, "two", EXAMPLES, examiner(), general=EVERYDAY)


def test_examples_that_were_trained_on_are_not_asked(tmp_path: Path) -> None:
    workspace = planted_workspace(tmp_path)
    trained = [one.in_split("train") for one in EXAMPLES]
    with pytest.raises(GateError, match="was kept back"):
        evaluate_adapter(workspace, "one", trained, examiner(), general=EVERYDAY)


def test_numbers_are_read_from_questions() -> None:
    assert number_in(question(137)) == 137

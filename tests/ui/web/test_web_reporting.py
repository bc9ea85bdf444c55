"""Reports as rows and words, and as plots that Vega-Lite accepts."""

from __future__ import annotations

from typing import Any

import altair
import pytest
from web_fake_quality import make_report, make_row

from assistant.answers import Language
from assistant.evaluation.reports import KINDS
from ui.quality.outcomes import outcome
from ui.texts import texts
from ui.web import charts, comparing, interval_charts, reporting

Json = dict[str, Any]
BOTH: tuple[Language, ...] = ("ja", "en")


def report(**more: Any) -> Json:
    return make_report("r", "2026-11-22T01:00:00+00:00", **more)


@pytest.mark.parametrize(
    ("name", "value", "said", "difference"),
    [
        ("right", 0.516, "51.6%", "+51.6 pt"),
        ("recall@5", 1.0, "100.0%", "+100.0 pt"),
        ("mrr@10", 0.8333, "0.833", "+0.833"),
        ("f1", 0.25, "0.250", "+0.250"),
        ("total_ms", 12345.0, "12.3 s", "+12.3 s"),
    ],
)
def test_values_are_told_in_their_unit(name: str, value: float, said: str, difference: str) -> None:
    assert reporting.value_text(name, value, "en") == said
    assert reporting.difference_text(name, value, "en") == difference


def test_measures_have_names_and_meanings_in_both_languages() -> None:
    for language in BOTH:
        assert reporting.measure_name("page_hit@5", language) != "page_hit@5"
        assert reporting.measure_name("unheard_of@5", language) == "unheard_of@5"
        known = texts(language)["web"]["quality"]
        assert known["means"].keys() == texts(language)["quality"]["metrics"].keys() | known["at"].keys()
    assert reporting.measure_means("recall@10", "en").startswith("The passage")
    assert reporting.measure_means("unheard_of", "en") == ""


def test_every_kind_has_a_name_and_a_headline() -> None:
    assert reporting.HEADLINES.keys() == set(KINDS)
    assert {reporting.kind_name(kind, "en") for kind in KINDS}.isdisjoint(KINDS)
    assert reporting.headline({"kind": "other", "metrics": {"a": {}, "b": {}}}, 1) == ["a"]


def test_the_outcome_of_a_question_is_told_by_its_kind() -> None:
    def told(**row: Any) -> str:
        return outcome({"measures": {}, **row}, "en")

    assert told(ranks={"hybrid": 3, "dense": None}) == "found at rank 3"
    assert told(ranks={"hybrid": None, "dense": 1}) == "not found"
    assert told(fault="not_read") == "found, not read"
    assert told(label="neither", verdict="supported") == "neither → ✓ Proven"
    assert told(measures={"false_refusal": 1.0}) == "false refusals"
    assert told(verdicts=["supported", "unchecked"], abstained=False) == "Its sentences ✓ –"


def test_details_leave_out_what_a_row_does_not_have() -> None:
    row = make_row(2, right=False, fault="not_read")
    told = dict(reporting.question_details(row, "en"))
    assert told == {
        "Right answer": "reference 2", "Answer": "answer 2",
        "Its sentences": "✓ Proven · ? No proof",
        "Cited": "a.pdf:3", "Where the answer stands": "a.pdf:3",
        "Measures": "right: 0.0% · whole answer: 1.0 s",
    }  # fmt: skip


def test_questions_that_only_one_report_got_right_are_told_losses_first() -> None:
    first = {"rows": [make_row(1, right=False), make_row(2, right=True), make_row(3, right=True)]}
    second = {"rows": [make_row(1, right=True), make_row(2, right=False), make_row(4, right=False)]}
    found = comparing.moved(first, second)
    assert [(new["id"], gained) for _, new, gained in found] == [("2", False), ("1", True)]


def test_settings_that_differ_are_told_with_both_values() -> None:
    first, second = report(), report()
    assert comparing.changed_settings(first, second) == []
    second["configuration"] = {
        **second["configuration"], "models": {"chat": "test-model", "reranker": "read"},
        "options": {"limit": 4},
    }  # fmt: skip
    assert comparing.changed_settings(first, second) == [
        {"setting": "models.embedder", "first": "test-embedder:abc", "second": ""},
        {"setting": "models.reranker", "first": "–", "second": "read"},
    ]


def test_the_partner_is_the_newest_earlier_report_of_the_same_data() -> None:
    def made(day: int, data: str) -> Json:
        return make_report(f"{day}{data}", f"2026-11-{day}T01:00:00+00:00", data=data)

    found = [made(24, "a"), made(23, "b"), made(22, "a"), made(21, "b")]
    assert comparing.best_partner(found[0], found) == found[2]
    assert comparing.best_partner(found[2], found) == found[3]
    assert comparing.best_partner(found[3], found) is None
    assert comparing.best_second(found) == found[0]
    assert comparing.best_second(found[1:]) == found[1]
    assert comparing.best_second(found[2:]) == found[2]


# --- plots


CURVES: Json = {
    "recall_by_k": {"hybrid": [[1, 0.5], [2, 0.75]], "dense": [[1, 0.25], [2, 0.5]]},
    "abstention": [
        {"threshold": 0.25, "false_answers": 1.0, "false_refusals": 0.0},
        {"threshold": 0.5, "false_answers": 0.4, "false_refusals": 0.1},
        {"threshold": 0.75, "false_answers": 0.0, "false_refusals": 0.9},
    ],
    "verdicts": {"supported": 3, "partly": 0, "contradicted": 1, "unsupported": 0, "unchecked": 0},
    "faults": {"not_retrieved": 1, "not_read": 3, "wrongly_generated": 0, "wrongly_refused": 0},
    "latency": {"first_token_ms": [[1000.0, 0.5], [3000.0, 1.0]], "total_ms": []},
}


def drawn(language: Language) -> dict[str, charts.Plot]:
    made = report(curves=CURVES, figures={"threshold": 0.45})
    return {plot.name: plot for plot in charts.plots(made, language)}


@pytest.mark.parametrize("language", BOTH)
def test_every_plot_is_what_vega_lite_accepts(language: Language) -> None:
    found = drawn(language)
    assert list(found) == ["recall", "abstention", "verdicts", "faults", "latency"]
    difference = {"mean": 0.1, "low": 0.02, "high": 0.2}
    one = {
        "first": 0.5,
        "second": 0.6,
        "difference": difference,
        "differing": 7,
        "n": 60,
        "verdict": "better",
    }
    compared = interval_charts.comparison_plot({"metrics": {"right": one, "total_ms": one}}, language)
    measures = interval_charts.measures_plot(report(), language)
    assert compared is not None and measures is not None
    assert [value["name"] for value in compared.spec["data"]["values"]] == [
        reporting.measure_name("right", language)
    ]
    for plot in (*found.values(), compared, measures):
        altair.Chart.from_dict(plot.spec).to_dict()  # raises when the specification is none
        assert plot.title and plot.note


def test_what_stands_beside_the_pointer_is_in_the_readers_language() -> None:
    one = {"first": 0.5, "second": 0.6, "verdict": "same", "differing": 7, "n": 60,
           "difference": {"mean": 0.1, "low": -0.02, "high": 0.2}}  # fmt: skip
    compared = interval_charts.comparison_plot({"metrics": {"right": one}}, "ja")
    measures = interval_charts.measures_plot(report(), "ja")
    assert compared is not None and measures is not None
    tips = [plot.spec["layer"][-1]["encoding"]["tooltip"] for plot in (measures, compared)]
    assert [[field["title"] for field in tip] for tip in tips] == [
        ["指標", "値", "95%区間"], ["指標", "後のレポートは", "差", "95%区間"],
    ]  # fmt: skip
    (value,) = compared.spec["data"]["values"]
    assert (value["value"], value["interval"]) == ("+10.0 pt", "-2.0 pt – +20.0 pt")


def test_types_that_are_verdicts_are_told_in_words() -> None:
    kinds = {"neither": {"n": 1}, "表": {"n": 2}}
    assert [row["種類"] for row in reporting.type_rows(kinds, "ja")] == ["どちらでもない", "表"]
    row = {"question": "q", "type": "contradicted", "measures": {}}
    assert [one["type"] for one in reporting.question_rows([row], "ja")] == ["矛盾"]


def test_the_numbers_of_a_plot_are_those_that_it_draws() -> None:
    found = drawn("en")
    assert found["recall"].rows == [
        {"k": 1, "hybrid": "50.0%", "vectors": "25.0%"}, {"k": 2, "hybrid": "75.0%", "vectors": "50.0%"},
    ]  # fmt: skip
    assert [value["y"] for value in found["recall"].spec["data"]["values"]] == [0.5, 0.75, 0.25, 0.5]
    assert found["verdicts"].rows[0] == {
        "Sentences of the answers by verdict": "✓ Proven", "Sentences": 3, "share": "75.0%",
    }  # fmt: skip
    assert [row["share"] for row in found["faults"].rows] == ["25.0%", "75.0%", "0.0%", "0.0%"]
    assert found["latency"].rows == [
        {
            "measure": "first token",
            "50% within (s)": "1.0",
            "90% within (s)": "3.0",
            "100% within (s)": "3.0",
        }
    ]


def test_the_threshold_in_use_is_marked_on_its_curve() -> None:
    marked = drawn("en")["abstention"].spec["layer"][-1]["data"]["values"]
    assert marked == [{"x": 0.1, "y": 0.4, "threshold": 0.5, "label": "in use: 0.45"}]
    without = {plot.name: plot for plot in charts.plots(report(curves=CURVES, figures={}), "en")}
    assert len(without["abstention"].spec["layer"]) == 2


def test_what_a_report_does_not_have_is_not_drawn() -> None:
    empty = {"verdicts": dict.fromkeys(CURVES["verdicts"], 0), "latency": {"total_ms": []}, "abstention": []}
    assert list(charts.plots(report(curves=empty), "en")) == []
    times = {"total_ms": report()["metrics"]["total_ms"]}
    assert interval_charts.measures_plot(report(metrics=times), "en") is None

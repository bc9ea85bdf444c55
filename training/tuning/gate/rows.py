"""The rows of one side: an answer and its measures, each kept as soon as it is known.

Measures of an example (None where one does not apply):

- `right`, `exact`, `contained`, `f1` of the draft against the reference and the accepted strings
- `supported` share of its sentences that the evidence proves; `cited` whether one of these stands on a right
  source, `marked` whether the model named one itself
- `refused` and `wrongly_refused`: the draft, by its wording, where nothing answers and where something does
- `behaved`: refused rightly or cited rightly, whichever the example asks for
- the same with `served_` of what people are given after the program's own decision
"""

from __future__ import annotations

from collections.abc import Callable

from assistant.answers import Verdict
from assistant.evaluation.answer_log import Row
from assistant.evaluation.containing import comparable, contains
from assistant.evaluation.datasets import Question
from assistant.evaluation.given_answers import scored
from assistant.evaluation.scoring import token_f1
from assistant.grounding.verdicts import Checker
from assistant.refusing import is_refusal, refuses
from training.tuning.examples import TuningExample
from training.tuning.gate.evidence import right_sources, without_markers
from training.tuning.gate.questions import GeneralQuestion, digest, tells
from training.tuning.gate.respondent import Reply, Respondent

_MARKERS = 99  # numbers of sources have two digits at most


def domain_key(example: TuningExample) -> str:
    """The id of its row: another wording, reference or evidence is another row."""
    return f"domain:{digest(example)}"


def general_key(question: GeneralQuestion) -> str:
    """The id of its row."""
    return f"general:{digest(question)}"


def domain_row(
    example: TuningExample, reply: Reply, checker: Checker, refusing: Callable[[str], bool]
) -> Row:
    """The row of an example's answer."""
    reference, _ = without_markers(example.answer, len(example.evidence))
    references = (*example.accepted, reference)
    question = Question(example.id, example.question, ("", 0), example.type, references)
    besides = _besides_rules(reply, refusing)
    draft, score = scored(question, reply.draft, checker, answerable=example.answerable, refusing=besides)
    refused, served_refused = draft.abstained, draft.abstained or reply.served.abstained
    right = right_sources(example, checker) if example.answerable else frozenset()
    cited = _cited(reply) & right
    measures: dict[str, float | None]
    if example.answerable:
        said = not refused
        text = reply.draft.text
        measures = {
            "right": float(said and score.right),
            "exact": float(comparable(text) in {comparable(one) for one in references}),
            "contained": float(said and any(contains(text, one) for one in example.accepted or references)),
            "f1": round(token_f1(text, reference), 4) if said else 0.0,
            "supported": _supported(reply) if said else None,
            "cited": float(said and bool(cited)) if right else None,
            "marked": float(said and bool(reply.cited & right)) if right else None,
            "wrongly_refused": float(refused), "served_wrongly_refused": float(served_refused),
            "served_right": float(score.right and not served_refused),
            "served_cited": float(bool(cited) and not served_refused) if right else None,
        }  # fmt: skip
        measures |= {"behaved": measures["cited"], "served_behaved": measures["served_cited"]}
    else:
        measures = {"refused": float(refused), "served_refused": float(served_refused)}
        measures |= {"behaved": measures["refused"], "served_behaved": measures["served_refused"]}
    return {
        "id": domain_key(example), "answer": reply.draft.text, "served": reply.served.text,
        "withheld": reply.served.abstained, "refused": refused, "cited": sorted(_cited(reply)),
        "marked": sorted(reply.cited), "right_sources": sorted(right),
        "verdicts": [claim.verdict.value for claim in reply.claims], "measures": measures,
    }  # fmt: skip


def general_row(question: GeneralQuestion, text: str) -> Row:
    """The row of a general question's answer. The number of a source that it cites is no answer."""
    said, _ = without_markers(text, _MARKERS)
    right = any(tells(said, one) for one in question.accepted)
    return {"id": general_key(question), "answer": text, "measures": {"general": float(right)}}


def probe_row(side: str, example: TuningExample, respondent: Respondent) -> Row:
    """The row of a measurement of speed."""
    found = respondent.probe(example)
    told = {name: None if value is None else round(value, 3) for name, value in found.items()}
    return {"id": probe_key(side, example), "measures": told}


def probe_key(side: str, example: TuningExample) -> str:
    """The id of its row. Both sides are timed in the same run, so that both meet the same machine."""
    return f"speed:{side}:{digest(example)}"


def _besides_rules(reply: Reply, refusing: Callable[[str], bool]) -> Callable[[str], bool]:
    """`refusing` of what is left of a draft without the rules that a passage proves.

    A rule can be worded like a refusal ("breakfast is not included"). Where it is proven people are given it
    as an answer (`assistant/refusing.py`), so here it is none either.
    """
    rules = [claim.text for claim in reply.claims if refuses(claim.text) and not is_refusal(claim)]

    def besides(text: str) -> bool:
        for rule in rules:
            text = text.replace(rule, " ")
        return bool(text.strip() or not rules) and refusing(text)

    return besides


def _cited(reply: Reply) -> frozenset[int]:
    """The sources that proven sentences stand on."""
    return frozenset(
        citation.number
        for claim in reply.claims
        if claim.verdict is Verdict.SUPPORTED
        for citation in claim.citations
    )


def _supported(reply: Reply) -> float | None:
    verdicts = [claim.verdict for claim in reply.claims]
    return round(verdicts.count(Verdict.SUPPORTED) / len(verdicts), 4) if verdicts else None

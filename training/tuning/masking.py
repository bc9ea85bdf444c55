"""Personal data does not go into weights, and planted instructions are not learnt from.

What `ingestion.screening` finds in any part of an example is masked in all of its parts, however it is
written there: a name or a number that one sentence introduces stands bare in the next. Masks cannot be taken
off again, since nothing else is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ingestion.documents import Document
from ingestion.screening.findings import REPORTED_AT, Finding
from ingestion.screening.masking import MASK, Cleaner
from ingestion.screening.personal import find_personal
from ingestion.screening.planted import planted_score
from ingestion.screening.policy import Policy
from training.errors import ExampleError
from training.tuning.examples import TuningExample


def mask_example(example: TuningExample, policy: Policy) -> tuple[TuningExample, int]:
    """The example without the personal data that `policy` means, and how many were found.

    What it does about documents does not matter here: `personal = "report"` masks, too.

    Raises:
        ExampleError: nothing can be learnt from what is left.
    """
    texts = list(texts_of(example))
    findings: list[Finding] = []
    offset = 0
    for text in texts:
        meant = (one for one in find_personal(text) if policy.meant(one))
        findings += (replace(one, start=one.start + offset, end=one.end + offset) for one in meant)
        offset += len(text) + 1
    if not findings:
        return example, 0
    cleaner = Cleaner(Document("\n".join(texts), "txt", ()), findings, policy)
    return _mapped(example, cleaner.clean), len(findings)


def holds_planted(example: TuningExample) -> bool:
    """Whether a part of it looks like an instruction planted for a language model.

    A system message is an instruction by its nature and not looked at.
    """
    return any(planted_score(text) >= REPORTED_AT for text in texts_of(example, system=False))


def texts_of(example: TuningExample, *, system: bool = True) -> Iterator[str]:
    """Every text of an example."""
    yield from (example.question, example.answer, example.rejected, *example.accepted)
    for source in example.evidence:
        yield from (source.heading, source.text)
    yield from (one.content for one in example.messages if system or one.role != "system")


def _mapped(example: TuningExample, clean: Callable[[str], str]) -> TuningExample:
    answer, rejected = clean(example.answer), clean(example.rejected)
    if example.kind == "preference" and answer.strip() == rejected.strip():
        raise ExampleError("both answers are the same once personal data is masked", field="rejected")
    return replace(
        example,
        question=clean(example.question),
        answer=answer,
        rejected=rejected,
        accepted=tuple(one for one in map(clean, example.accepted) if MASK not in one),
        evidence=tuple(
            replace(one, heading=clean(one.heading), text=clean(one.text)) for one in example.evidence
        ),
        messages=tuple(replace(one, content=clean(one.content)) for one in example.messages),
    )

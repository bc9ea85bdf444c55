"""Where pieces of documents stand after their documents were read anew, and what feedback stands on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from assistant_fakes import hit

from assistant.answers import Evidence, Hit, Source
from assistant.example_rows import Place
from assistant.served_evidence import ServedEvidence
from ingestion.documents import Span
from ingestion.settings import Settings
from training.tuning.examples import EvidenceText, TuningExample
from training.tuning.feedback import FeedbackBuilding, Said
from training.tuning.sources import _start, digest
from training.tuning.store import documents_of

SENTENCE = "国内出張の宿泊費は、1泊につき12,000円を上限とする。"


@pytest.mark.parametrize("filling", ["経費の精算は三日以内に行う。", "Settle within three days. "])
@pytest.mark.parametrize("times", [10, 4000])
def test_a_sentence_is_found_again_where_its_document_moved_it(filling: str, times: int) -> None:
    text = f"{filling * times}{SENTENCE}{filling * times}"
    place = Place("d", 3, 3 + len(SENTENCE), digest(SENTENCE))
    assert _start(place, text) == text.index(SENTENCE)
    assert _start(replace(place, sha256=digest("別の文")), text) is None


def test_a_sentence_that_has_gone_from_a_long_document_is_missed_soon() -> None:
    text = "経費の精算は三日以内に行う。" * 30_000
    began = time.process_time()
    assert _start(Place("d", 3, 303, digest("別の文")), text) is None
    assert time.process_time() - began < 1.5  # everywhere: 400,000 hashes of 900 bytes


def test_every_document_that_an_example_names_has_taught_it() -> None:
    shown = (EvidenceText("規程", "本文", "d2", 0, 2),)
    given = [TuningExample("answer", "答", "問", evidence=shown, documents=("d1",))]
    assert documents_of(given) == ["d1", "d2"]


class FoundSources:
    """Search that finds what was found before."""

    def in_their_words(self, asked: str, hits: Sequence[Hit]) -> str:
        return asked

    def gather(self, worded: str, hits: Sequence[Hit], **_more: Any) -> Evidence:
        shown = (Source(n, one, (Span(one.start, one.end),), (one.text,)) for n, one in enumerate(hits, 1))
        return Evidence(tuple(shown), 1.0)


def told(id: int, answer: str, rating: str, **more: Any) -> Said:
    return Said(
        id, "宿泊費はいくらまでですか。", answer, rating, more.pop("corrected", ""), (hit(),), ("d1",), **more
    )


def made(said: Sequence[Said]) -> list[tuple[str, TuningExample | None]]:
    return list(FeedbackBuilding(FoundSources()).make(said, frozenset()))  # type: ignore[arg-type]


def test_an_answer_that_many_readers_got_makes_one_pair() -> None:
    said = [told(n, "12,000円です。", "up") for n in range(40)]
    said += [told(n, "分かりません。", "down") for n in range(40, 80)]
    ((key, one),) = made(said)
    assert one is not None and (one.answer, one.rejected) == ("12,000円です。", "分かりません。")
    assert [key] == [again for again, _ in made([*said, told(99, "12,000円です。", "up")])]


def test_nothing_is_learnt_of_an_answer_that_quotes_what_has_gone() -> None:
    building = FeedbackBuilding(FoundSources())  # type: ignore[arg-type]
    said = [told(1, "9,000円です。", "down", corrected="9,000円までです。", gone=True)]
    assert [one for _, one in building.make(said, frozenset())] == [None, None]
    assert building.dropped == {"gone": 2}
    shown = [told(1, "9,000円です。", "down", corrected="12,000円までです。")]
    assert [one.kind for _, one in made(shown) if one] == ["answer", "preference"]


WRONG = "宿泊費の申請は、宿泊費の申請書に宿泊費の領収書を添えて行う。"
RIGHT = "海外では一夜につき15,000円を限度として支給する。"


def test_a_corrected_answer_stands_on_the_passage_that_proves_it_and_names_it() -> None:
    """What the question alone would choose proves the correction in nothing; budget is for one sentence."""
    hits = (
        hit(WRONG, document="d1", rank=1),
        hit(RIGHT, document="d2", rank=4),
    )
    settings = Settings(evidence={"tokens": 50, "sources": 1})  # type: ignore[arg-type]
    served = ServedEvidence(None, settings)  # type: ignore[arg-type]  # nothing is searched
    assert served.gather("宿泊費はいくらまでですか。", hits).sources[0].hit.document == "d1"
    corrected = "一夜につき15,000円までです。[4] 申請は別です。[1]"
    said = replace(told(1, "宿泊費は申請します。", "down", corrected=corrected), hits=hits)
    answer, pair = [one for _, one in FeedbackBuilding(served).make([said], frozenset())]
    assert answer is not None and pair is not None
    assert [one.text for one in answer.evidence] == [RIGHT]
    assert answer.answer == "一夜につき15,000円までです。[1] 申請は別です。"
    assert (pair.answer, pair.evidence) == (answer.answer, answer.evidence)


@pytest.mark.parametrize("corrected", ["[7]", "[1]", "宿泊費は申請します。 [9]", "宿泊費は申請します。[1]"])
def test_a_correction_of_nothing_but_markers_teaches_no_preference(corrected: str) -> None:
    building = FeedbackBuilding(FoundSources())  # type: ignore[arg-type]
    said = told(1, "宿泊費は申請します。", "down", corrected=corrected)
    made_of = [one.kind for _, one in building.make([said], frozenset()) if one]
    assert "preference" not in made_of and building.dropped["unchanged"] >= 1


def test_what_a_text_has_in_brackets_is_no_marker_where_no_passage_has_that_number() -> None:
    (_, answer), _pair = made([told(1, "押します。", "down", corrected="電話で[12]を押します。[1]")])
    assert answer is not None and answer.answer == "電話で[12]を押します。[1]"

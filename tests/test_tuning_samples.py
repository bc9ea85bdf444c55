"""The samples' examples for tuning stand in their documents, and nothing is learnt that is asked later."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from assistant_fakes import hit

from assistant.answers import Source
from assistant.evaluation.bare import refuses
from assistant.evaluation.containing import contains
from assistant.evaluation.samples import load_questions
from assistant.prompting import build_messages
from assistant.words import detect_language
from ingestion.documents import Span, document_id
from ingestion.readers import read
from ingestion.screening.personal import find_personal
from ingestion.screening.policy import Policy
from training.tuning.examples import TuningExample
from training.tuning.gate.evidence import sources_of
from training.tuning.gate.questions import tells
from training.tuning.prompts import prompt_messages
from training.tuning.selecting import general_examples

ROOT = Path(__file__).parents[1]
DOCUMENTS = ROOT / "samples" / "documents"
GENERAL = ROOT / "training" / "tuning" / "general"
ALIKE = 0.5  # share of character trigrams that two questions have in common
MARKER = re.compile(r"\[(\d+)\]")
TYPES = {
    "fact", "number", "date", "table", "several passages", "procedure", "yes/no with reason", "unanswerable",
}  # fmt: skip
GENERAL_TYPES = {
    "knowledge", "arithmetic", "conversion", "translation", "reading", "format", "code", "spelling",
    "comparison",
}  # fmt: skip


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def examples(name: str) -> list[TuningExample]:
    return [TuningExample.from_json(row) for row in lines(ROOT / "samples" / "tuning" / name)]


ANSWERS = examples("examples.jsonl")
PREFERENCES = examples("preferences.jsonl")
ALL = [*ANSWERS, *PREFERENCES]
GENERAL_ROWS = [row for name in ("ja", "en") for row in lines(GENERAL / f"general_{name}.jsonl")]
REPLAY = lines(GENERAL / "replay.jsonl")
EVALUATION = [question.text for question in load_questions(ROOT / "samples" / "questions.jsonl")]


@cache
def trigrams(question: str) -> frozenset[str]:
    plain = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", question)).casefold()
    return frozenset(plain[i : i + 3] for i in range(len(plain) - 2))


def alike(first: str, second: str) -> float:
    """Jaccard similarity of the questions' trigrams."""
    ours, theirs = trigrams(first), trigrams(second)
    return len(ours & theirs) / len(ours | theirs)


def pairs_alike(questions: Iterable[str], others: Sequence[str], limit: float) -> list[tuple[str, str]]:
    return [(one, other) for one in questions for other in others if alike(one, other) >= limit]


def cited(example: TuningExample) -> set[int]:
    return {int(number) for number in MARKER.findall(example.answer)}


def test_a_copied_question_would_be_noticed() -> None:
    """Otherwise the comparisons below would prove nothing."""
    assert alike(EVALUATION[0], EVALUATION[0].replace("6か月", "半年")) >= ALIKE
    assert alike(EVALUATION[0], EVALUATION[0].replace("。", "")) == 1
    assert alike(EVALUATION[0], EVALUATION[1]) < ALIKE


def test_every_row_is_as_the_product_writes_it() -> None:
    for name, rows in (("examples.jsonl", ANSWERS), ("preferences.jsonl", PREFERENCES)):
        for given, row in zip(lines(ROOT / "samples" / "tuning" / name), rows, strict=True):
            assert json.loads(json.dumps(row.as_json())) == given, row.question
    assert {row.kind for row in ANSWERS} == {"answer"}
    assert {row.kind for row in PREFERENCES} == {"preference"}


def test_there_are_as_many_examples_as_are_needed() -> None:
    counts = Counter((row.split, row.answerable) for row in ANSWERS)
    assert len(ANSWERS) >= 170 and sum(not row.answerable for row in ANSWERS) >= 45
    assert counts["train", True] + counts["train", False] >= 120 and counts["train", False] >= 30
    assert counts["test", True] + counts["test", False] >= 120 and counts["test", False] >= 35
    assert counts["validation", True] >= 10 and counts["validation", False] >= 5
    assert 0.7 <= sum(row.language == "ja" for row in ANSWERS) / len(ANSWERS) <= 0.8
    assert {row.type for row in ANSWERS} == TYPES


def test_there_are_enough_preferences_and_none_over_a_document_of_the_test() -> None:
    assert len(PREFERENCES) >= 60
    assert {row.split for row in PREFERENCES} == {"train", "validation"}
    tested = {document for row in ANSWERS if row.split == "test" for document in row.documents}
    assert not tested & {document for row in PREFERENCES for document in row.documents}


def by_document() -> list[Any]:
    """The samples; the text of the scanned one has to be recognised."""
    slow = {"安全衛生委員会議事録.pdf"}
    marks = {True: [pytest.mark.slow], False: []}
    return [
        pytest.param(path, id=path.name, marks=marks[path.name in slow])
        for path in sorted(DOCUMENTS.iterdir())
    ]


@pytest.mark.parametrize("path", by_document())
def test_evidence_stands_in_its_document(path: Path) -> None:
    document, own = read(path), document_id(path.read_bytes())
    found = [one for row in ALL for one in row.evidence if one.document == own]
    assert found
    for one in found:
        assert document.text[one.start : one.end] == one.text, one.text
        pages = [page.number for page in document.pages if page.start <= one.start and one.end <= page.end]
        assert ([] if one.page is None else [one.page]) == (pages if document.paged else []), one.text


def test_an_example_names_the_documents_of_its_evidence() -> None:
    for row in ALL:
        assert 1 <= len(row.evidence) <= 4 and all(one.heading.strip() for one in row.evidence), row.question
        assert row.documents == tuple(dict.fromkeys(one.document for one in row.evidence)), row.question


def test_the_passage_that_answers_is_not_always_the_first() -> None:
    first = [min(cited(row)) == 1 for row in ANSWERS if row.answerable and len(row.evidence) > 1]
    assert 0.25 <= sum(first) / len(first) <= 0.6


def test_an_answer_cites_and_a_refusal_does_not() -> None:
    for row in ALL:
        assert (row.type == "unanswerable") == (not row.answerable) == refuses(row.answer), row.question
        assert bool(cited(row)) == bool(row.accepted) == row.answerable, row.question
        assert cited(row) <= set(range(1, len(row.evidence) + 1)), row.question
        sentences = [part for part in re.split(r"(?<=\])\s*", row.answer) if part]
        assert 1 <= len(sentences) <= 3, row.question
        assert all(re.search(r"[。.] ?\[\d+\]$", part) for part in sentences if row.answerable), row.question


def test_an_accepted_answer_stands_in_the_answer() -> None:
    for row in ALL:
        # The others are ways to say the same.
        assert not row.answerable or contains(row.answer, row.accepted[0]), row.question


def test_numbers_of_an_answer_stand_in_what_it_cites() -> None:
    for row in ALL:
        told = "".join(row.evidence[number - 1].text for number in sorted(cited(row)))
        for number in re.findall(r"\d+(?:[,.:]\d+)*", MARKER.sub("", row.answer)):
            assert not row.answerable or number in told, (number, row.question)


def test_the_rejected_answer_is_the_worse_one() -> None:
    for row in PREFERENCES:
        assert not any(contains(row.rejected, accepted) for accepted in row.accepted), row.question
        assert row.answerable or not refuses(row.rejected), row.question


def test_nothing_of_an_example_would_be_masked() -> None:
    """Personal data is masked before training: an answer that is a name would be lost."""
    policy = Policy()
    for row in ALL:
        texts = [row.question, row.answer, row.rejected, *(one.text for one in row.evidence)]
        found = [finding for text in texts for finding in find_personal(text) if policy.meant(finding)]
        assert found == [], row.question


def test_splits_share_no_document_and_no_group() -> None:
    splits, groups = defaultdict(set), defaultdict(set)
    for row in ALL:
        groups[row.group].add(row.split)
        for document in row.documents:
            splits[document].add(row.split)
            splits[document].add(row.group)
    assert all(len(found) == 1 for found in groups.values())
    assert all(len(found) == 2 for found in splits.values())  # one split, one group
    assert splits.keys() == {document_id(path.read_bytes()) for path in DOCUMENTS.iterdir()}


def test_no_two_questions_are_nearly_the_same() -> None:
    questions = [row.question for row in ANSWERS]
    near = [pair for pair in combinations(questions, 2) if alike(*pair) >= ALIKE]
    assert near == []
    assert pairs_alike([row.question for row in PREFERENCES], questions, ALIKE) == []


def test_no_question_of_the_evaluation_is_learnt() -> None:
    asked = [row.question for row in ALL]
    asked += [row["question"] for row in [*GENERAL_ROWS, *REPLAY]]
    assert pairs_alike(asked, EVALUATION, 0.4) == []


def test_general_questions_are_many_and_of_every_type() -> None:
    languages = Counter(row["language"] for row in GENERAL_ROWS)
    assert languages["ja"] >= 120 and languages["en"] >= 100
    for language in ("ja", "en"):
        types = Counter(row["type"] for row in GENERAL_ROWS if row["language"] == language)
        assert types.keys() == GENERAL_TYPES and min(types.values()) >= 6


def test_every_general_question_is_asked_once() -> None:
    assert len({row["id"] for row in GENERAL_ROWS}) == len(GENERAL_ROWS)
    questions = [row["question"] for row in GENERAL_ROWS]
    assert len({trigrams(question) for question in questions}) == len(questions)


OFFERS = re.compile(r"\bor\b|どちら|どれ|のうち|リスト")


def test_a_general_question_can_be_judged() -> None:
    for row in GENERAL_ROWS:
        assert row.keys() == {"id", "question", "accepted", "language", "type"}, row
        assert row["accepted"] and all(answer.strip() for answer in row["accepted"]), row
        # What stands in the question would be found in an answer that only repeats it; of what is offered
        # to choose from, models name one.
        free = row["type"] in ("reading", "format", "comparison") or OFFERS.search(row["question"])
        assert free or not any(tells(row["question"], answer) for answer in row["accepted"]), row


def test_training_replays_only_what_is_not_measured() -> None:
    taught = general_examples("", share=0.15, among=143, seed=0)
    assert len(taught) == 25  # 143 are 85 % of 168
    assert {one.messages[0].content for one in taught} <= {row["question"] for row in REPLAY}


def test_replay_has_other_questions() -> None:
    assert len(REPLAY) >= 60
    assert all(row.keys() == {"question", "answer", "language"} and row["answer"].strip() for row in REPLAY)
    asked = [row["question"] for row in REPLAY]
    assert len(set(asked)) == len(asked)
    general = [row["question"] for row in GENERAL_ROWS]
    assert pairs_alike(asked, general, ALIKE) == []
    assert not {row["answer"].strip() for row in REPLAY} & {
        one for row in GENERAL_ROWS for one in row["accepted"]
    }


@pytest.mark.parametrize("name", ["examples", "preferences"])
def test_each_prompt_is_learnt_as_it_is_asked(name: str) -> None:
    """Also where a piece of a document begins or ends with a space, as cells and items of lists do."""
    rows = ANSWERS if name == "examples" else PREFERENCES
    for example in rows:
        shown = [
            Source(
                number, hit(one.text, title=one.heading, rank=number), (Span(0, len(one.text)),), (one.text,)
            )
            for number, one in enumerate(example.evidence, start=1)
        ]
        served, kept = build_messages(example.question, shown, example.language, context_tokens=10**6)
        measured, _ = build_messages(
            example.question, sources_of(example), detect_language(example.question), context_tokens=10**6
        )
        assert prompt_messages(example, context_tokens=10**6) == served == measured, example.id
        assert len(kept) == len(example.evidence)
    assert any(one.text != one.text.strip() for example in rows for one in example.evidence)

"""Like questions together: by words, by vectors, and not along chains."""

from __future__ import annotations

import math

import numpy as np
from asked_questions import make_asked, make_place

from assistant.monitoring.grouping import group
from assistant.monitoring.unanswered import EXAMPLES, GROUPS, MOST, unanswered
from ingestion.documents import LOCAL_USER, User

PARKING = ["駐車場を借りたい", "駐車場の料金はいくらですか", "駐車場はありますか"]
CARDS = ["名刺を注文したい", "名刺の追加はどこに頼みますか"]


def sets(questions: list[str], groups: list[list[int]]) -> set[frozenset[str]]:
    return {frozenset(questions[at] for at in one) for one in groups}


def test_questions_about_one_thing_are_together() -> None:
    questions = [PARKING[0], CARDS[0], PARKING[1], "社長の誕生日は？", CARDS[1], PARKING[2]]
    groups = group(questions)
    assert sets(questions, groups) == {frozenset(PARKING), frozenset(CARDS), frozenset(["社長の誕生日は？"])}
    assert [len(one) for one in groups] == [3, 2, 1]
    assert sorted(at for one in groups for at in one) == list(range(6))
    assert group([]) == [] and group(["何？"]) == [[0]] and len(group(["？", "！"])) == 2


def test_words_that_everybody_uses_do_not_join() -> None:
    """With other questions about applying for things, applying is what they have in common with all."""
    questions = ["育児休業の申請", "社宅の申請"]
    others = [f"{thing}の申請" for thing in ("経費", "出張", "休暇", "備品", "名刺", "制服", "残業", "研修")]
    assert len(group(questions)) == 1
    assert len(group(questions, others)) == 2


def test_a_chain_of_neighbours_is_no_group() -> None:
    """Points on a circle, each 15° from the next: neighbours are alike (0.97), the ends are not (0.50)."""
    questions = [f"q{at}" for at in range(5)]
    angles = {text: math.radians(15 * at) for at, text in enumerate(questions)}

    def embed(text: str) -> np.ndarray:
        return np.array([math.cos(angles[text]), math.sin(angles[text])], dtype=np.float32)

    groups = group(questions, embed=embed)
    assert len(groups) > 1
    for one in groups:
        pairs = [(a, b) for a in one for b in one if a < b]
        # Each group is the mean of its pairs near; q0 and q4 are never in one.
        assert sum(math.cos(math.radians(15 * (b - a))) for a, b in pairs) >= 0.88 * len(pairs) - 0.05
        assert not {0, 4} <= set(one)


def test_vectors_join_what_no_word_does() -> None:
    questions = ["育休の期間", "parental leave", "駐車場"]
    vectors = {
        questions[0]: (1.0, 0.0),
        questions[1]: (0.95, math.sqrt(1 - 0.95**2)),
        questions[2]: (0.0, 1.0),
    }
    found = group(questions, embed=lambda text: np.array(vectors[text], dtype=np.float32))
    assert sets(questions, found) == {frozenset(questions[:2]), frozenset(questions[2:])}


class Now:
    """What may be shown of answers: documents in `gone` not any more."""

    def __init__(self, *gone: str) -> None:
        self.gone = gone

    def messages(self, messages: list[dict], user: User = LOCAL_USER) -> list[dict]:
        return [
            {"text": one["text"].replace("秘密", "■■"),
             "answer": {"hits": [{**hit, "state": "gone" if hit["document"] in self.gone else None}
                                 for hit in one["answer"]["hits"]]}}
            for one in messages
        ]  # fmt: skip


def owners(documents: list[dict]) -> list[dict]:
    return [{"owner": f"owner of {one['document']}", "documents": []} for one in documents]


def test_what_to_write_next() -> None:
    texts = [*PARKING, CARDS[0], PARKING[0] + "。", "秘密の駐車場の料金は？"]
    asked = [
        make_asked(at, question=text, standalone=text, outcome="abstained", documents=("hr-1",))
        for at, text in enumerate(texts, start=1)
    ] + [make_asked(90, outcome="answered"), make_asked(91, outcome="stopped")]
    hits = [make_place("gone-1"), make_place("hr-1"), make_place("hr-2"), make_place("hr-2")]
    stored = {at: {"hits": hits if at != 4 else [make_place("it-1")]} for at in range(1, 7)}
    found = unanswered(
        asked, lambda ids: {id: stored[id] for id in ids}, Now("gone-1"), owners, reader="local"
    )
    assert (found["n"], found["left_out"], found["by"]) == (6, 0, "words")
    parking, cards = found["groups"]
    assert (parking["n"], cards["n"]) == (5, 1)
    shown = [one["question"] for one in parking["questions"]]
    assert set(shown) == {*PARKING[1:], PARKING[0] + "。", PARKING[0], "■■の駐車場の料金は？"}
    # The repeated question stands behind the distinct ones, the newest wording for it among them.
    assert shown[-1] == PARKING[0] and parking["questions"][-1]["message"] == 1
    assert [(one["document"], one["n"]) for one in parking["documents"]] == [("hr-1", 5), ("hr-2", 5)]
    assert [one["owner"] for one in parking["owners"]] == ["owner of hr-1", "owner of hr-2"]
    assert cards["documents"][0]["title"] == "Title of it-1"


def test_words_of_others_are_not_shown_but_count() -> None:
    asked = [
        make_asked(
            at, question=text, standalone=text, outcome="abstained", user="local" if at == 2 else "other"
        )
        for at, text in enumerate((*PARKING, CARDS[0]), start=1)
    ]
    found = unanswered(asked, lambda ids: {id: {"hits": []} for id in ids}, Now(), owners, reader="local")
    assert [one["n"] for one in found["groups"]] == [3, 1]
    assert [[q["question"] for q in one["questions"]] for one in found["groups"]] == [[PARKING[1]], []]
    assert PARKING[0] not in str(found) and CARDS[0] not in str(found)


def test_a_conversation_that_was_deleted_meanwhile_is_out() -> None:
    asked = [make_asked(1, outcome="abstained"), make_asked(2, outcome="abstained")]
    found = unanswered(asked, lambda _ids: {}, Now(), owners, reader="local")
    assert all(one["questions"] == [] and one["documents"] == [] for one in found["groups"])


def test_many_questions_are_cut_and_the_rest_counted() -> None:
    count = MOST + 40
    asked = [
        make_asked(at, standalone=f"zq{at:04d}x", question=f"zq{at:04d}x", outcome="abstained")
        for at in range(1, count + 1)
    ]
    found = unanswered(asked, lambda ids: {id: {"hits": []} for id in ids}, Now(), owners, reader="local")
    assert (found["n"], len(found["groups"])) == (count, GROUPS)
    assert found["left_out"] + sum(one["n"] for one in found["groups"]) == count
    assert found["groups"][0]["questions"][0]["message"] == count  # the newest first
    same = unanswered(
        asked[:1] * 9, lambda ids: {id: {"hits": []} for id in ids}, Now(), owners, reader="local"
    )
    assert (same["groups"][0]["n"], len(same["groups"][0]["questions"])) == (9, EXAMPLES)

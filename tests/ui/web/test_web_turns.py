"""A turn's state from its events, and the cutting of an answer into sentences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from web_fakes import ANSWERS, FakeOperations

from ui.web.turns import TurnState, advance, answered, explained_hit, passage_at, pieces, stored_turns


def states(question: str) -> list[TurnState]:
    state = TurnState(question)
    found = [state]
    for event in FakeOperations().ask(question):
        state = advance(state, event)
        found.append(state)
    return found


def test_sources_come_before_the_first_word_and_the_end_holds_the_answer() -> None:
    seen = states("休暇は？")
    first_hits = next(i for i, state in enumerate(seen) if state.hits)
    first_text = next(i for i, state in enumerate(seen) if state.text)
    assert first_hits < first_text
    assert not any(state.finished for state in seen[:-1])
    assert seen[-1].text == "".join(sentence[0] for sentence in ANSWERS[0].sentences)
    assert [claim["verdict"] for claim in seen[-1].claims] == ["supported", "partly", "unsupported"]


def test_waiting_is_shown_until_the_first_word() -> None:
    state = advance(TurnState("q"), {"event": "waiting", "ahead": 2})
    assert state.ahead == 2
    assert advance(state, {"event": "token", "text": "a"}).ahead == 0


def test_an_unknown_event_changes_nothing() -> None:
    assert advance(TurnState("q"), {"event": "new"}) == TurnState("q")


def test_a_stored_conversation_is_what_was_streamed() -> None:
    operations = FakeOperations()
    talk = operations.new_conversation()["id"]
    scope = {"documents": ["rules"], "folder": None}
    last = None
    for event in operations.ask("休暇は？", conversation=talk, scope=scope):
        last = event
    assert last is not None
    messages = operations.conversation(talk)["messages"]
    stored = replace(answered("休暇は？", scope, last["answer"]), message=messages[-1].get("id"))
    assert stored_turns(messages) == [stored]


def test_a_question_without_an_answer_is_a_turn() -> None:
    (turn,) = stored_turns([{"role": "user", "text": "q", "answer": None, "scope": None}])
    assert turn.question == "q" and turn.finished


@given(
    st.lists(st.tuples(st.sampled_from(["", " ", "\n- "]), st.text("ab。", min_size=1)), max_size=6),
    st.text("ab"),
)
def test_pieces_joined_are_the_text(parts: list[tuple[str, str]], tail: str) -> None:
    text, claims = "", []
    for gap, words in parts:
        text += gap
        claims.append({"text": words, "start": len(text), "end": len(text) + len(words)})
        text += words
    text += tail
    found = list(pieces(text, claims))
    assert "".join(piece.text for piece in found) == text
    assert [piece.text for piece in found if piece.claim is not None] == [words for _, words in parts]


def test_claims_whose_offsets_do_not_fit_are_found_by_their_words() -> None:
    claims = [{"text": "One.", "start": 7, "end": 11}, {"text": "Gone.", "start": 0, "end": 5}]
    assert [(piece.text, piece.claim) for piece in pieces("So: One. Two", claims)] == [
        ("So: ", None),
        ("One.", 0),
        (" Two", None),
    ]


def test_chips_and_cards_lead_to_their_passages() -> None:
    last = states("休暇は？")[-1]
    chip: Any = passage_at(last, "c:0:0")
    assert chip.quote == "年次有給休暇は入社6か月後に10日与える。"
    assert (chip.document, chip.page) == ("rules", 2)
    assert chip.shown_as == "\\\\server\\share\\規程\\就業規則.pdf"
    assert chip.asked == "休暇は？"
    card: Any = passage_at(last, "h:0")
    assert card.document == "rules" and card.quote.startswith("第12条")
    for wrong in ("c:9:0", "c:2:0", "h:99", "x", "h:", "c:a:b"):
        assert passage_at(last, wrong) is None


def test_an_explanation_belongs_to_the_hit_that_holds_the_passage() -> None:
    hits = [{"document": "a", "start": 0, "end": 10}, {"document": "a", "start": 10, "end": 40}]
    assert explained_hit(hits, "a", 8, 20) is hits[1] and explained_hit(hits, "a", 2, 9) is hits[0]
    assert explained_hit(hits, "a", 40, 50) is None and explained_hit(hits, "b", 0, 5) is None

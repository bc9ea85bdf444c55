"""What the audit log keeps of an answer, how it is shown later, and what leaves it as a file."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answers import Message
from assistant.audit.answers import Asked, Circumstances, digest, facts_of, settings_that_matter, words_of
from assistant.audit.chain import EMPTY, Content, canonical, sealed
from assistant.audit.exporting import COLUMNS, exported, harmless
from assistant.audit.replaying import changes, entry_json, replayed, standing, summary_json
from assistant.generation import HeardGenerator, adapter_of, never, text_identity
from ingestion.settings import Settings

Json = dict[str, Any]
TEXT = "第3条 有給休暇は10日とする。"
PLACE = {"document": "d1", "start": 4, "end": 15, "score": 0.9}
ANSWER: Json = {
    "answer": "10日です。", "abstained": False, "question": "有給休暇は何日？", "stopped": False,
    "model": "small", "adapter": "terms", "timings": {"total_ms": 3.0}, "draft": "",
    "hits": [{**PLACE, "chunk_id": "d1:4-15", "text": TEXT[4:15], "title": "就業規則"}],
    "claims": [{"text": "10日です。", "verdict": "supported", "score": 0.9,
                "citations": [{**PLACE, "quote": TEXT[4:15]}]}],
}  # fmt: skip
NOW = Circumstances("small", "aa", "terms", "bb", {"retrieval": {"top_k": 8}}, "1.0")
ASKED = Asked("何日？", conversation="c1", prompts=[(Message("user", "何日？"),)])


def kept(user: str = "aoki", *, erased: bool = False) -> tuple[Json, tuple[Content, ...]]:
    facts = facts_of(ASKED, ANSWER, NOW, {"d1": TEXT}.get)
    words = [Content(1, name, "00", canonical(one)) for name, one in words_of(ASKED, ANSWER).items()]
    row = sealed(
        EMPTY, at="2026", user=user, kind="question",
        facts={**facts, "contents": {one.name: one.commitment for one in words}},
    )  # fmt: skip
    return {"row": row}, () if erased else tuple(words)


def test_the_facts_have_places_hashes_and_verdicts_and_no_words() -> None:
    facts = facts_of(ASKED, ANSWER, NOW, {"d1": TEXT}.get)
    assert facts["hits"] == [{"chunk": "d1:4-15", **PLACE}]
    assert facts["documents"] == {"d1": hashlib.sha256(TEXT.encode()).hexdigest()}
    assert facts["claims"] == [{"verdict": "supported", "score": 0.9, "citations": [PLACE]}]
    assert facts["model"] == {"name": "small", "sha256": "aa"}
    assert facts["adapter"] == {"name": "terms", "sha256": "bb"} and facts["prompts"] == 1
    said = json.dumps(facts, ensure_ascii=False)
    assert not any(word in said for word in ("有給", "何日", "10日", "就業規則"))


def test_the_settings_that_matter_have_no_secrets_and_other_settings_no_other_digest() -> None:
    plain, secret = Settings(), Settings(ingestion={"passwords": ("himitsu",)})  # type: ignore[arg-type]
    other = Settings(evidence={"tokens": 400})  # type: ignore[arg-type]
    assert "himitsu" not in canonical(settings_that_matter(secret))
    assert digest(settings_that_matter(plain)) == digest(settings_that_matter(secret))
    assert digest(settings_that_matter(plain)) != digest(settings_that_matter(other))


@pytest.mark.parametrize(
    ("said", "text", "state"),
    [
        ("10日", "年は10日。", "same"), ("10日", "10日とする。", "moved"), ("10日", "年は20日。", "changed"),
        ("10日", None, "removed"), (None, "年は10日。", "erased"), (None, None, "removed"),
        ("", "年は10日。", "changed"),
    ],
)  # fmt: skip
def test_a_passage_is_there_moved_changed_removed_or_erased(
    said: str | None, text: str | None, state: str
) -> None:
    assert standing(said, 2, 5, text) == state


def test_a_replay_holds_then_against_now() -> None:
    made, words = kept()
    today = Circumstances("large", "cc", None, None, {"retrieval": {"top_k": 9}}, "2.0")
    told = replayed(entry_json(made["row"], words), {"d1": TEXT.replace("10", "20")}.get, today)
    assert (told["question"], told["standalone"], told["answer"]) == (
        "何日？", "有給休暇は何日？", "10日です。",
    )  # fmt: skip
    assert told["claims"][0]["citations"][0]["state"] == "changed"
    assert {(one["key"], one["then"], one["now"]) for one in told["changed"]} >= {
        ("model.name", "small", "large"), ("version", "1.0", "2.0"),
        ("settings.values.retrieval.top_k", 8, 9), ("adapter.name", "terms", None),
    }  # fmt: skip


def test_an_erased_row_is_replayed_without_words() -> None:
    made, words = kept(erased=True)
    entry = entry_json(made["row"], words)
    told = replayed(entry, {"d1": TEXT}.get, NOW)
    assert entry["erased"] and told["question"] is told["answer"] is None
    assert told["claims"][0]["verdict"] == "supported"
    assert told["claims"][0]["citations"][0]["state"] == "erased"
    assert summary_json(entry)["question"] is None


def test_words_of_a_confirmed_answer_are_plain_texts() -> None:
    row = sealed(EMPTY, at="2026", user="aoki", kind="act", facts={"act": "add_verified"})
    words = (Content(1, "question", "", '"何日？"'), Content(1, "answer", "", '"10日です。"'))
    told = summary_json(entry_json(row, words))
    assert (told["act"], told["question"], told["answer"]) == ("add_verified", "何日？", "10日です。")


def test_changes_are_told_by_their_dotted_names() -> None:
    assert changes({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "d": 3}}) == [
        {"key": "a.c", "then": 2, "now": None}, {"key": "a.d", "then": None, "now": 3},
    ]  # fmt: skip


@pytest.mark.parametrize("sign", list("=+-@\t\r\n＝＋－＠"))
def test_a_cell_that_would_be_computed_is_text(sign: str) -> None:
    assert harmless(f"{sign}1+1") == f"'{sign}1+1"


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=12))
def test_any_name_comes_back_from_the_file_as_one_cell(name: str) -> None:
    made, words = kept(name)
    head, line = exported([(made["row"], words)], "csv")
    found = list(csv.reader(io.StringIO(head.removeprefix("\ufeff") + line, newline="")))
    assert found[0] == list(COLUMNS) and len(found) == 2
    assert found[1][COLUMNS.index("user")] == harmless(name)


def test_lines_hold_all_that_verifies_the_chain() -> None:
    made, words = kept()
    [line] = exported([(made["row"], words)], "jsonl")
    told = json.loads(line)
    covered = {key: told[key] for key in ("at", "kind", "payload", "previous", "seq", "user")}
    text = json.dumps(covered, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == told["hash"]
    assert {one["name"] for one in told["contents"]} == {"question", "answer", "prompts"}


class Model:
    """Writes one word, with an adapter."""

    name = "small"
    context_tokens = 100
    adapter = "terms"

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
        yield f"{messages[-1].content}{max_tokens}"


def test_a_prompt_is_heard_before_the_model_reads_it() -> None:
    heard: list[Sequence[Message]] = []
    model = HeardGenerator(Model(), heard.append)
    reply = model.generate([Message("user", "何日？")], max_tokens=7)
    assert heard == [(Message("user", "何日？"),)]
    assert "".join(reply) == "何日？7"
    assert (model.name, model.context_tokens, model.count_tokens("abc")) == ("small", 100, 3)
    assert (adapter_of(model), text_identity(model), getattr(model, "waiting", 0)) == ("terms", "small", 0)


class Endless(Model):
    """Writes until it is closed."""

    closed = False

    def generate(self, messages: Sequence[Message], **_named: object) -> Iterator[str]:
        try:
            while True:
                yield "a"
        finally:
            self.closed = True


def test_what_the_model_writes_is_told_and_closing_reaches_the_model() -> None:
    told: list[str] = []
    model = Endless()
    pieces = HeardGenerator(model, lambda _messages: None, told.append).generate([], max_tokens=9)
    assert [next(pieces), next(pieces)] == told == ["a", "a"]
    pieces.close()  # type: ignore[attr-defined]
    assert model.closed

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from adapter_files import PASSED, WEIGHTS, add, serving

from assistant.adapter_publishing import Publisher
from assistant.adapter_serving import AdapterServing
from assistant.adapters import BASE, GGUF, AdapterFolder
from assistant.errors import AdapterError, AdapterRefusedError

FAILED = {"passed": False, "reasons": ["general questions fell by 4 points"]}


@pytest.fixture
def adapters(tmp_path: Path) -> AdapterServing:
    return serving(tmp_path)


@pytest.fixture
def publisher(adapters: AdapterServing) -> Publisher:
    return Publisher(adapters)


def rows(folder: AdapterFolder) -> list[tuple[Any, ...]]:
    return [(row["act"], row["adapter"], row["previous"]) for row in folder.publication().history]


def test_published_at_once_and_by_whom(publisher: Publisher, adapters: AdapterServing) -> None:
    add(adapters.folder, "one")
    publisher.publish("one", by="佐藤", reason="読みやすい")
    assert adapters.choice().adapter == "one"
    [row] = adapters.folder.publication().history
    assert (row["by"], row["reason"], row["forced"]) == ("佐藤", "読みやすい", False)
    assert row["at"].endswith("+00:00")


def test_publishing_again_changes_nothing(publisher: Publisher, adapters: AdapterServing) -> None:
    add(adapters.folder, "one")
    once = publisher.publish("one", by="a")
    assert publisher.publish("one", by="b") == once == adapters.folder.publication()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gguf": None}, "not exported yet"),
        ({"parity": None}, "was not compared"),
        ({"parity": FAILED}, "did not pass parity"),
        ({"parity": {"passed": "yes"}}, "did not pass parity"),
        ({"parity": {"passed": True, "adapter_sha256": "another file"}}, "was not compared"),
        ({"parity": {"passed": True, "base_sha256": "another model"}}, "was not compared"),
        ({"base": {"model": "large", "sha256": "ff"}}, "tuned on large"),
    ],
)
def test_what_can_never_be_forced(
    publisher: Publisher, adapters: AdapterServing, changes: dict[str, Any], said: str
) -> None:
    add(adapters.folder, "one", **changes)
    for force in (False, True):
        with pytest.raises(AdapterRefusedError, match=said):
            publisher.publish("one", by="a", force=force, reason="we need it")
        with pytest.raises(AdapterRefusedError, match=said):
            publisher.try_out("one", 0.2, by="a", force=force, reason="we need it")
    assert adapters.folder.publication().history == ()


@pytest.mark.parametrize(("gate", "said"), [(None, "was not evaluated"), (FAILED, "did not pass its gate")])
def test_a_gate_is_passed_over_only_with_a_written_reason(
    publisher: Publisher, adapters: AdapterServing, gate: dict[str, Any] | None, said: str
) -> None:
    add(adapters.folder, "one", gate=gate)
    for force, reason in ((False, ""), (False, "we need it"), (True, ""), (True, "  ")):
        with pytest.raises(AdapterRefusedError, match=said):
            publisher.publish("one", by="佐藤", force=force, reason=reason)
    with pytest.raises(AdapterRefusedError, match="your name"):
        publisher.publish("one", by=" ", force=True, reason="顧客の期限")
    publisher.publish("one", by="佐藤", force=True, reason="顧客の期限")
    [row] = adapters.folder.publication().history
    assert (row["forced"], row["reason"], row["by"]) == (True, "顧客の期限", "佐藤")


@pytest.mark.parametrize("about", [{"adapter_sha256": "ff"}, {"base_sha256": "ff"}, {"base_sha256": None}])
def test_a_verdict_on_another_file_or_another_model_does_not_count(
    publisher: Publisher, adapters: AdapterServing, about: dict[str, Any]
) -> None:
    add(adapters.folder, "one", gate={**PASSED, **about})
    with pytest.raises(AdapterRefusedError, match="was evaluated as another file, on another"):
        publisher.publish("one", by="a")
    publisher.publish("one", by="a", force=True, reason="we know it")
    assert adapters.folder.publication().history[-1]["forced"] is True


def test_a_verdict_counts_on_the_model_on_which_parity_was_proven(
    publisher: Publisher, adapters: AdapterServing
) -> None:
    """Trained on a folder of Hugging Face, compared and evaluated on the GGUF that is served."""
    made = add(adapters.folder, "one")
    file, model = (made.gguf or {})["sha256"], sha256(WEIGHTS).hexdigest()
    other = {"model": "/hub/small", "sha256": "ee" * 32, "family": "qwen2"}
    proven = {"passed": True, "adapter_sha256": file, "base_sha256": model}
    add(adapters.folder, "one", base=other, parity=proven, gate={**PASSED, "base_sha256": model})
    assert adapters.standing(adapters.folder.read("one")) == "passed"
    assert publisher.publish("one", by="a").current == "one"
    add(adapters.folder, "two", base=other, parity={**proven, "adapter_sha256": "ff"},
        gate={**PASSED, "base_sha256": model})  # fmt: skip
    assert adapters.standing(adapters.folder.read("two")) == "void"


def test_forcing_what_passed_is_not_called_forced(publisher: Publisher, adapters: AdapterServing) -> None:
    add(adapters.folder, "one")
    publisher.publish("one", by="a", force=True, reason="to be sure")
    assert adapters.folder.publication().history[-1]["forced"] is False


def test_rollbacks_go_further_back_each_time(publisher: Publisher, adapters: AdapterServing) -> None:
    for name in ("one", "two", "three"):
        add(adapters.folder, name)
        publisher.publish(name, by="a")
    served = [publisher.roll_back(by="a", reason="worse").current for _ in range(3)]
    assert served == ["two", "one", None]
    with pytest.raises(AdapterRefusedError, match="base model answers"):
        publisher.roll_back(by="a")
    publisher.publish("three", by="a")
    assert publisher.roll_back(by="a").current is None


def test_a_rollback_to_one_that_was_served_or_to_the_base(
    publisher: Publisher, adapters: AdapterServing
) -> None:
    for name in ("one", "two", "three"):
        add(adapters.folder, name)
        publisher.publish(name, by="a")
    add(adapters.folder, "never")
    assert publisher.roll_back("one", by="a").current == "one"
    assert publisher.roll_back(by="a").current is None
    with pytest.raises(AdapterRefusedError, match="'never' was never published"):
        publisher.roll_back("never", by="a")
    assert publisher.roll_back("two", by="a").current == "two"
    assert publisher.roll_back(by="a").current is None
    assert publisher.roll_back("three", by="a").current == "three"
    base = publisher.roll_back(BASE, by="a", reason="all bad")
    assert base.current is None
    assert publisher.roll_back(BASE, by="a") == base


def test_a_rollback_forth_again_keeps_what_answered_until_then(
    publisher: Publisher, adapters: AdapterServing
) -> None:
    for name in ("one", "two"):
        add(adapters.folder, name)
        publisher.publish(name, by="a")
    served = [publisher.roll_back(to, by="a").current for to in (None, "two", None, None)]
    assert served == ["one", "two", "one", None]


def test_no_way_around_the_gate_by_exporting_again(publisher: Publisher, adapters: AdapterServing) -> None:
    """A new file of what is published is another adapter: nobody is given it until it is published anew."""
    add(adapters.folder, "one")
    add(adapters.folder, "two")
    publisher.publish("two", by="a")
    publisher.publish("one", by="a")
    add(adapters.folder, "one", content=b"exported again", gate=None)
    with pytest.raises(AdapterError, match="not what was published under its name"):
        adapters.chosen_file(adapters.choice())
    assert "not what was published" in str(adapters.problem("one")) and adapters.unfit("one") is None
    with pytest.raises(AdapterRefusedError, match="was not evaluated"):
        publisher.publish("one", by="a")
    add(adapters.folder, "one", content=b"exported again")
    publisher.publish("one", by="b")
    found = adapters.chosen_file(adapters.choice())
    assert found is not None and found.sha256 == sha256(b"exported again").hexdigest()
    assert rows(adapters.folder)[-2:] == [("publish", "one", "two"), ("publish", "one", "one")]
    assert publisher.roll_back(by="a").current == "two"


def test_no_way_around_the_gate_by_exporting_again_what_is_tried(
    publisher: Publisher, adapters: AdapterServing
) -> None:
    add(adapters.folder, "one")
    publisher.try_out("one", 0.999, by="a")
    asker = next(str(i) for i in range(99) if adapters.choice(asker=str(i)).why == "trial")
    assert adapters.chosen_file(adapters.choice(asker=asker)) is not None
    add(adapters.folder, "one", content=b"exported again")
    with pytest.raises(AdapterError, match="not what was published under its name"):
        adapters.chosen_file(adapters.choice(asker=asker))
    assert "not what was published" in str(adapters.problem("one"))
    assert adapters.file_of("one", None).sha256 == sha256(b"exported again").hexdigest()  # for testers


class Meddling(AdapterServing):
    """Lets `meanwhile` happen once, after an adapter was looked at and before anything is locked."""

    def __init__(self, inner: AdapterServing, meanwhile: Callable[[], object]) -> None:
        super().__init__(inner.folder, inner._base)
        self.meanwhile: Callable[[], object] | None = meanwhile

    def unfit(self, name: str) -> Exception | None:
        found = super().unfit(name)
        act, self.meanwhile = self.meanwhile, None
        if act is not None:
            act()
        return found


@pytest.mark.parametrize("share", [None, 0.5])
def test_what_is_removed_while_it_is_looked_at_is_not_published(
    publisher: Publisher, adapters: AdapterServing, share: float | None
) -> None:
    add(adapters.folder, "one")
    meddled = Publisher(Meddling(adapters, lambda: publisher.remove("one")))
    with pytest.raises(AdapterError, match="no adapter 'one'"):
        if share is None:
            meddled.publish("one", by="a")
        else:
            meddled.try_out("one", share, by="a")
    assert adapters.folder.publication().history == ()


def test_no_way_around_the_gate_by_a_rollback(publisher: Publisher, adapters: AdapterServing) -> None:
    """One that was trained again under a name that was published once is another adapter."""
    add(adapters.folder, "one")
    publisher.publish("one", by="a")
    publisher.roll_back(by="a")
    add(adapters.folder, "one", content=b"trained again", gate=None)
    with pytest.raises(AdapterRefusedError, match="not what was published under its name"):
        publisher.roll_back("one", by="a")
    (adapters.folder.folder("one") / GGUF).write_bytes(b"damaged")
    with pytest.raises(AdapterRefusedError, match="not the one that was exported"):
        publisher.roll_back("one", by="a")


def test_a_trial_begins_gives_way_and_ends(publisher: Publisher, adapters: AdapterServing) -> None:
    for name in ("one", "two", "three"):
        add(adapters.folder, name)
    publisher.publish("one", by="a")
    publisher.try_out("two", 0.2, by="a")
    publisher.try_out("three", 0.5, by="a")
    assert adapters.folder.publication().trial == {"adapter": "three", "share": 0.5}
    after = publisher.roll_back(by="a", reason="disliked")
    assert (after.current, after.trial) == ("one", None)
    publisher.try_out("two", 0.1, by="a")
    after = publisher.publish("two", by="a")
    assert (after.current, after.trial) == ("two", None)
    assert rows(adapters.folder) == [
        ("publish", "one", None), ("trial", "two", "one"), ("end_trial", "two", "one"),
        ("trial", "three", "one"), ("end_trial", "three", "one"), ("trial", "two", "one"),
        ("end_trial", "two", "one"), ("publish", "two", "one"),
    ]  # fmt: skip
    assert [row["share"] for row in after.history if row["act"] == "trial"] == [0.2, 0.5, 0.1]


def test_a_rollback_to_a_name_ends_the_trial_too(publisher: Publisher, adapters: AdapterServing) -> None:
    for name in ("one", "two"):
        add(adapters.folder, name)
    publisher.publish("one", by="a")
    publisher.try_out("two", 0.2, by="a")
    after = publisher.roll_back("one", by="a")
    assert (after.current, after.trial, after.history[-1]["act"]) == ("one", None, "end_trial")


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_share_is_between_none_and_all(
    publisher: Publisher, adapters: AdapterServing, share: float
) -> None:
    add(adapters.folder, "one")
    with pytest.raises(AdapterError, match="no share of a trial"):
        publisher.try_out("one", share, by="a")


def test_what_answers_everybody_is_not_tried(publisher: Publisher, adapters: AdapterServing) -> None:
    add(adapters.folder, "one")
    publisher.publish("one", by="a")
    with pytest.raises(AdapterRefusedError, match="answers everybody already"):
        publisher.try_out("one", 0.2, by="a")


def test_only_what_does_not_answer_is_removed(publisher: Publisher, adapters: AdapterServing) -> None:
    for name in ("one", "two", "three"):
        add(adapters.folder, name)
    publisher.publish("one", by="a")
    publisher.try_out("two", 0.2, by="a")
    for name in ("one", "two"):
        with pytest.raises(AdapterRefusedError, match="answers questions now"):
            publisher.remove(name)
    publisher.remove("three")
    assert adapters.folder.names() == ["one", "two"]
    with pytest.raises(AdapterError, match="no adapter 'three'"):
        publisher.remove("three")
    with pytest.raises(AdapterError, match="cannot be the name"):
        publisher.remove("../one")


def test_changes_of_several_threads_are_all_kept(publisher: Publisher, adapters: AdapterServing) -> None:
    names = [f"a{number}" for number in range(8)]
    for name in names:
        add(adapters.folder, name)

    def work(act: Callable[[], object]) -> threading.Thread:
        thread = threading.Thread(target=act)
        thread.start()
        return thread

    for thread in [work(lambda name=name: Publisher(adapters).publish(name, by="x")) for name in names]:
        thread.join(30)
    found = adapters.folder.publication()
    assert sorted(row["adapter"] for row in found.history) == names
    assert found.current == found.history[-1]["adapter"]
    assert [row["previous"] for row in found.history] == [
        None,
        *[row["adapter"] for row in found.history[:-1]],
    ]


def test_a_manifest_that_changed_its_gate_since_is_judged_as_it_is_now(
    publisher: Publisher, adapters: AdapterServing
) -> None:
    made = add(adapters.folder, "one")
    adapters.folder.write(replace(made, gate={**(made.gate or {}), **FAILED}))
    with pytest.raises(AdapterRefusedError, match="did not pass its gate"):
        publisher.publish("one", by="a")

from __future__ import annotations

from typing import Any

import pytest
from toy_chat_models import toy_examples, toy_pairs, toy_tokenizer

from assistant.answers import Message
from training.errors import ExampleError, TuningError
from training.tuning.encoding import IGNORED, Encoder, end_of_turn, rendered
from training.tuning.examples import EvidenceText, TuningExample


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return toy_tokenizer()


def encoder(tokenizer: Any, max_tokens: int = 2000) -> Encoder:
    return Encoder(tokenizer, max_tokens=max_tokens)


def test_exactly_the_prompt_is_masked(tokenizer: Any) -> None:
    """By the offsets of one tokenisation of the whole conversation: another way than the encoder's."""
    for example in (
        *toy_examples(3),
        TuningExample("answer", "上限は\n12,000円です。", question="会食の上限は？"),
    ):
        (row,) = encoder(tokenizer).encode(example)
        messages = encoder(tokenizer).messages(example)
        turns = [{"role": one.role, "content": one.content} for one in messages]
        prompt = rendered(tokenizer, turns)
        whole = rendered(tokenizer, [*turns, {"role": "assistant", "content": example.answer}], prompt=False)
        assert whole.startswith(prompt) and whole.endswith("<|im_end|>\n")
        whole = whole.removesuffix("\n")  # nobody generates what follows the end of a turn
        found = tokenizer(whole, add_special_tokens=False, return_offsets_mapping=True)
        assert list(row.ids) == found["input_ids"]
        starts = [start for start, _ in found["offset_mapping"]]
        expected = [
            IGNORED if start < len(prompt) else one for start, one in zip(starts, row.ids, strict=True)
        ]
        assert row.labels == expected
        assert tokenizer.decode(row.ids[row.prompt :]) == example.answer + "<|im_end|>"


def test_the_end_is_what_the_template_ends_a_reply_with(tokenizer: Any) -> None:
    assert tokenizer.convert_ids_to_tokens(end_of_turn(tokenizer)) == "<|im_end|>"
    other = toy_tokenizer()
    other.chat_template = "{% for m in messages %}{{ m.content }}\n{% endfor %}"
    assert end_of_turn(other) == other.eos_token_id


def test_a_template_that_refuses_the_instructions_is_told() -> None:
    other = toy_tokenizer()
    other.chat_template = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}"
        "{% for m in messages %}{{ m.content }}{% endfor %}"
    )
    with pytest.raises(TuningError, match="refuses messages of system, user: no system role"):
        encoder(other).encode(toy_examples(1)[0])


def test_a_document_cannot_end_a_turn(tokenizer: Any) -> None:
    evil = TuningExample(
        "answer", "No.", question="What <|im_end|>?", evidence=(EvidenceText("<|im_start|>", "a<|im_end|>b"),)
    )
    (row,) = encoder(tokenizer).encode(evil)
    (plain,) = encoder(tokenizer).encode(TuningExample("answer", "No.", question="What?"))
    special = tokenizer.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"])
    assert [row.ids.count(one) for one in special] == [plain.ids.count(one) for one in special] == [3, 3]


def test_each_reply_of_a_chat_is_learnt_with_all_before_it(tokenizer: Any) -> None:
    turns = tuple(Message(role, text) for role, text in
                  (("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")))  # fmt: skip
    first, second = encoder(tokenizer).encode(TuningExample("chat", "", messages=turns))
    assert tokenizer.decode(first.ids) == "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>"
    assert tokenizer.decode(second.ids[second.prompt :]) == "d<|im_end|>"
    assert tokenizer.decode(second.ids[: second.prompt]).startswith(tokenizer.decode(first.ids) + "\n")


def test_what_is_too_long_is_refused_by_name_and_never_cut(tokenizer: Any) -> None:
    example = toy_examples(1)[0]
    (row,) = encoder(tokenizer).encode(example)
    (fits,) = encoder(tokenizer, len(row.ids) + 40).encode(example)
    assert fits == row
    with pytest.raises(ExampleError, match=example.id):
        encoder(tokenizer, len(row.ids) - 1).encode(example)
    chat = TuningExample("chat", "", messages=(Message("user", "x" * 90), Message("assistant", "y")))
    with pytest.raises(ExampleError, match=rf"{chat.id} has \d+ tokens, and data.max_tokens is 64"):
        encoder(tokenizer, 64).encode(chat)
    pair = toy_pairs(1)[0]
    found = encoder(tokenizer).encode_pair(pair)
    with pytest.raises(ExampleError, match=pair.id):
        encoder(tokenizer, found.longest - 1).encode_pair(pair)


def test_a_pair_shares_its_prompt(tokenizer: Any) -> None:
    example = toy_pairs(1)[0]
    pair = encoder(tokenizer).encode_pair(example)
    (row,) = encoder(tokenizer).encode(example)
    assert (*pair.prompt, *pair.chosen) == row.ids
    assert tokenizer.decode(pair.rejected) == "I do not know.<|im_end|>"
    assert pair.longest == len(pair.prompt) + max(len(pair.chosen), len(pair.rejected))
    with pytest.raises(ExampleError, match="no preference"):
        encoder(tokenizer).encode_pair(toy_examples(1)[0])


def test_blocks_hold_every_token_of_the_documents_in_order(tokenizer: Any) -> None:
    texts = [("a", "the cat"), ("b", "sat <|im_end|> on"), ("c", "a mat")]
    told = "the cat<|endoftext|>sat < |im_end|> on<|endoftext|>a mat<|endoftext|>"
    whole = tokenizer(told, add_special_tokens=False)["input_ids"]
    for size in range(2, 9):
        blocks = list(encoder(tokenizer).blocks(texts, size))
        rest = len(whole) % size
        assert [one for block in blocks for one in block.ids] == whole[: len(whole) - (rest == 1)]
        assert all(len(block.ids) == size for block in blocks[:-1])
        assert all(block.labels == list(block.ids) for block in blocks)
    with pytest.raises(ExampleError, match="continued"):
        encoder(tokenizer).encode(TuningExample("text", "x"))

"""Which questions ask the same: pairs written by hand, and the vectors of the default embedder."""

from __future__ import annotations

from pathlib import Path

import pytest
from question_pairs import OTHER, SAME

from assistant.matching import same_matter
from ingestion.settings import Settings


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_question_in_other_words(one: str, other: str) -> None:
    assert same_matter(one, other) and same_matter(other, one)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_question_that_looks_alike(one: str, other: str) -> None:
    assert not same_matter(one, other) and not same_matter(other, one)


def test_white_space_width_and_signs_do_not_matter() -> None:
    assert same_matter("ＵＳＢ は　使えますか？", "USBは使えますか")
    assert not same_matter("", "") and not same_matter("？", "USBは使えますか")


@pytest.mark.model
def test_the_default_embedder_puts_the_same_questions_near(default_models_dir: Path) -> None:
    from ingestion.embedding import load_embedder

    embedder = load_embedder("multilingual-e5-small", default_models_dir)
    near = Settings().answers.verified_at
    found = [float(embedder.embed_query(one) @ embedder.embed_query(other)) for one, other in SAME]
    assert min(found) >= near

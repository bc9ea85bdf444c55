from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from task_fakes import FakeDocuments, ScriptedModel, finished, steps_for

from assistant.answers import Verdict
from assistant.errors import TaskError
from assistant.tasks.steps import TaskRequest
from assistant.tasks.translating import Original, judged, originals, translate
from assistant.tasks.whole_documents import document_hits
from ingestion.documents import LOCAL_USER

REQUEST = TaskRequest("translate", to="en")


class FixedEmbedder:
    """Says that everything is as near to everything as `cosine`."""

    def __init__(self, cosine: float) -> None:
        self.cosine = cosine

    def embed_passages(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        other = [self.cosine, float(np.sqrt(1 - self.cosine**2))]
        return np.array([[1.0, 0.0], other], dtype=np.float32)


@pytest.mark.parametrize(
    ("translation", "cosine", "verdict", "reasons"),
    [
        ("The daily allowance is 2,500 yen.", 0.9, Verdict.SUPPORTED, ()),
        ("The daily allowance is 2,500 yen.", 0.82, Verdict.PARTLY, ()),
        ("The cat sat for 2,500 yen.", 0.7, Verdict.UNSUPPORTED, ()),
        ("The daily allowance is paid.", 0.9, Verdict.PARTLY, ("number_left_out:2,500円",)),
        (
            "The daily allowance is 3,500 yen.", 0.95, Verdict.CONTRADICTED,
            ("number_not_found:3,500 yen", "number_left_out:2,500円"),
        ),
    ],
)  # fmt: skip
def test_numbers_decide_before_similarity(
    translation: str, cosine: float, verdict: Verdict, reasons: tuple[str, ...]
) -> None:
    found = judged(Original("日当は2,500円です。"), translation, FixedEmbedder(cosine))
    assert (found.verdict, found.reasons) == (verdict, reasons)


def test_without_an_embedder_the_sense_is_unchecked() -> None:
    assert judged(Original("日当です。"), "An allowance.", None).verdict is Verdict.UNCHECKED


def test_a_text_keeps_its_shape_and_each_sentence_is_one_claim() -> None:
    text = "日当は2,500円です。\n\n日帰りには支給しません。"
    model = ScriptedModel({"2,500": "The allowance is 2,500 yen.", "日帰り": "None for day trips."})
    parts = originals(text)
    answer = finished(list(translate(steps_for(REQUEST, model), parts, (), FixedEmbedder(0.9))))
    assert answer.text == "The allowance is 2,500 yen.\n\nNone for day trips."
    assert len(answer.claims) == 2 and all("英語" in prompt for prompt in model.prompts)


def test_sentences_of_a_document_cite_their_originals() -> None:
    library = FakeDocuments()
    hits = document_hits(library, "old", LOCAL_USER)
    parts = originals("", hits)
    model = ScriptedModel({"": "Something."})
    answer = finished(list(translate(steps_for(REQUEST, model), parts, hits, FixedEmbedder(0.9))))
    quotes = [cited.quote for claim in answer.claims for cited in claim.citations]
    assert quotes == [part.text for part in parts] and len(quotes) == 5
    with pytest.raises(TaskError, match="no text to translate"):
        originals("  \n ")

"""Continued pre-training: the adapter reads documents, packed into blocks. Facts stay with retrieval.

It gets used to words and style of a company; it is no way to teach what the documents say.
"""

from __future__ import annotations

from collections.abc import Sequence

from training.errors import TuningError
from training.tuning.encoding import Encoded, Encoder
from training.tuning.examples import TuningExample


def document_blocks(examples: Sequence[TuningExample], encoder: Encoder, size: int) -> list[Encoded]:
    """The pieces of documents among `examples`, one behind the other, in blocks of `size` tokens.

    Raises:
        TuningError: an example is no piece of a document.
    """
    for one in examples:
        if one.kind != "text":
            raise TuningError(
                f"example {one.id} is of kind {one.kind}, but the method continued learns from documents. "
                "Use the method sft, or leave out --data to take the documents of the library."
            )
    return list(encoder.blocks([(one.id, one.answer) for one in examples], size))

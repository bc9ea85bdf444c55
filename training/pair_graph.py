"""Writes a trained pair encoder for onnxruntime, in eight bits and without word vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, helper

from ingestion.e5_weights import FourBit, PackedEncoder, Shape
from ingestion.onnx_graph import EncoderGraph, add_layer, add_places, save_graph
from training.encoders import PairModel

_PLACES = "embeddings.position_embeddings.weight"
_KINDS = "embeddings.token_type_embeddings.weight"


def write_pair_graph(model: PairModel, task: str, max_tokens: int, path: Path) -> None:
    """Write the layers of `model` and its head for `task` to `path`.

    Inputs `words` float32 `(1, tokens, hidden)` and `pooling` float32 `(1, 2, tokens)` (one row for each
    text, `assistant.pairs.encoder.pooling`); output `logits` float32 `(1, classes)`.
    """
    found: dict[str, npt.NDArray[np.float32]] = {
        name: np.ascontiguousarray(value.detach().float().numpy())
        for name, value in [
            *model.bert.state_dict().items(),
            *model.heads[task].state_dict(prefix="head.").items(),
        ]
    }
    shape = _shape(model)
    kinds = found[_KINDS]
    tensors: dict[str, npt.NDArray[np.float32] | FourBit] = {
        **found,
        _PLACES: found[_PLACES][:max_tokens],
        "kinds": kinds - kinds[:1],  # the places carry that of the first text
    }
    graph = EncoderGraph(PackedEncoder(shape, tensors))
    graph.constant("last", np.array([-1], np.int64))
    hidden = add_places(graph, _with_kinds(graph))
    for layer in range(shape.layers):
        hidden = add_layer(graph, hidden, f"encoder.layer.{layer}")
    _head(graph, hidden, shape.hidden)
    classes = model.heads[task].out.out_features
    inputs = [
        helper.make_tensor_value_info("words", TensorProto.FLOAT, [1, "tokens", shape.hidden]),
        helper.make_tensor_value_info("pooling", TensorProto.FLOAT, [1, 2, "tokens"]),
    ]
    save_graph(
        graph, "pairs", inputs, helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, classes]), path
    )


def _with_kinds(graph: EncoderGraph) -> str:
    """The words with what tells the second text from the first."""
    sign = graph.node("Sign", ["pooling"], "texts")  # 1 where a token belongs to the row's text
    told = graph.node("Transpose", [sign], "texts.by_token", perm=[0, 2, 1])
    kind = graph.node("MatMul", [told, graph.weight("kinds")], "kind")
    return graph.node("Add", ["words", kind], "told")


def _head(graph: EncoderGraph, hidden: str, size: int) -> str:
    """As `training.encoders.PairHead`: both means, the size of their difference, their product."""
    means = graph.node("MatMul", ["pooling", hidden], "means")
    flat = graph.constant("flat", np.array([1, size], np.int64))
    first, second = (_one_of_two(graph, means, i, flat) for i in (0, 1))
    apart = graph.node("Abs", [graph.node("Sub", [first, second], "apart.signed")], "apart")
    together = graph.node("Mul", [first, second], "together")
    features = graph.node("Concat", [first, second, apart, together], "features", axis=1)
    weights = [graph.weight("head.dense.weight"), graph.weight("head.dense.bias")]
    active = graph.node(
        "Tanh", [graph.node("Gemm", [features, *weights], "head.sum", transB=1)], "head.active"
    )
    return graph.node(
        "Gemm", [active, graph.weight("head.out.weight"), graph.weight("head.out.bias")], "logits", transB=1
    )


def _one_of_two(graph: EncoderGraph, means: str, text: int, flat: str) -> str:
    place = graph.constant(f"text.{text}", np.array([text], np.int64))
    mean = graph.node("Gather", [means, place], f"mean.{text}", axis=1)
    return graph.node("Reshape", [mean, flat], f"mean.flat.{text}")


def _shape(model: PairModel) -> Shape:
    config = model.bert.config
    return Shape(
        config.hidden_size, len(model.bert.encoder.layer), config.num_attention_heads,
        config.intermediate_size, 1, config.max_position_embeddings, config.type_vocab_size,
        config.layer_norm_eps,
    )  # fmt: skip

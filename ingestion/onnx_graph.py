"""Writes the packed encoder as one ONNX file for onnxruntime, with the four-bit weights as they are.

The graph takes token ids and an attention mask and gives unit vectors: embedding, the layers of BERT, mean over the
tokens, length one. Weights stay in their blocks of 32, so no rounding is added to them; only
activations are rounded to eight bits, per block. (Rounding both to eight bits per tensor, the usual
dynamic quantisation, was measured to be farther from float32 and no faster; see NOTES.md.)
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from ingestion.e5_weights import BLOCK, FourBit, PackedEncoder

_MICROSOFT = "com.microsoft"
_EIGHT_BIT_ACTIVATIONS = 4


class _Graph:
    """Collects nodes and constants; every method returns the name of its result."""

    def __init__(self, encoder: PackedEncoder) -> None:
        self.encoder = encoder
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, values: npt.NDArray[np.generic]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def weight(self, name: str) -> str:
        return self.constant(name, self.encoder.dense(name))

    def node(self, kind: str, inputs: list[str], name: str, domain: str = "", **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def matrix(self, source: str, name: str) -> str:
        """`source` times a four-bit matrix, plus its bias."""
        weight = self.encoder.tensors[f"{name}.weight"]
        if not isinstance(weight, FourBit):
            raise ValueError(f"{name} is not a four-bit matrix")
        rows, columns = weight.codes.shape
        blocks = weight.codes.reshape(rows, columns // BLOCK, BLOCK)
        packed = blocks[:, :, 0::2] | (blocks[:, :, 1::2] << 4)
        return self.node(
            "MatMulNBits",
            [
                source,
                self.constant(f"{name}.codes", packed),
                self.constant(f"{name}.scales", weight.scales.reshape(-1)),
                "",
                "",
                self.weight(f"{name}.bias"),
            ],
            name,
            _MICROSOFT,
            K=columns,
            N=rows,
            bits=4,
            block_size=BLOCK,
            accuracy_level=_EIGHT_BIT_ACTIVATIONS,
        )

    def normalised_sum(self, first: str, second: str, name: str) -> str:
        """Layer normalisation of a sum."""
        return self.node(
            "SkipLayerNormalization",
            [first, second, self.weight(f"{name}.weight"), self.weight(f"{name}.bias")],
            name,
            _MICROSOFT,
            epsilon=self.encoder.shape.epsilon,
        )


def write_onnx(encoder: PackedEncoder, path: Path) -> None:
    """Write `encoder` to `path`.

    Inputs `input_ids` and `attention_mask`, int32 `(texts, tokens)`, 1 in the mask where a token is.
    Output `embedding`, float32 `(texts, hidden)`, unit length.
    """
    graph = _Graph(encoder)
    hidden = _embedding(graph)
    for layer in range(encoder.shape.layers):
        hidden = _layer(graph, hidden, f"encoder.layer.{layer}")
    _pooling(graph, hidden)
    sizes = ["texts", "tokens"]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "e5",
            [
                helper.make_tensor_value_info("input_ids", TensorProto.INT32, sizes),
                helper.make_tensor_value_info("attention_mask", TensorProto.INT32, sizes),
            ],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["texts", encoder.shape.hidden])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid(_MICROSOFT, 1)],
        ir_version=10,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())


def _embedding(graph: _Graph) -> str:
    words = graph.encoder.tensors["embeddings.word_embeddings.weight"]
    if not isinstance(words, FourBit):
        raise ValueError("the word embeddings are not four-bit")
    rows, columns = words.codes.shape
    packed = words.codes[:, 0::2] | (words.codes[:, 1::2] << 4)
    codes = helper.make_tensor("words.codes", TensorProto.UINT4, (rows, columns), packed.tobytes(), raw=True)
    graph.constants.append(codes)
    word = graph.node(
        "GatherBlockQuantized",
        [
            "words.codes",
            "input_ids",
            graph.constant("words.scales", words.scales),
            _middle(graph, rows, columns),
        ],
        "word",
        _MICROSOFT,
        gather_axis=0,
        quantize_axis=1,
        block_size=BLOCK,
    )
    place = graph.encoder.dense("embeddings.position_embeddings.weight")
    kind = graph.encoder.dense("embeddings.token_type_embeddings.weight")[0]
    table = graph.constant("positions", place + kind)  # every text is of token type 0
    shape = graph.node("Shape", ["input_ids"], "tokens", start=1, end=2)
    zero = graph.constant("zero", np.array([0], np.int64))
    position = graph.node("Slice", [table, zero, shape, zero], "position")
    batch = graph.node("Add", [word, position], "embedded")
    return graph.node(
        "LayerNormalization",
        [batch, graph.weight("embeddings.LayerNorm.weight"), graph.weight("embeddings.LayerNorm.bias")],
        "embedded.norm",
        epsilon=graph.encoder.shape.epsilon,
    )


def _middle(graph: _Graph, rows: int, columns: int) -> str:
    """Zero point 8 for every block: the runtime's own default for unsigned codes is 0."""
    eights = np.full(rows * columns // BLOCK // 2, 0x88, np.uint8)
    shape = (rows, columns // BLOCK)
    graph.constants.append(
        helper.make_tensor("words.zero", TensorProto.UINT4, shape, eights.tobytes(), raw=True)
    )
    return "words.zero"


def _layer(graph: _Graph, source: str, name: str) -> str:
    own = f"{name}.attention.self"
    attended = graph.node(
        "MultiHeadAttention",
        [graph.matrix(source, f"{own}.{part}") for part in ("query", "key", "value")]
        + ["", "attention_mask"],
        own,
        _MICROSOFT,
        num_heads=graph.encoder.shape.heads,
    )
    projected = graph.matrix(attended, f"{name}.attention.output.dense")
    middle = graph.normalised_sum(projected, source, f"{name}.attention.output.LayerNorm")
    wide = graph.matrix(middle, f"{name}.intermediate.dense")
    active = graph.node("Gelu", [wide], f"{name}.gelu")
    narrow = graph.matrix(active, f"{name}.output.dense")
    return graph.normalised_sum(narrow, middle, f"{name}.output.LayerNorm")


def _pooling(graph: _Graph, hidden: str) -> None:
    """Mean over the tokens of the mask, then length one."""
    mask = graph.node("Cast", ["attention_mask"], "mask", to=TensorProto.FLOAT)
    row = graph.node("Unsqueeze", [mask, graph.constant("one", np.array([1], np.int64))], "mask.row")
    total = graph.node("MatMul", [row, hidden], "total")
    flat = graph.node("Squeeze", [total, "one"], "sum")
    graph.node("LpNormalization", [flat], "embedding", axis=1, p=2)  # a mean is a sum of another length

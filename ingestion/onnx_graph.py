"""Writes the packed encoder as one ONNX file for onnxruntime on the CPU, in four and eight bits.

The graph takes the token ids of one text and gives its unit vector: embedding, the layers of BERT, mean over
the tokens, length one. Without a batch there is no padding, and a vector never depends on its neighbours.

Matrices are eight-bit with a scale for each column, and so are activations, with a scale for each token.
The value projection keeps its four-bit blocks of 32. Measured on 300 Japanese passages against float32,
as overlap of the ten nearest passages, and 255-token passages a second on one thread:

    float32 1.000, 5.5 · all four-bit 0.987, 5.2 · one scale a text, all eight-bit 0.889, 12.5
    one scale a token, all eight-bit 0.948, 11 · and values four-bit (this graph) 0.965, 10

Of the loss of "all eight-bit", three quarters come from the value projection alone.
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
_OPERATORS, _FORMAT = 21, 10
_HALF_BYTE = 4


class EncoderGraph:
    """Collects nodes and constants; every method returns the name of its result."""

    def __init__(self, encoder: PackedEncoder) -> None:
        self.encoder = encoder
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, values: npt.NDArray[np.generic]) -> str:
        """A tensor of the graph."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def four_bits(self, name: str, codes: npt.NDArray[np.uint8], shape: tuple[int, int]) -> str:
        """Codes of four bits, two in a byte."""
        packed = codes[:, 0::2] | (codes[:, 1::2] << 4)
        self.constants.append(helper.make_tensor(name, TensorProto.UINT4, shape, packed.tobytes(), raw=True))
        return name

    def weight(self, name: str) -> str:
        """A tensor of the encoder, in float32."""
        return self.constant(name, self.encoder.dense(name))

    def packed(self, name: str) -> FourBit:
        """A four-bit matrix of the encoder."""
        tensor = self.encoder.tensors[name]
        if not isinstance(tensor, FourBit):
            raise ValueError(f"{name} is not a four-bit matrix")
        return tensor

    def node(self, kind: str, inputs: list[str], name: str, domain: str = "", **attributes: object) -> str:
        """An operation."""
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def levelled(self, source: str, name: str) -> tuple[str, str]:
        """(`source` with each token divided by its largest magnitude, those magnitudes)."""
        peak = self.node("ReduceMax", [self.node("Abs", [source], f"{name}.abs"), "last"], f"{name}.peak")
        return self.node("Div", [source, peak], f"{name}.level"), peak

    def eight_bit(self, levelled: tuple[str, str], name: str) -> str:
        """A matrix in eight bits times levelled tokens, plus its bias."""
        values = self.encoder.dense(f"{name}.weight").T
        scales = (np.abs(values).max(axis=0) / 127).astype(np.float32)
        codes = np.clip(np.rint(values / scales), -127, 127).astype(np.int8)
        weights = [self.constant(f"{name}.codes", codes), self.constant(f"{name}.scales", scales)]
        level, peak = levelled
        product = self.node("DynamicQuantizeMatMul", [level, *weights], f"{name}.product", _MICROSOFT)
        full = self.node("Mul", [product, peak], f"{name}.full")
        return self.node("Add", [full, self.weight(f"{name}.bias")], name)

    def in_blocks(self, source: str, name: str) -> str:
        """A matrix in blocks of 32, four-bit if it came so, else eight-bit, times `source`, plus its bias."""
        weight = self.encoder.tensors[f"{name}.weight"]
        bits, codes, scales = _blocks(weight)
        rows, columns = codes.shape
        blocks = codes.reshape(rows, columns // BLOCK, BLOCK)
        if bits == _HALF_BYTE:
            packed: npt.NDArray[np.generic] = blocks[:, :, 0::2] | (blocks[:, :, 1::2] << _HALF_BYTE)
        else:
            packed = blocks
        inputs = [self.constant(f"{name}.codes", packed), self.constant(f"{name}.scales", scales.reshape(-1))]
        return self.node(
            "MatMulNBits",
            [source, *inputs, "", "", self.weight(f"{name}.bias")],
            name,
            _MICROSOFT,
            K=columns,
            N=rows,
            bits=bits,
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


def _blocks(
    weight: npt.NDArray[np.float32] | FourBit,
) -> tuple[int, npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """(bits, codes `(rows, columns)`, scales `(rows, columns / 32)`); the codes' middle stands for zero."""
    if isinstance(weight, FourBit):
        return _HALF_BYTE, weight.codes, weight.scales
    rows, columns = weight.shape
    blocks = weight.reshape(rows, columns // BLOCK, BLOCK)
    scales = np.maximum(np.abs(blocks).max(axis=2) / 127, np.finfo(np.float32).tiny).astype(np.float32)
    codes = np.clip(np.rint(blocks / scales[:, :, None]), -127, 127) + 128
    return 2 * _HALF_BYTE, codes.astype(np.uint8).reshape(rows, columns), scales


def save_graph(
    graph: EncoderGraph, name: str, inputs: list[onnx.ValueInfoProto], output: onnx.ValueInfoProto, path: Path
) -> None:
    """Write a finished graph to `path`."""
    model = helper.make_model(
        helper.make_graph(graph.nodes, name, inputs, [output], graph.constants),
        opset_imports=[helper.make_opsetid("", _OPERATORS), helper.make_opsetid(_MICROSOFT, 1)],
        ir_version=_FORMAT,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())


def write_onnx(encoder: PackedEncoder, path: Path) -> None:
    """Write `encoder` to `path`.

    Input `input_ids`, int32 `(1, tokens)`. Output `embedding`, float32 `(1, hidden)`, unit length.
    """
    graph = EncoderGraph(encoder)
    graph.constant("last", np.array([-1], np.int64))
    hidden = _embedding(graph)
    for layer in range(encoder.shape.layers):
        hidden = add_layer(graph, hidden, f"encoder.layer.{layer}")
    mean = graph.node(
        "ReduceMean", [hidden, graph.constant("tokens", np.array([1], np.int64))], "mean", keepdims=0
    )
    graph.node("LpNormalization", [mean], "embedding", axis=1, p=2)
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT32, [1, "tokens"])
    vector = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, encoder.shape.hidden])
    save_graph(graph, "e5", [ids], vector, path)


def _embedding(graph: EncoderGraph) -> str:
    words = graph.packed("embeddings.word_embeddings.weight")
    middle = np.full_like(words.scales, 8, np.uint8)  # the operator's own zero point would be 0
    word = graph.node(
        "GatherBlockQuantized",
        [
            graph.four_bits("word.codes", words.codes, words.codes.shape),
            "input_ids",
            graph.constant("word.scales", words.scales),
            graph.four_bits("word.middle", middle, words.scales.shape),
        ],
        "word",
        _MICROSOFT,
        gather_axis=0,
        quantize_axis=1,
        block_size=BLOCK,
    )
    return add_places(graph, word)


def add_places(graph: EncoderGraph, word: str) -> str:
    """Word vectors `(1, tokens, hidden)` with those of their places, normalised."""
    place = graph.encoder.dense("embeddings.position_embeddings.weight")
    kind = graph.encoder.dense("embeddings.token_type_embeddings.weight")[0]
    table = graph.constant("places", place + kind)  # every text is of token type 0
    zero = graph.constant("zero", np.array([0], np.int64))
    count = graph.node("Shape", [word], "count", start=1, end=2)
    places = graph.node("Slice", [table, zero, count, zero], "place")
    return graph.node(
        "LayerNormalization",
        [
            graph.node("Add", [word, places], "embedded"),
            graph.weight("embeddings.LayerNorm.weight"),
            graph.weight("embeddings.LayerNorm.bias"),
        ],
        "embedded.norm",
        epsilon=graph.encoder.shape.epsilon,
    )


def add_layer(graph: EncoderGraph, source: str, name: str) -> str:
    """One layer of BERT over `source`; `graph` must hold the constant "last"."""
    own = f"{name}.attention.self"
    level = graph.levelled(source, own)
    parts = [
        graph.eight_bit(level, f"{own}.query"),
        graph.eight_bit(level, f"{own}.key"),
        graph.in_blocks(source, f"{own}.value"),
    ]
    attended = graph.node("MultiHeadAttention", parts, own, _MICROSOFT, num_heads=graph.encoder.shape.heads)
    projected = _dense(graph, attended, f"{name}.attention.output.dense")
    middle = graph.normalised_sum(projected, source, f"{name}.attention.output.LayerNorm")
    active = graph.node("Gelu", [_dense(graph, middle, f"{name}.intermediate.dense")], f"{name}.gelu")
    narrow = _dense(graph, active, f"{name}.output.dense")
    return graph.normalised_sum(narrow, middle, f"{name}.output.LayerNorm")


def _dense(graph: EncoderGraph, source: str, name: str) -> str:
    return graph.eight_bit(graph.levelled(source, name), name)

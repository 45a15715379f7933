"""The encoder's ONNX graph, written from the safetensors file, with int8 weights.

Every matrix product quantises each token's activations on their own (symmetric, by the token's largest magnitude) and
the weights per output channel, so that a text's embedding does not depend on the other texts of the call, as it would
under per-tensor dynamic quantisation. Weights use 7 of 8 bits: processors without VNNI saturate on sums of two full
8-bit products, and 63 * 255 * 2 stays below the bound, so that every processor computes the same integers.

Input: `input_ids` int64 (texts, tokens); all texts of one call have the same number of tokens, hence no mask.
Outputs: `layer_4`, `layer_5` and `layer_6`, float32 (texts, tokens, 384), the states after the last layers.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fw_assets.embedded.file_checksums import is_whole, write_checksum

GRAPH_VERSION = 2
OPSET = 20
LAYERS, HEADS, WIDTH = 6, 12, 384
OUTPUTS = ("layer_4", "layer_5", "layer_6")
_HEAD_WIDTH = WIDTH // HEADS
_EPSILON = 1e-12
_WEIGHT_STEPS = 63
_ZERO = 128.0


def graph_file(weights: Path, weights_sha256: str, cache: Path) -> Path:
    """The graph's path in `cache`, keyed by the weights' digest and this writer's version; built if absent or damaged.

    The write is atomic: processes that start together build it twice at worst.
    """
    key = hashlib.sha256(f"{weights_sha256}|{GRAPH_VERSION}|{OPSET}".encode()).hexdigest()[:16]
    path = cache / f"minilm-int8-{key}.onnx"
    if is_whole(path):
        return path
    cache.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=cache, prefix=path.name, suffix=".part")
    with os.fdopen(descriptor, "wb") as out:
        out.write(build_graph(weights))
        out.flush()
        os.fsync(out.fileno())
    Path(temporary).replace(path)
    write_checksum(path)
    return path


def build_graph(weights: Path) -> bytes:
    """The serialised ONNX model of the encoder whose tensors are in the safetensors file `weights`."""
    from onnx import TensorProto, helper
    from safetensors.numpy import load_file

    writer = GraphWriter(load_file(weights))
    encoder_states(writer)
    shape: list[str | int | None] = ["texts", "tokens", WIDTH]
    return writer.model(
        "minilm",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["texts", "tokens"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in OUTPUTS],
    )


def encoder_states(writer: GraphWriter) -> None:
    """Add the encoder, from `input_ids` to the states of `OUTPUTS`."""
    from onnx import TensorProto

    token = writer.node("Gather", writer.quantised_rows("embeddings.word_embeddings.weight"), "input_ids")
    token = writer.node("Cast", token, to=TensorProto.FLOAT)
    scale = writer.node("Gather", "embeddings.word_embeddings.weight.scale", "input_ids")
    token = writer.node("Mul", token, scale)
    count = writer.node("Shape", "input_ids", start=1, end=2)
    position = writer.node("Slice", writer.positions(), writer.ints([0]), count, writer.ints([0]))
    state = writer.norm("embeddings.LayerNorm", writer.node("Add", token, position))
    for layer in range(LAYERS):
        state = _layer(writer, layer, state)


def _layer(writer: GraphWriter, layer: int, state: str) -> str:
    name, output = f"encoder.layer.{layer}", f"layer_{layer + 1}"
    projections = writer.linear([f"{name}.attention.self.{part}" for part in ("query", "key", "value")], state)
    parts = writer.node("Reshape", projections, writer.ints([0, 0, 3, HEADS, _HEAD_WIDTH]))
    parts = writer.node("Transpose", parts, perm=[2, 0, 3, 1, 4])
    query, key, value = (writer.node("Gather", parts, writer.scalar(index), axis=0) for index in range(3))
    attention = writer.node("MatMul", query, writer.node("Transpose", key, perm=[0, 1, 3, 2]))
    attention = writer.node("Softmax", writer.node("Mul", attention, writer.number(_HEAD_WIDTH**-0.5)), axis=-1)
    mixed = writer.node("Transpose", writer.node("MatMul", attention, value), perm=[0, 2, 1, 3])
    mixed = writer.node("Reshape", mixed, writer.ints([0, 0, WIDTH]))
    mixed = writer.linear([f"{name}.attention.output.dense"], mixed)
    state = writer.norm(f"{name}.attention.output.LayerNorm", writer.node("Add", mixed, state))
    wide = writer.node("Gelu", writer.linear([f"{name}.intermediate.dense"], state))
    narrow = writer.linear([f"{name}.output.dense"], wide)
    return writer.norm(f"{name}.output.LayerNorm", writer.node("Add", narrow, state), output)


class GraphWriter:
    """Collects nodes and constants; every method but `model` returns the name of a value.

    Args:
        tensors: of the encoder, by name; none for a graph without it.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self._tensors = tensors
        self._constant_names: set[str] = set()
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def model(self, name: str, inputs: list[Any], outputs: list[Any]) -> bytes:
        """The serialised model of what was collected."""
        from onnx import helper

        graph = helper.make_graph(self.nodes, name, inputs, outputs, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
        serialised: bytes = model.SerializeToString()
        return serialised

    def node(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        from onnx import helper

        output = output or f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], **attributes))
        return output

    def constant(self, name: str, array: NDArray[Any]) -> str:
        from onnx import numpy_helper

        if name not in self._constant_names:
            self._constant_names.add(name)
            self.constants.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def ints(self, values: list[int]) -> str:
        return self.constant("ints_" + "_".join(map(str, values)), np.array(values, np.int64))

    def scalar(self, value: int) -> str:
        return self.constant(f"scalar_{value}", np.array(value, np.int64))

    def number(self, value: float) -> str:
        return self.constant(f"number_{value!r}", np.array(value, np.float32))

    def norm(self, name: str, value: str, output: str | None = None) -> str:
        scale = self.constant(f"{name}.weight", self._tensors[f"{name}.weight"])
        shift = self.constant(f"{name}.bias", self._tensors[f"{name}.bias"])
        return self.node("LayerNormalization", value, scale, shift, output=output, axis=-1, epsilon=_EPSILON)

    def positions(self) -> str:
        """Position embeddings plus the one segment's embedding, (512, 384)."""
        table = self._tensors["embeddings.position_embeddings.weight"]
        return self.constant("places", table + self._tensors["embeddings.token_type_embeddings.weight"][0])

    def quantised_rows(self, name: str) -> str:
        table = self._tensors[name]
        scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-12) / 127
        self.constant(f"{name}.scale", scale.astype(np.float32))
        return self.constant(f"{name}.int8", np.rint(table / scale).astype(np.int8))

    def linear(self, names: list[str], value: str) -> str:
        """`value` times the stacked weights of `names`, plus their biases; integers inside."""
        from onnx import TensorProto

        weight = np.concatenate([self._tensors[f"{name}.weight"] for name in names]).T
        bias = np.concatenate([self._tensors[f"{name}.bias"] for name in names])
        scale = np.maximum(np.abs(weight).max(axis=0), 1e-12) / _WEIGHT_STEPS
        matrix = self.constant(f"{names[0]}.int8", np.rint(weight / scale).astype(np.int8))
        columns = self.constant(f"{names[0]}.scale", scale.astype(np.float32))
        largest = self.node("ReduceMax", self.node("Abs", value), self.ints([-1]), keepdims=1)
        step = self.node("Mul", self.node("Max", largest, self.number(1e-12)), self.number(1 / 127))
        steps = self.node("Round", self.node("Div", value, step))
        steps = self.node("Cast", self.node("Add", steps, self.number(_ZERO)), to=TensorProto.UINT8)
        zero = self.constant("zero", np.array(int(_ZERO), np.uint8))
        product = self.node("Cast", self.node("MatMulInteger", steps, matrix, zero), to=TensorProto.FLOAT)
        product = self.node("Mul", self.node("Mul", product, columns), step)
        return self.node("Add", product, self.constant(f"{names[0]}.bias", bias))

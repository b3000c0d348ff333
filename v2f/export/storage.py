"""How a graph keeps its weights and computes: `Number` says in which of three ways.

float32: computed in float32. Weights that are whole in 16 bits, as those of weights files are, are kept so: half the
    file, and the same numbers.
float16: CAM++, the detail network and the discriminator compute in float16 (`v2f.export.graphs.in_half`), for GPUs.
int8: as float32, but the composites' textures and the discriminator are kept in 8 bits, in blocks with a scale each.

A picture moves by up to 1 of 255 in float32 and 3 in int8. In 8 bits the voice encoders would move it by up to 7
(CAM++) and 42 (the LSTM), so they stay in 16 (docs/onnx.md). What is kept in fewer bits than it is computed in is
expanded once, when a runtime loads the graph.
"""

import re
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

Number = Literal["float32", "float16", "int8"]
NUMBERS: tuple[Number, ...] = get_args(Number)
# Nodes by whose names weights are kept in 8 bits: not the composites' flows, few and each felt at every edge.
IN_EIGHT_BITS = re.compile(r"/portraits/MatMul$|/trunk/.*/Conv$")
BLOCK = 16  # weights that share a scale
SMALLEST = 1024  # weights, below which nothing is gained

Kept = tuple[list[TensorProto], list[NodeProto]]  # weights as they are kept, and what expands them


def store(graph: ModelProto, number: Number) -> ModelProto:
    """Change how a graph keeps its weights of float32."""
    users = {name: node.name for node in graph.graph.node for name in node.input}
    tensors: list[TensorProto] = []
    expanding: list[NodeProto] = []
    for tensor in graph.graph.initializer:
        values = numpy_helper.to_array(tensor)
        kept: Kept = [tensor], []
        if values.dtype == np.float32 and values.size >= SMALLEST:
            eight = number == "int8" and IN_EIGHT_BITS.search(users.get(tensor.name, ""))
            if eight and values.size % BLOCK == 0:
                kept = _in_eight_bits(tensor.name, values)
            elif np.array_equal(values, _halved(values)):
                kept = _in_sixteen_bits(tensor.name, values)
        tensors += kept[0]
        expanding += kept[1]
    nodes = [*expanding, *graph.graph.node]
    del graph.graph.initializer[:], graph.graph.node[:]
    graph.graph.initializer.extend(tensors)
    graph.graph.node.extend(nodes)
    return graph


def _halved(values: NDArray[np.float32]) -> NDArray[np.float16]:
    with np.errstate(over="ignore"):
        return values.astype(np.float16)


def _in_sixteen_bits(name: str, values: NDArray[np.float32]) -> Kept:
    half = numpy_helper.from_array(_halved(values), f"{name}.half")
    return [half], [helper.make_node("Cast", [half.name], [name], to=TensorProto.FLOAT)]


def _in_eight_bits(name: str, values: NDArray[np.float32]) -> Kept:
    """Whole numbers from -127 to 127, times a scale for each block of neighbours.

    Not by DequantizeLinear, which knows blocks only from opset 21 on.
    """
    blocks = values.reshape(-1, BLOCK)
    scales = np.nextafter((np.abs(blocks).max(axis=1, keepdims=True) / 127).astype(np.float16), np.float16(1))
    whole = np.rint(blocks / scales.astype(np.float32)).astype(np.int8)
    arrays = {"eight": whole, "scales": scales, "shape": np.array(values.shape)}
    return [numpy_helper.from_array(array, f"{name}.{part}") for part, array in arrays.items()], [
        helper.make_node("Cast", [f"{name}.eight"], [f"{name}.whole"], to=TensorProto.FLOAT),
        helper.make_node("Cast", [f"{name}.scales"], [f"{name}.steps"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}.whole", f"{name}.steps"], [f"{name}.blocks"]),
        helper.make_node("Reshape", [f"{name}.blocks", f"{name}.shape"], [name]),
    ]

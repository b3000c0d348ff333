"""Weights take fewer bits in a file, and are what they were, or nearly, where a graph runs."""

import numpy as np
import onnx
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from tests.export.conftest import ready
from v2f.export.cli import NUMBERS as OFFERED
from v2f.export.storage import BLOCK, NUMBERS, SMALLEST, store

COLUMNS = 2 * BLOCK
ROWS = SMALLEST // COLUMNS


def product(weights: np.ndarray, name: str = "/portraits/MatMul") -> ModelProto:
    """A graph x [1, rows] -> x @ weights [1, columns]."""
    rows, columns = weights.shape
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "weights"], ["y"], name=name)],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, rows])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, columns])],
        [numpy_helper.from_array(weights, "weights")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def read_back(graph: ModelProto) -> np.ndarray:
    """The weights as a runtime has them."""
    onnx.checker.check_model(graph)
    run = ready(graph.SerializeToString())
    return np.concatenate([run(x=row[None])[0] for row in np.eye(ROWS, dtype=np.float32)])


@pytest.fixture
def halves() -> np.ndarray:
    values = np.random.default_rng(0).standard_normal((ROWS, COLUMNS)).astype(np.float16)
    values[:, 0] *= 100  # columns of very different size
    return values.astype(np.float32)


def test_weights_that_16_bits_hold_are_the_same_in_half_the_bytes(halves: np.ndarray) -> None:
    graph = store(product(halves), "float32")
    assert graph.graph.initializer[0].data_type == TensorProto.FLOAT16
    assert np.array_equal(read_back(graph), halves)


def test_weights_that_16_bits_do_not_hold_stay(halves: np.ndarray) -> None:
    halves[0, 0] = 1 / 3
    graph = store(product(halves), "float32")
    assert [tensor.data_type for tensor in graph.graph.initializer] == [TensorProto.FLOAT]


def test_eight_bits_are_off_by_half_a_step_of_their_block(halves: np.ndarray) -> None:
    halves[1] = 0
    graph = store(product(halves), "int8")
    kept = read_back(graph)
    blocks, kept_blocks = halves.reshape(-1, BLOCK), kept.reshape(-1, BLOCK)
    step = np.abs(blocks).max(axis=1, keepdims=True) / 127 * 1.002  # a scale has 16 bits
    assert (np.abs(kept_blocks - blocks) <= step / 2 + 1e-6).all() and not np.array_equal(kept, halves)
    assert not kept[1].any()


def test_eight_bits_are_for_composites_and_the_discriminator_alone(halves: np.ndarray) -> None:
    graph = store(product(halves, "/campplus/network/MatMul"), "int8")
    assert np.array_equal(read_back(graph), halves)


def test_the_command_line_offers_what_there_is() -> None:
    assert OFFERED == NUMBERS

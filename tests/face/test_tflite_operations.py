"""Operations mean what TensorFlow means by them: SAME padding, the batch first, constants on either side."""

from typing import Any

import numpy as np
import pytest
import torch

from style2talker.errors import UserError
from style2talker.face.tflite_graph import Graph, Operation
from style2talker.face.tflite_operations import build
from style2talker.face.tflite_torch import TorchGraph

RNG = np.random.default_rng(0)


def operation(name: str, *, inputs: int = 1, **options: Any) -> Operation:
    return Operation(name=name, inputs=tuple(range(inputs)), outputs=(inputs,), options=options)


def floats(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def run(what: Operation, constants: list[np.ndarray | None], *given: np.ndarray) -> np.ndarray:
    return build(what, constants)(*map(torch.from_numpy, given)).numpy()


def same_convolution(x_nhwc: np.ndarray, weight_ohwc: np.ndarray, stride: int) -> np.ndarray:
    """By the definition: the output's size is the input's over the stride, an odd pad goes to the end."""
    size, taps = x_nhwc.shape[1], weight_ohwc.shape[1]
    out = -(-size // stride)
    pad = max((out - 1) * stride + taps - size, 0)
    x = np.pad(x_nhwc, ((0, 0), (pad // 2, pad - pad // 2), (pad // 2, pad - pad // 2), (0, 0)))
    y = np.empty((len(x), out, out, len(weight_ohwc)), np.float32)
    for row in range(out):
        for column in range(out):
            patch = x[:, row * stride : row * stride + taps, column * stride : column * stride + taps]
            y[:, row, column] = np.einsum("nhwc,ohwc->no", patch, weight_ohwc)
    return y


@pytest.mark.parametrize(("size", "taps", "stride"), [(8, 3, 1), (8, 3, 2), (7, 3, 2), (8, 5, 2), (8, 2, 2)])
@pytest.mark.parametrize("depthwise", [False, True])
def test_same_padding_is_tensorflows(size: int, taps: int, stride: int, depthwise: bool):
    x_nhwc, bias_o = floats(2, size, size, 3), floats(3)
    stored = floats(1, taps, taps, 3) if depthwise else floats(3, taps, taps, 3)
    dense = stored[0, :, :, None] * np.eye(3, dtype=np.float32) if depthwise else stored  # then h, w, c, o
    dense = dense.transpose(3, 0, 1, 2) if depthwise else dense
    what = operation(
        "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D",
        **{"padding": 0, "strideH": stride, "strideW": stride, "depthMultiplier": 1},
        **{"dilationHFactor": 1, "dilationWFactor": 1, "fusedActivationFunction": 0},
    )
    expected = same_convolution(x_nhwc, dense, stride) + bias_o
    np.testing.assert_allclose(run(what, [None, stored, bias_o], x_nhwc), expected, atol=1e-5)


def test_pooling_of_negative_numbers_is_not_zero_at_the_edge():
    x_nhwc = -1 - np.abs(floats(1, 5, 5, 1))
    options = dict.fromkeys(("filterHeight", "filterWidth", "strideH", "strideW"), 2)
    pooled = run(operation("MAX_POOL_2D", padding=0, **options), [None], x_nhwc)
    assert pooled.shape == (1, 3, 3, 1)
    assert pooled[0, 2, 2, 0] == x_nhwc[0, 4, 4, 0]


def test_slopes_are_per_channel():
    x_nhwc = np.array([[[[-1.0, -1], [2, 2]]]], np.float32)
    expected = np.array([[[[-0.5, -0.25], [2, 2]]]])
    np.testing.assert_allclose(
        run(operation("PRELU"), [None, np.array([[[0.5, 0.25]]], "f4")], x_nhwc), expected
    )


def test_a_constant_may_stand_on_either_side():
    x, seven = floats(2, 3), np.float32([7])
    np.testing.assert_allclose(run(operation("SUB", inputs=2), [None, seven], x), x - 7)
    np.testing.assert_allclose(run(operation("SUB", inputs=2), [seven, None], x), 7 - x)


def test_the_first_axis_is_the_batch_whatever_the_file_says():
    x = floats(5, 2, 3)
    assert run(operation("RESHAPE"), [None, np.array([1, -1, 1])], x).shape == (5, 6, 1)
    token = floats(1, 1, 3)
    joined = run(operation("CONCATENATION", inputs=2, axis=1), [token, None], x)
    np.testing.assert_array_equal(joined, np.concatenate([token.repeat(5, 0), x], axis=1))
    masks = {"beginMask": 0, "endMask": 4, "shrinkAxisMask": 1, "ellipsisMask": 0, "newAxisMask": 0}
    ends = [np.array([0, 1, 0]), np.array([1, 2, 3]), np.array([1, 1, 1])]
    np.testing.assert_array_equal(run(operation("STRIDED_SLICE", **masks), [None, *ends], x), x[:, 1:2])


def test_unknown_operations_are_refused_by_name():
    for what, message in (
        (operation("LSTM"), "LSTM"),
        (operation("ADD", fusedActivationFunction=4), "activation 4"),
        (operation("MEAN"), "computed argument"),
    ):
        with pytest.raises(UserError, match=message):
            build(what, [None, None])


def test_a_graph_runs_its_operations_in_order_and_keeps_its_outputs():
    steps = (
        Operation(name="MUL", inputs=(0, 1), outputs=(2,), options={}),
        Operation(name="NEG", inputs=(2,), outputs=(3,), options={}),
        Operation(name="ADD", inputs=(2, 3), outputs=(4,), options={}),
    )
    graph = Graph(inputs=(0,), outputs=(4, 3), constants={1: np.float32([2])}, operations=steps)
    total, negated = TorchGraph(graph)(torch.tensor([[1.0], [3.0]]))
    assert total.tolist() == [[0], [0]]
    assert negated.tolist() == [[-2], [-6]]

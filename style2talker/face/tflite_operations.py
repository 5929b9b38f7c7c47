"""The operations of the nets in `face_landmarker.task` as torch modules; any other one is refused by name.

Tensors keep TensorFlow's axes (N, height, width, channels), so reshapes, means and paddings mean what the
file says. Convolutions see them through a transposed view, which copies nothing. The first axis is the batch,
whatever number the file writes there.

Shape suffixes: n batch, h, w, c channels; o channels out, a axes.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from style2talker.errors import UserError
from style2talker.face.tflite_graph import Operation

_SAME = 0  # the schema's Padding
_ACTIVATIONS: dict[int, Callable[[Tensor], Tensor]] = {0: lambda x: x, 1: torch.relu, 3: F.relu6}

_ELEMENTWISE: dict[str, Callable[..., Tensor]] = {
    "ADD": torch.add,
    "SUB": torch.sub,
    "MUL": torch.mul,
    "DIV": torch.div,
    "NEG": torch.neg,
    "SQRT": torch.sqrt,
    "RSQRT": torch.rsqrt,
    "SQUARED_DIFFERENCE": lambda x, y: torch.square(x - y),
    "RELU": torch.relu,
    "LOGISTIC": torch.sigmoid,
}


def build(operation: Operation, constants: Sequence[np.ndarray | None]) -> nn.Module:
    """The module of an operation.

    Args:
        operation: one of a graph.
        constants: its inputs; None where a tensor is computed, which the module then takes.

    Raises:
        UserError: an operation, or a form of one, that is not built here.
    """
    match operation.name:
        case "CONV_2D" | "DEPTHWISE_CONV_2D":
            return _Convolution(operation, constants)
        case "MAX_POOL_2D":
            return _MaxPool(operation)
        case "PRELU":
            return _Prelu(_known(constants[1], operation))
        case "MEAN" | "SUM":
            return _Reduce(operation, _known(constants[1], operation))
        case "PAD":
            return _Pad(_known(constants[1], operation))
        case "RESHAPE":
            stored = constants[1] if len(constants) > 1 else operation.options["newShape"]
            return _Reshape(_known(stored, operation))
        case "TRANSPOSE":
            return _Transpose(_known(constants[1], operation))
        case "STRIDED_SLICE":
            return _Slice(operation, [_known(constant, operation) for constant in constants[1:]])
        case "CONCATENATION":
            return _Join(operation, constants)
        case name if name in _ELEMENTWISE:
            return _Elementwise(operation, constants)
    raise UserError(f"the net uses {operation.name}, which is not built here; expected {FORMS}.")


FORMS = ", ".join(sorted([*_ELEMENTWISE, "convolutions, pooling, padding, means, reshapes and slices"]))


def _known(constant: np.ndarray | None, operation: Operation) -> np.ndarray:
    if constant is None:
        raise UserError(f"{operation.name} takes a computed argument here; expected one stored in the file.")
    return constant


def _activation(operation: Operation) -> Callable[[Tensor], Tensor]:
    kind = operation.options.get("fusedActivationFunction", 0)
    if kind not in _ACTIVATIONS:
        raise UserError(f"{operation.name} ends in activation {kind}; expected none, ReLU or ReLU6.")
    return _ACTIVATIONS[kind]


def _channels_first(x_nhwc: Tensor) -> Tensor:
    return x_nhwc.permute(0, 3, 1, 2)


def _channels_last(x_nchw: Tensor) -> Tensor:
    return x_nchw.permute(0, 2, 3, 1)


def _same_padding(size: Sequence[int], kernel: Sequence[int], stride: Sequence[int]) -> list[int]:
    """TensorFlow's SAME in the order of `F.pad`: left, right, top, bottom; an odd pixel goes to the end."""
    padding: list[int] = []
    for length, taps, step in reversed(list(zip(size, kernel, stride, strict=True))):
        total = max((-(-length // step) - 1) * step + taps - length, 0)
        padding += [total // 2, total - total // 2]
    return padding


class _Convolution(nn.Module):
    weight: Tensor
    bias: Tensor | None

    def __init__(self, operation: Operation, constants: Sequence[np.ndarray | None]) -> None:
        super().__init__()
        options = operation.options
        stored_ohwc = torch.from_numpy(_known(constants[1], operation).copy())
        self.groups = 1
        if operation.name == "DEPTHWISE_CONV_2D":  # stored as 1, h, w, o
            if options["depthMultiplier"] != 1:
                raise UserError("a depthwise convolution has a multiplier; expected one filter per channel.")
            stored_ohwc = stored_ohwc.permute(3, 1, 2, 0)
            self.groups = stored_ohwc.shape[0]
        self.register_buffer("weight", _channels_first(stored_ohwc).contiguous())
        bias = constants[2] if len(constants) > 2 else None
        self.register_buffer("bias", None if bias is None else torch.from_numpy(bias.copy()))
        self.stride = (options["strideH"], options["strideW"])
        self.dilation = (options["dilationHFactor"], options["dilationWFactor"])
        self.same = options["padding"] == _SAME
        self.activation = _activation(operation)

    def forward(self, x_nhwc: Tensor) -> Tensor:
        x, around = _channels_first(x_nhwc), (0, 0)
        if self.same:
            reach = [(k - 1) * d + 1 for k, d in zip(self.weight.shape[2:], self.dilation, strict=True)]
            left, right, top, bottom = _same_padding(x.shape[2:], reach, self.stride)
            if (left, top) == (right, bottom):
                around = (top, left)
            else:
                x = F.pad(x, (left, right, top, bottom))
        y = F.conv2d(x, self.weight, self.bias, self.stride, around, self.dilation, self.groups)
        return _channels_last(self.activation(y))


class _MaxPool(nn.Module):
    def __init__(self, operation: Operation) -> None:
        super().__init__()
        options = operation.options
        self.kernel = (options["filterHeight"], options["filterWidth"])
        self.stride = (options["strideH"], options["strideW"])
        self.same = options["padding"] == _SAME
        self.activation = _activation(operation)

    def forward(self, x_nhwc: Tensor) -> Tensor:
        x = _channels_first(x_nhwc)
        if self.same:
            padding = _same_padding(x.shape[2:], self.kernel, self.stride)
            if any(padding):
                x = F.pad(x, padding, value=float("-inf"))
        return _channels_last(self.activation(F.max_pool2d(x, self.kernel, self.stride)))


class _Prelu(nn.Module):
    slope: Tensor

    def __init__(self, slope_11c: np.ndarray) -> None:
        super().__init__()
        if slope_11c.size != slope_11c.shape[-1]:
            raise UserError(f"PRELU has slopes of shape {slope_11c.shape}; expected one per channel.")
        self.register_buffer("slope", torch.from_numpy(slope_11c.reshape(-1).copy()))

    def forward(self, x_nhwc: Tensor) -> Tensor:
        return _channels_last(F.prelu(_channels_first(x_nhwc), self.slope))


class _Elementwise(nn.Module):
    """A function of one or two tensors, one of which may be stored."""

    stored: Tensor | None

    def __init__(self, operation: Operation, constants: Sequence[np.ndarray | None]) -> None:
        super().__init__()
        self.function, self.activation = _ELEMENTWISE[operation.name], _activation(operation)
        known = [k for k, constant in enumerate(constants) if constant is not None]
        self.position = known[0] if known else -1
        stored = _known(constants[known[0]], operation) if known else None
        self.register_buffer("stored", None if stored is None else torch.from_numpy(stored.copy()))

    def forward(self, *given: Tensor) -> Tensor:
        arguments = list(given)
        if self.stored is not None:
            arguments.insert(self.position, self.stored)
        return self.activation(self.function(*arguments))


class _Reduce(nn.Module):
    def __init__(self, operation: Operation, axes: np.ndarray) -> None:
        super().__init__()
        self.function = torch.mean if operation.name == "MEAN" else torch.sum
        self.axes = [int(axis) for axis in axes.reshape(-1)]
        self.keeps = bool(operation.options["keepDims"])

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, dim=self.axes, keepdim=self.keeps)


class _Pad(nn.Module):
    def __init__(self, padding_a2: np.ndarray) -> None:
        super().__init__()
        self.padding = [int(n) for pair in padding_a2[::-1] for n in pair]

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x, self.padding)


class _Reshape(nn.Module):
    def __init__(self, shape: np.ndarray) -> None:
        super().__init__()
        self.shape = [int(n) for n in shape[1:]]

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(len(x), *self.shape)


class _Transpose(nn.Module):
    def __init__(self, axes: np.ndarray) -> None:
        super().__init__()
        self.axes = [int(axis) for axis in axes]

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(self.axes)


class _Slice(nn.Module):
    """A strided slice of all axes but the batch, which stays even where the file drops its axis."""

    def __init__(self, operation: Operation, ends: Sequence[np.ndarray]) -> None:
        super().__init__()
        begin, end, step = ends
        masks = operation.options
        self.slices = [slice(None)] + [
            slice(
                None if masks["beginMask"] >> axis & 1 else int(begin[axis]),
                None if masks["endMask"] >> axis & 1 else int(end[axis]),
                int(step[axis]),
            )
            for axis in range(1, len(begin))
        ]
        if masks["shrinkAxisMask"] & ~1 or masks["ellipsisMask"] or masks["newAxisMask"]:
            raise UserError("STRIDED_SLICE drops or adds axes; expected ranges of the axes after the batch.")

    def forward(self, x: Tensor) -> Tensor:
        return x[tuple(self.slices)]


class _Join(nn.Module):
    """Concatenation; a stored part is repeated for every row of the batch."""

    def __init__(self, operation: Operation, constants: Sequence[np.ndarray | None]) -> None:
        super().__init__()
        self.axis = operation.options["axis"]
        self.stored = [k for k, constant in enumerate(constants) if constant is not None]
        for k in self.stored:
            self.register_buffer(f"part{k}", torch.from_numpy(_known(constants[k], operation).copy()))

    def forward(self, *given: Tensor) -> Tensor:
        parts = list(given)
        for k in self.stored:
            part = self.get_buffer(f"part{k}")
            parts.insert(k, part.expand(len(given[0]), *part.shape[1:]))
        return torch.cat(parts, dim=self.axis)

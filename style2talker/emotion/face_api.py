"""The expression net of face-api (MIT): seven emotions from 112 x 112 RGB, in torch.

Architecture as published with the weights: four dense blocks of depthwise-separable 3x3 convolutions, each
convolution fed with the sum of all earlier outputs of its block (DenseNet, Huang et al. 2017, with sums;
Xception, Chollet 2017), a stride of 2 at each block's start, global mean, one linear layer. The weights are
one file of bytes with a JSON manifest; most are 8 bit, affine per tensor: value = byte * scale + min.

Shapes: N faces, C channels, H = W pixels.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from style2talker.errors import UserError

CLASSES = ("neutral", "happy", "sad", "angry", "fear", "disgusted", "surprised")
FACE_SIZE_PX = 112
_MEAN_RGB = (122.782, 117.001, 104.298)  # of the training faces, published with the net
_BLOCK_CHANNELS = (32, 64, 128, 256)


def read_manifest(directory: Path) -> dict[str, np.ndarray]:
    """Tensors by name, float32, in the manifest's own shapes (height, width, in, out).

    Raises:
        UserError: the files are absent or the bytes do not match the manifest.
    """
    try:
        groups = json.loads((directory / "face_expression_model-weights_manifest.json").read_text())
        tensors: dict[str, np.ndarray] = {}
        for group in groups:
            data = b"".join((directory / name).read_bytes() for name in group["paths"])
            offset = 0
            for entry in group["weights"]:
                stored: Mapping[str, Any] = entry.get(
                    "quantization", {"dtype": "float32", "scale": 1.0, "min": 0.0}
                )
                count = math.prod(entry["shape"])
                values = np.frombuffer(data, dtype=stored["dtype"], count=count, offset=offset)
                offset += values.nbytes
                real = values.astype(np.float32) * np.float32(stored["scale"]) + np.float32(stored["min"])
                tensors[entry["name"]] = real.reshape(entry["shape"])
            if offset != len(data):
                raise ValueError(f"{len(data)} bytes, {offset} described")
    except (OSError, ValueError, KeyError) as error:
        raise UserError(
            f"weights of the face-api expression net in {directory}: got {error}, expected its manifest and "
            ".bin; fetch face-api-expression again"
        ) from error
    return tensors


class _Separable(nn.Module):
    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(in_channels, in_channels, 3, groups=in_channels, bias=False)
        self.pointwise = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x_nchw: Tensor, stride: int) -> Tensor:
        return self.pointwise(_same_conv(self.depthwise, x_nchw, stride))


def _same_conv(conv: nn.Conv2d, x_nchw: Tensor, stride: int) -> Tensor:
    # The net was trained with TensorFlow's "same" padding, which at stride 2 pads only right and bottom.
    before = 0 if stride == 2 else 1
    padded_nchw = F.pad(x_nchw, (before, 1, before, 1))
    return F.conv2d(padded_nchw, conv.weight, conv.bias, stride=stride, groups=conv.groups)


class ExpressionNet(nn.Module):
    """Probabilities of `CLASSES`. Build it with `load_expression_net`."""

    def __init__(self) -> None:
        super().__init__()
        blocks = []
        in_channels = 3
        for index, channels in enumerate(_BLOCK_CHANNELS):
            first = nn.Conv2d(3, channels, 3) if index == 0 else _Separable(in_channels, channels)
            blocks.append(nn.ModuleList([first, *(_Separable(channels, channels) for _ in range(3))]))
            in_channels = channels
        self.blocks = nn.ModuleList(blocks)
        self.head = nn.Linear(in_channels, len(CLASSES))
        self.register_buffer("mean_rgb", torch.tensor(_MEAN_RGB).view(1, 3, 1, 1), persistent=False)

    def forward(self, rgb_nchw: Tensor) -> Tensor:
        """[N, 3, 112, 112] in 0..255 -> [N, 7], rows sum to 1."""
        x_nchw = (rgb_nchw - self.get_buffer("mean_rgb")) / 255
        for block in self.blocks:
            assert isinstance(block, nn.ModuleList)
            first, *rest = block
            total_nchw = _same_conv(first, x_nchw, 2) if isinstance(first, nn.Conv2d) else first(x_nchw, 2)
            x_nchw = F.relu(total_nchw)
            total_nchw = x_nchw
            for separable in rest:
                total_nchw = total_nchw + separable(x_nchw, 1)
                x_nchw = F.relu(total_nchw)
        return self.head(x_nchw.mean(dim=(2, 3))).softmax(dim=1)


def load_expression_net(directory: Path) -> ExpressionNet:
    """The net in eval mode from the files of `face-api-expression`. Raises like `read_manifest`."""
    tensors = read_manifest(directory)
    net = ExpressionNet().eval().requires_grad_(False)
    for b, block in enumerate(net.blocks):
        assert isinstance(block, nn.ModuleList)
        for c, layer in enumerate(block):
            stem = f"dense{b}/conv{c}"
            if isinstance(layer, nn.Conv2d):
                _fill(layer.weight, tensors[f"{stem}/filters"].transpose(3, 2, 0, 1))
                _fill(layer.bias, tensors[f"{stem}/bias"])
            elif isinstance(layer, _Separable):
                _fill(layer.depthwise.weight, tensors[f"{stem}/depthwise_filter"].transpose(2, 3, 0, 1))
                _fill(layer.pointwise.weight, tensors[f"{stem}/pointwise_filter"].transpose(3, 2, 0, 1))
                _fill(layer.pointwise.bias, tensors[f"{stem}/bias"])
    _fill(net.head.weight, tensors["fc/weights"].T)
    _fill(net.head.bias, tensors["fc/bias"])
    return net


def _fill(parameter: Tensor | None, values: np.ndarray) -> None:
    assert parameter is not None
    parameter.copy_(torch.from_numpy(np.ascontiguousarray(values)))

"""A small generator and one made-up face, for every Style-A test."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor

from style2talker.face.model import EXPRESSION_NAMES, embedded
from style2talker.style_a.config import StyleAConfig
from style2talker.style_a.generator import StyleAGenerator
from style2talker.style_a.geometry_flow import FlowPrior, PosedFace


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    # Small pictures gain nothing from threads, and lose much where other tests use the cores.
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_config() -> StyleAConfig:
    return StyleAConfig(
        resolution=64,
        channel_base=512,
        channel_max=16,
        style_dim=16,
        descriptor_dim=16,
        flow_px=32,
        prior_px=64,
    )


@pytest.fixture
def generator(tiny_config: StyleAConfig) -> StyleAGenerator:
    torch.manual_seed(0)
    return StyleAGenerator(tiny_config)


@pytest.fixture
def stirred(generator: StyleAGenerator) -> StyleAGenerator:
    """A generator in the midst of training: nothing that starts at zero is zero."""
    with torch.no_grad():
        for value in generator.parameters():
            value.add_(0.05 * torch.randn(value.shape))
    return generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Poses one average face in the crop."""

    prior: FlowPrior

    def face(
        self,
        *,
        jaw_open: float = 0.0,
        rotation: tuple[float, float, float] = (0.0, 0.0, 0.0),
        translation: tuple[float, float, float] = (128.0, 128.0, 11.0),
    ) -> PosedFace:
        return self.prior.pose(
            np.zeros(len(embedded().identity_kv3), np.float32),
            expression(jaw_open),
            np.array([rotation], np.float32),
            np.array([translation], np.float32),
        )


def expression(jaw_open: float) -> np.ndarray:
    """One row of expression coefficients."""
    row = np.zeros((1, len(EXPRESSION_NAMES)), np.float32)
    row[0, EXPRESSION_NAMES.index("jawOpen")] = jaw_open
    return row


@pytest.fixture
def person(tiny_config: StyleAConfig) -> Person:
    return Person(prior=FlowPrior(size_px=tiny_config.prior_px))


@pytest.fixture
def inputs(tiny_config: StyleAConfig, person: Person) -> dict[str, Tensor]:
    """Two samples: source, art, degree, window and the prior of a mouth that opens."""
    torch.manual_seed(1)
    prior = torch.from_numpy(person.prior(person.face(), person.face(jaw_open=0.7)))
    smooth = torch.nn.functional.interpolate(torch.rand(4, 3, 8, 8), size=(64, 64), mode="bicubic")
    pictures = (smooth * 2 - 1).clamp(-1, 1)
    return {
        "source": pictures[:2],
        "art": pictures[2:],
        "degree_b": torch.tensor([0.4, 1.0]),
        "window_bkn": 0.3 * torch.randn(2, tiny_config.num_coefficients, 27),
        "prior": prior.expand(2, -1, -1, -1),
    }

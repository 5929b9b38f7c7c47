"""A Style-E with random weights: shapes, lengths and determinism do not need a trained one."""

from typing import Any

import numpy as np
import pytest
import torch

from style2talker.style_e.config import StyleEConfig
from style2talker.style_e.denoiser import Denoiser, Statistics
from style2talker.style_e.infer import StyleE

SIZES = {"num_coefficients": 6, "num_identity": 4, "text_dim": 5}


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    # Networks of 32 channels gain nothing from threads, and lose much where other tests use the cores.
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def style_e() -> StyleE:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    config = StyleEConfig(hidden=32, num_layers=2, audio_channels=16)
    statistics = Statistics.of(rng.normal(size=(50, 6)), rng.normal(size=(50, 4)))
    return StyleE(Denoiser(config, **SIZES, statistics=statistics), config, {"face_model": "test"})


@pytest.fixture
def inputs() -> dict[str, Any]:
    rng = np.random.default_rng(1)
    return {
        "text_embedding": rng.normal(size=5),
        "identity_k": rng.normal(size=4),
        "reference_expression_k": rng.normal(size=6),
    }

"""The track stage: where it runs is part of what it is."""

import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pipelines import track
from pipelines.profiles import stages_of
from pipelines.run import _gpu_share
from style2talker.errors import UserError
from style2talker.face.track_batched import BatchedTracker

INPUTS = {"discover": "0" * 64}


def test_the_device_is_in_the_fingerprint() -> None:
    assert track.stage("cuda").recipe(INPUTS) != track.STAGE.recipe(INPUTS)
    assert track.stage("cpu").recipe(INPUTS) == track.STAGE.recipe(INPUTS)
    assert "torch" in track.stage("cuda").entry().libraries


def test_a_worker_on_a_cpu_loads_no_torch() -> None:
    code = (
        "import sys; from pipelines.track import _tracker as t; t('cpu', 64); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_profile_tracks_where_it_is_told_to() -> None:
    stages = {stage.name: stage for stage in stages_of("small", device="cpu:0")}
    assert stages["track"].config.device == "cpu:0"
    assert isinstance(track._tracker("cpu:0", 64), BatchedTracker)
    assert track.stage("cuda").needs_gpu
    assert not stages["track"].needs_gpu


@pytest.mark.parametrize(
    ("device", "sentence"), [("gpu", "there is no device 'gpu'"), ("cuda", "torch finds no CUDA GPU")]
)
def test_a_device_that_is_not_there_is_said_before_the_work(
    device: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match=sentence):
        stages_of("small", device=device)


@given(num_gpus=st.integers(1, 16), num_actors=st.integers(1, 500))
def test_all_actors_find_room_on_the_gpus(num_gpus: int, num_actors: int) -> None:
    share = _gpu_share(float(num_gpus), num_actors)
    assert 0 < share <= 1
    assert share * num_actors <= num_gpus


def test_a_stage_that_needs_a_gpu_finds_none() -> None:
    with pytest.raises(UserError, match="Ray sees no GPU"):
        _gpu_share(0.0, 2)

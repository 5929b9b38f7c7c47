"""Reading TensorFlow Lite files: the three nets are read whole, anything else is refused in a sentence."""

import zipfile

import numpy as np
import pytest

from style2talker.errors import UserError
from style2talker.face.landmark_nets import BLENDSHAPES, DETECTOR, LANDMARKS, net_files
from style2talker.face.tflite_graph import read_graph
from style2talker.weights.resolve import resolve


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return net_files(resolve("face_landmarker"))


@pytest.mark.parametrize("name", [DETECTOR, LANDMARKS, BLENDSHAPES])
def test_every_tensor_is_known_before_it_is_used(files, name: str):
    graph = read_graph(files[name])
    known = {*graph.inputs, *graph.constants}
    for operation in graph.operations:
        assert set(operation.inputs) <= known
        known |= set(operation.outputs)
    assert set(graph.outputs) <= known
    assert all(np.isfinite(value).all() for value in graph.constants.values())
    assert {value.dtype for value in graph.constants.values()} <= {np.dtype("f4"), np.dtype("i4")}


def test_a_file_of_another_kind_is_refused(tmp_path):
    with pytest.raises(UserError, match="not a TensorFlow Lite file"):
        read_graph(b"\x89PNG\r\n\x1a\n" * 4)
    (tmp_path / "a.task").write_bytes(b"no zip")
    with pytest.raises(UserError, match="weights fetch"):
        net_files(tmp_path / "a.task")
    with zipfile.ZipFile(tmp_path / "b.task", "w") as archive:
        archive.writestr(DETECTOR, b"")
    with pytest.raises(UserError, match=r"face_landmarks_detector"):
        net_files(tmp_path / "b.task")


@pytest.mark.parametrize("kept", [12, 100, 0.3, 0.9])
def test_a_file_cut_short_is_refused(files, kept: float):
    data = files[BLENDSHAPES]
    with pytest.raises(UserError, match="damaged"):
        read_graph(data[: int(kept * len(data)) if kept < 1 else int(kept)])

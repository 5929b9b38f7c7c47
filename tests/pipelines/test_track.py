"""The track stage: where it runs is part of what it is."""

import subprocess
import sys

from pipelines import track

INPUTS = {"discover": "0" * 64}


def test_the_device_is_in_the_fingerprint() -> None:
    assert track.stage("cuda").fingerprint(INPUTS) != track.STAGE.fingerprint(INPUTS)
    assert track.stage("cpu").fingerprint(INPUTS) == track.STAGE.fingerprint(INPUTS)
    assert "torch" in track.stage("cuda").entry().libraries


def test_a_worker_on_a_cpu_loads_no_torch() -> None:
    code = "import sys; from pipelines.track import _tracker; _tracker('cpu'); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

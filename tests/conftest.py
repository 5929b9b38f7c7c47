"""Fixtures every room shares: real footage, when the machine has it."""

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(
    os.environ.get("STYLE2TALKER_TEST_DATA", Path(__file__).parents[1].parent / "shared" / "data")
)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real clips. Research-only footage never enters the repository, so a test may skip."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real footage is not at {SHARED_DATA}; set STYLE2TALKER_TEST_DATA to run this test")
    return SHARED_DATA

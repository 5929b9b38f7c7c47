"""What damaged files do to a reader, as the fixture `only_sentences`."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from style2talker.errors import UserError

Check = Callable[[str, bytes, Callable[[Path], object]], None]


def damaged(content: bytes) -> st.SearchStrategy[bytes]:
    """`content` with one byte changed (often near an end, where headers and tables lie), or cut off."""
    last = len(content) - 1
    place = st.integers(0, last) | st.integers(0, min(400, last)) | st.integers(max(0, last - 400), last)
    changed = st.tuples(place, st.integers(0, 255)).map(
        lambda change: content[: change[0]] + bytes([change[1]]) + content[change[0] + 1 :]
    )
    return changed | place.map(lambda length: content[:length])


@pytest.fixture(scope="session")
def only_sentences(tmp_path_factory: pytest.TempPathFactory) -> Check:
    """Reads damaged copies of a file: each is either read or refused with a `UserError`."""

    def check(name: str, content: bytes, read: Callable[[Path], object]) -> None:
        path = tmp_path_factory.mktemp("damaged") / name

        @settings(max_examples=150, deadline=None, database=None)
        @given(damaged(content))
        def reads_or_says(changed: bytes) -> None:
            path.write_bytes(changed)
            with suppress(UserError):
                read(path)

        reads_or_says()

    return check

"""What every entry must say."""

import re
from pathlib import PurePosixPath

import pytest

from style2talker.weights.registry import DEFAULT_SMALL, ENTRIES, Weight, WeightFile
from style2talker.weights.resolve import sha256_of

entries = pytest.mark.parametrize("weight", ENTRIES.values(), ids=list(ENTRIES))


@entries
def test_states_hash_size_and_a_source_for_each_file(weight: Weight) -> None:
    assert weight.files
    for file in weight.files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert file.size_bytes is None or file.size_bytes > 0
        assert file.urls or (weight.package and file.member)
        assert all(url.startswith("https://") for url in file.urls)


@entries
def test_no_file_leaves_its_directory(weight: Weight) -> None:
    for file in weight.files:
        path = PurePosixPath(file.path)
        assert not path.is_absolute()
        assert ".." not in path.parts


@entries
def test_a_package_is_pinned_by_version_and_hash(weight: Weight) -> None:
    if weight.package:
        assert re.fullmatch("[0-9a-f]{64}", weight.package.sha256)
        assert weight.package.version


@entries
def test_licence_is_stated(weight: Weight) -> None:
    assert weight.licence
    assert isinstance(weight.commercial_use, bool)


def test_the_default_set_is_small_and_free_to_use() -> None:
    chosen = [ENTRIES[name] for name in DEFAULT_SMALL]
    assert all(weight.commercial_use for weight in chosen)
    assert sum(weight.size_bytes or 1e9 for weight in chosen) < 200e6


def test_fingerprint_changes_with_any_file_and_not_with_their_order(no_network: None) -> None:
    def fingerprint(*files: WeightFile) -> str:
        return Weight(
            name="toy", version="1", summary="", licence="MIT", commercial_use=True, files=files
        ).sha256

    one, two, other = (
        WeightFile(path=path, sha256=digit * 64, size_bytes=1)
        for path, digit in (("a", "0"), ("b", "1"), ("b", "2"))
    )
    assert fingerprint(one, two) == fingerprint(two, one) != fingerprint(one, other)
    assert sha256_of("face_landmarker") == ENTRIES["face_landmarker"].sha256

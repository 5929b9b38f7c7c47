"""A name becomes verified files, or one sentence that says why not."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from style2talker.errors import UserError
from style2talker.weights import registry, resolve
from style2talker.weights.registry import PackageSource, Weight

Register = Callable[..., Weight]


def test_one_file_resolves_to_the_file_and_several_to_their_directory(register: Register, publisher) -> None:
    url = publisher.put("/a", b"one")
    register({"a": b"one"}, urls={"a": (url,)})
    assert resolve.resolve("toy").read_bytes() == b"one"

    urls = {name: (publisher.put(f"/{name}", name.encode()),) for name in ("b", "c")}
    register({"b": b"b", "c": b"c"}, urls=urls)
    directory = resolve.resolve("toy")
    assert {path.name for path in directory.iterdir() if not path.name.startswith(".")} == {"b", "c"}


def test_the_cache_answers_without_a_second_download(register: Register, publisher) -> None:
    register({"a": b"one"}, urls={"a": (publisher.put("/a", b"one"),)})
    assert resolve.resolve("toy") == resolve.resolve("toy", offline=True)
    assert publisher.requests == ["/a"]


def test_only_what_is_missing_is_fetched(register: Register, publisher) -> None:
    contents = {"a": b"one", "b": b"two"}
    register(contents, urls={name: (publisher.put(f"/{name}", data),) for name, data in contents.items()})
    (resolve.resolve("toy") / "b").unlink()
    resolve.resolve("toy")
    assert publisher.requests == ["/a", "/b", "/b"]


def test_the_second_address_serves_what_the_first_cannot(register: Register, publisher) -> None:
    register(
        {"a": b"one"},
        urls={"a": (f"{publisher.address}/gone", publisher.put("/bad", b"bad"), publisher.put("/a", b"one"))},
    )
    assert resolve.resolve("toy").read_bytes() == b"one"


def test_the_package_serves_what_the_publisher_cannot(register: Register, publisher, wheel) -> None:
    package = wheel({"toy/a": b"one"})
    register({"a": b"one"}, urls={"a": (f"{publisher.address}/gone",)}, package=package)
    assert resolve.resolve("toy").read_bytes() == b"one"


def test_wrong_bytes_everywhere_are_refused_and_leave_nothing(register: Register, publisher) -> None:
    register({"a": b"one"}, urls={"a": (publisher.put("/a", b"two"),)})
    with pytest.raises(UserError, match="sha256"):
        resolve.resolve("toy")
    assert [path.name for path in resolve.cache_dir("toy").iterdir()] == [".lock"]


@pytest.mark.parametrize("damage", [b"", b"ONE", b"one and more"])
def test_a_damaged_cached_file_is_an_error_that_fetch_repairs(
    register: Register, publisher, damage: bytes
) -> None:
    register({"a": b"one"}, urls={"a": (publisher.put("/a", b"one"),)})
    path = resolve.resolve("toy")
    path.write_bytes(damage)
    resolve._verified.clear()
    with pytest.raises(UserError, match="weights fetch toy"):
        resolve.resolve("toy")
    assert "sha256" in resolve.verify("toy")
    resolve.fetch("toy")
    assert path.read_bytes() == b"one"
    assert resolve.verify("toy") == "ok"


@pytest.mark.parametrize("by_variable", [True, False])
def test_offline_touches_no_network(
    register: Register, no_network: None, monkeypatch: pytest.MonkeyPatch, by_variable: bool
) -> None:
    register(
        {"a": b"one"},
        urls={"a": ("https://example.invalid/a",)},
        package=PackageSource(kind="pypi", name="toy", version="1.0", sha256="0" * 64),
    )
    if by_variable:
        monkeypatch.setenv("STYLE2TALKER_OFFLINE", "1")
    with pytest.raises(UserError, match="network is off"):
        resolve.resolve("toy", offline=None if by_variable else True)
    assert not resolve.home_dir().exists()


def test_the_callers_copy_is_used_in_place_after_the_same_check(
    register: Register, tmp_path: Path, no_network: None
) -> None:
    register({"a": b"one"})
    copy = tmp_path / "mine.bin"
    copy.write_bytes(b"one")
    assert resolve.resolve("toy", path=copy) == copy
    copy.write_bytes(b"two")
    with pytest.raises(UserError, match="sha256"):
        resolve.resolve("toy", path=copy)
    with pytest.raises(UserError, match="does not exist"):
        resolve.resolve("toy", path=tmp_path / "nowhere")


def test_the_callers_directory(register: Register, tmp_path: Path, no_network: None) -> None:
    register({"a": b"one", "b": b"two"})
    (tmp_path / "a").write_bytes(b"one")
    with pytest.raises(UserError, match="b does not exist"):
        resolve.resolve("toy", path=tmp_path)
    with pytest.raises(UserError, match="does not exist"):
        resolve.resolve("toy", path=tmp_path / "a")
    (tmp_path / "b").write_bytes(b"two")
    assert resolve.resolve("toy", path=tmp_path) == tmp_path


def test_a_noncommercial_licence_must_be_accepted(
    register: Register, publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    register({"a": b"one"}, urls={"a": (publisher.put("/a", b"one"),)}, commercial_use=False)
    with pytest.raises(UserError, match="CC-BY-NC"):
        resolve.resolve("toy")
    assert publisher.requests == []
    resolve.fetch("toy", accept_noncommercial=True)
    with pytest.raises(UserError, match="ACCEPT_NONCOMMERCIAL"):
        resolve.resolve("toy")
    monkeypatch.setenv("STYLE2TALKER_ACCEPT_NONCOMMERCIAL", "1")
    assert resolve.resolve("toy").is_file()


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(UserError, match="face_landmarker"):
        resolve.resolve("face-landmarker")


def test_a_cache_that_cannot_be_written_says_so(
    register: Register, publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("STYLE2TALKER_HOME", str(tmp_path / "file"))
    register({"a": b"one"}, urls={"a": (publisher.put("/a", b"one"),)})
    with pytest.raises(UserError, match="STYLE2TALKER_HOME"):
        resolve.resolve("toy")


def test_two_versions_do_not_share_a_directory(register: Register) -> None:
    register({"a": b"one"})
    first = resolve.cache_dir("toy")
    register({"a": b"two"})
    assert resolve.cache_dir("toy") != first


def test_processes_that_want_the_same_file_download_it_once(
    register: Register, publisher, cache: Path
) -> None:
    data = bytes(3_000_000)
    weight = register({"a": data}, urls={"a": (publisher.put("/a", data),)})
    program = dedent(f"""
        from style2talker.weights import registry, resolve
        from style2talker.weights.registry import Weight, WeightFile
        registry.ENTRIES["toy"] = Weight(
            name="toy", version="1", summary="", licence="MIT", commercial_use=True, files={weight.files!r}
        )
        print(resolve.resolve("toy").stat().st_size)
    """)
    workers = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    answers = [worker.communicate(timeout=60)[0].splitlines()[-1] for worker in workers]
    assert answers == [str(len(data))] * 3
    assert publisher.requests == ["/a"]


@pytest.mark.parametrize("name", ["face_landmarker"])
def test_a_published_file_is_what_the_registry_says(name: str) -> None:
    try:
        path = resolve.resolve(name)
    except UserError as error:
        pytest.skip(f"no source can be reached: {error}")
    assert path.stat().st_size == registry.ENTRIES[name].size_bytes
    assert resolve.verify(name) == "ok"

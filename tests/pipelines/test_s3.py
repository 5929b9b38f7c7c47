"""A whole build onto a server that speaks the S3 protocol, and back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from style2talker.corpus.reader import Corpus
from style2talker.corpus.uri import open_store
from style2talker.corpus.verify import verify


@pytest.fixture
def bucket_uri(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server_module = pytest.importorskip(
        "moto.server", reason="moto is not installed (pip install -e '.[dev]')"
    )
    import boto3

    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
    client.create_bucket(Bucket="corpora")
    yield f"s3://corpora/tiny?endpoint_override={host}:{port}&scheme=http&region=us-east-1"
    server.stop()


def test_a_corpus_in_a_bucket_has_the_bytes_of_one_on_disk(
    bucket_uri: str, build_here, footage: Path, contents, tmp_path: Path
) -> None:
    local = build_here(footage, tmp_path / "out")
    remote = build_here(footage, bucket_uri)
    assert remote == local
    assert verify(bucket_uri) == []
    store = open_store(bucket_uri)
    assert {n: store.read(n) for n in store.names() if not n.startswith("_work")} == contents(
        tmp_path / "out"
    )
    ids = [row["clip_id"] for row in Corpus.open(bucket_uri).clips(columns=["clip_id"])]
    assert len(ids) == local.num_clips
    store.delete(remote.of_kind("clips")[0].path)
    assert "is missing" in verify(bucket_uri)[0]
    assert build_here(footage, bucket_uri) == local
    assert verify(bucket_uri) == []

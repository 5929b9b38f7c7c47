"""A whole build onto a server that speaks the S3 protocol, and back."""

from pathlib import Path
from typing import Any

from style2talker.corpus.reader import Corpus
from style2talker.corpus.uri import open_store
from style2talker.corpus.verify import verify


def test_a_corpus_in_a_bucket_has_the_bytes_of_one_on_disk(
    faulty_s3: Any, build_here, footage: Path, contents, tmp_path: Path
) -> None:
    faulty_s3.clear()  # one server for all tests
    bucket_uri = faulty_s3.uri()
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

"""A run continues only on what it began with."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from style2talker.errors import UserError
from training.checkpoint import RESUME, corpus_sha256, resume_path
from training.config import RunConfig, config_sha256


def test_a_run_does_not_continue_on_another_corpus(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "corpus.json").write_text('{"name": "one"}')
    config = RunConfig(corpus=str(corpus), out=str(tmp_path))
    saved = {"config_sha256": config_sha256(config), "corpus_sha256": corpus_sha256(config.corpus)}
    torch.save(saved, tmp_path / RESUME)
    assert resume_path(config) == tmp_path / RESUME
    (corpus / "corpus.json").write_text('{"name": "another"}')
    with pytest.raises(UserError, match="corpus whose manifest differs"):
        resume_path(config)
    assert resume_path(replace(config, resume="none")) is None

"""Profiles: the full one from end to end with models of the real architectures, tiny and random; any mix by a
file; mistakes are said before the work."""

import re
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from pipelines.annotators import annotator_of
from pipelines.build import build
from pipelines.profiles import PROFILES, stages_of
from pipelines.write import WriteConfig
from style2talker.corpus.reader import Corpus
from style2talker.corpus.verify import verify
from style2talker.emotion.evidence import Evidence
from style2talker.emotion.parse import violations
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.errors import UserError
from style2talker.face.model import EXPRESSION_NAMES
from style2talker.twin.make import write_corpus

LABELS = ("angry", "calm", "disgust", "fearful", "happy", "neutral", "sad", "surprised")


def save_wav2vec2(directory: Path) -> Path:
    import transformers

    config = transformers.Wav2Vec2Config(
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        conv_dim=(16, 16),
        conv_kernel=(10, 8),
        conv_stride=(10, 16),
        num_feat_extract_layers=2,
        num_conv_pos_embeddings=8,
        num_conv_pos_embedding_groups=2,
        classifier_proj_size=12,
        num_labels=len(LABELS),
        id2label=dict(enumerate(LABELS)),
        label2id={name: i for i, name in enumerate(LABELS)},
    )
    torch.manual_seed(0)
    transformers.Wav2Vec2ForSequenceClassification(config).save_pretrained(directory)
    transformers.Wav2Vec2FeatureExtractor().save_pretrained(directory)
    return directory


@pytest.fixture(scope="module")
def full(tiny_models: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The full profile, with directories where a user has the real ones."""
    home = tmp_path_factory.mktemp("models")
    clip = str(tiny_models.save_clip(home / "clip"))
    return {
        "transcriber": str(tiny_models.save_whisper(home / "whisper")),
        "annotators": {
            "voice": None,
            "words": None,
            "voice_net": {"model": str(save_wav2vec2(home / "wav2vec2")), "labels": {"calm": "neutral"}},
            "zero_shot": {"model": clip},
            "caption": {"model": str(tiny_models.save_qwen2_vl(home / "qwen2_vl"))},
        },
        "writer": {
            "clip": clip,
            "paraphraser": str(tiny_models.save_llama(home / "llama", prompt="", answer="", steps=0)),
        },
        "frames_per_batch": 16,
    }


def test_the_full_profile_from_video_to_sentences(
    full: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STYLE2TALKER_ANSWERS", str(tmp_path / "answers"))
    profile = tmp_path / "full.yaml"
    profile.write_text(yaml.safe_dump(full, sort_keys=False))
    try:
        stages_of("small", fetch=True)
    except UserError as error:
        pytest.skip(f"weights of the small profile are not to be had: {error}")
    write_corpus(tmp_path / "footage", num_identities=1, clips_per_identity=2)
    out = str(tmp_path / "out")
    built = build(tmp_path / "footage", out=out, profile=str(profile), workers=1)
    assert verify(out) == []
    assert built.manifest.num_clips == 2
    for row in Corpus.open(out).clips():
        opinions = {each["name"]: each for each in row["opinions"]}
        assert [*opinions] == ["face", *full["annotators"], "label"]
        for name in ("face", "voice", "voice_net", "zero_shot"):
            assert np.isclose(sum(opinions[name]["probability"]), 1, atol=1e-3), name
        assert opinions["caption"]["text"]
        assert EMOTIONS[int(np.argmax(row["emotion_probability"]))] == row["emotion"]
        assert 0 < row["confidence"] < 1
        assert len(row["sentences"]) == 5
        assert set(row["sentence_sources"]) == {"grammar"}  # random weights confirm nothing
        for sentence in row["sentences"]:
            evidence = tuple(Evidence(**each) for each in sentence["evidence"])
            assert violations(sentence["text"], evidence) == []
    named = {stage.name: dict(stage.weights) for stage in built.manifest.stages}
    assert all(named[name] for name in ("transcribe", "voice_net", "zero_shot", "caption", "write"))
    again = build(tmp_path / "footage", out=out, profile=str(profile), workers=1)
    assert again.steps == ()
    assert again.manifest == built.manifest


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_by_name_judges_what_its_annotators_say(name: str) -> None:
    stages = {stage.name: stage for stage in stages_of(name)}
    names = [*stages]
    assert names[-2:] == ["judge", "write"]
    for annotator in PROFILES[name].annotators:
        assert annotator in stages["judge"].reads
        assert names.index("see") < names.index(annotator) < names.index("judge")
    assert all(stage.told == (stage.name in ("judge", "write")) for stage in stages.values())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("transcribr: x", "unknown key 'transcribr'; did you mean 'transcriber'"),
        ("[1, 2]", "expected `key: value` lines, got list"),
        ("a: [", "is not YAML"),
        ("annotators: {voic: {}}", r"no annotator 'voic' \(did you mean 'voice'\?\)"),
        ("annotators: {voice_net: {}}", "voice_net needs model"),
        ("annotators: {voice: {modell: x}}", r"no option 'modell' \(did you mean 'model'\?\)"),
        ("annotators: {json.decoder: {}}", "with a function `annotator` is needed"),
        ("annotators: [voice]", "expected names with options"),
        ("writer: {paraphrase: x}", "the writer has no option 'paraphrase'"),
    ],
)
def test_a_mistake_in_a_profile_is_one_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=sentence):
        stages_of(str(path))


DOCS = Path(__file__).parents[2] / "docs" / "annotators.md"


def test_the_annotator_of_the_docs_is_a_short_module_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert code.count("\n") < 60
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").touch()
    (tmp_path / "mine" / "smile_counter.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    stage = annotator_of("mine.smile_counter", {"least": 0.2}, device="cpu").stage()
    assert stage.name == "smile_counter"
    work = stage.make(stage.config, None)  # type: ignore[arg-type]
    blendshapes_tk = np.zeros((10, len(EXPRESSION_NAMES)), np.float32)
    blendshapes_tk[:, EXPRESSION_NAMES.index("mouthSmileLeft")] = 0.5
    row = work({"clip_id": "a", "blendshapes": blendshapes_tk})
    assert row["smile_counter_opinion"]["measures"] == [{"name": "smiles", "value": 1.0}]


def test_the_profile_of_the_docs_names_what_there_is(tmp_path: Path) -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL)
    values = yaml.safe_load(text)
    del values["annotators"]["mine.smile_counter"]
    for name, options in values["annotators"].items():
        options.pop("model", None)
        model = {"model": str(tmp_path)} if name in ("voice_net", "caption") else {}
        assert annotator_of(name, {**options, **model}, device="cpu").name == name
    assert set(values["writer"]) <= {each.name for each in fields(WriteConfig)}

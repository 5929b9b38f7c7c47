"""Speech-emotion nets of three architectures and two kinds of head: tiny, random, saved as published."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from pipelines.annotators import voice_net
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.errors import UserError
from style2talker.media.audio import flac_encode
from style2talker.nets.speech_emotion import SpeechEmotionNet

LABELS = ("ang", "hap", "neu", "sad", "calm")
SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 24,
    "conv_dim": (8, 8),
    "conv_kernel": (10, 8),
    "conv_stride": (10, 16),
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
    "classifier_proj_size": 12,
    "mask_time_prob": 0.0,
}


def save(
    directory: Path, *, kind: str = "Wav2Vec2", labels: tuple[str, ...] = LABELS, masks: bool = True
) -> Path:
    import transformers

    config = getattr(transformers, f"{kind}Config")(
        **SIZES,
        feat_extract_norm="layer" if masks else "group",
        id2label=dict(enumerate(labels)),
        label2id={name: i for i, name in enumerate(labels)},
        num_labels=len(labels),
    )
    torch.manual_seed(0)
    net = getattr(transformers, f"{kind}ForSequenceClassification")(config)
    with torch.no_grad():
        net.classifier.weight.mul_(40)  # untrained heads say the same of everything
    net.save_pretrained(directory)
    transformers.Wav2Vec2FeatureExtractor(return_attention_mask=masks).save_pretrained(directory)
    return directory


def with_dense_head(directory: Path, outputs: int) -> Path:
    """The head that many published models carry instead of transformers' own."""
    file = directory / "model.safetensors"
    state = load_file(file)
    state = {
        name: tensor
        for name, tensor in state.items()
        if name.split(".")[0] not in ("classifier", "projector")
    }
    generator = torch.Generator().manual_seed(1)
    for name, shape in (("dense", (16, 16)), ("out_proj", (outputs, 16))):
        state[f"classifier.{name}.weight"] = torch.randn(shape, generator=generator)
        state[f"classifier.{name}.bias"] = torch.randn(shape[0], generator=generator) / 10
    save_file(state, file, metadata={"format": "pt"})
    return directory


def clips() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    noises = [rng.normal(size=n) * 0.1 for n in (16_000, 40_000, 15_000, 39_000, 80)]
    return [np.cumsum(noise).astype(np.float32) / 50 if i % 2 else noise for i, noise in enumerate(noises)]


@pytest.mark.parametrize("kind", ["Wav2Vec2", "Hubert", "WavLM"])
@pytest.mark.parametrize("masks", [True, False])
def test_an_answer_depends_on_its_clip_alone(tmp_path: Path, kind: str, masks: bool) -> None:
    net = SpeechEmotionNet(str(save(tmp_path / "net", kind=kind, masks=masks)))
    together = net(clips())
    for clip, answer in zip(clips(), together, strict=True):
        (alone,) = net([clip])
        assert answer.probability_e is not None
        assert alone.probability_e is not None
        assert answer.probability_e.sum() == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(answer.probability_e, alone.probability_e, atol=1e-5)
    spread = np.ptp([answer.probability_e for answer in together], axis=0)
    assert spread.max() > 1e-3  # it does hear a difference


def test_it_says_what_transformers_says_of_the_same_files(tmp_path: Path) -> None:
    from transformers import AutoFeatureExtractor, AutoModelForAudioClassification

    directory = save(tmp_path / "net", masks=False)
    clip = clips()[1]
    (answer,) = SpeechEmotionNet(str(directory))([clip])
    inputs = AutoFeatureExtractor.from_pretrained(directory)(clip, sampling_rate=16_000, return_tensors="pt")
    logits = AutoModelForAudioClassification.from_pretrained(directory).eval()(**inputs).logits
    expected = logits.softmax(-1)[0].detach().numpy()
    assert answer.probability_e is not None
    by_name = dict(zip(EMOTIONS, answer.probability_e, strict=True))
    assert by_name["angry"] == pytest.approx(expected[0], abs=1e-4)
    assert by_name["neutral"] == pytest.approx(expected[2] + expected[4], abs=1e-4)  # calm is neutral, too
    assert by_name["contempt"] == 0  # a net that knows no contempt never says it


def test_padding_is_overlooked_where_the_net_was_trained_to(tmp_path: Path) -> None:
    from transformers import AutoModelForAudioClassification

    directory = save(tmp_path / "net")
    clip = clips()[1]
    (answer,) = SpeechEmotionNet(str(directory))([clip])
    level = (clip - clip.mean()) / np.sqrt(clip.var() + 1e-7)
    net = AutoModelForAudioClassification.from_pretrained(directory).eval()
    expected = net(torch.tensor(level, dtype=torch.float32)[None]).logits.softmax(-1)[0].detach().numpy()
    assert answer.probability_e is not None
    assert answer.probability_e[EMOTIONS.index("angry")] == pytest.approx(expected[0], abs=0.02)


def test_the_other_published_head_is_used_and_not_made_up(tmp_path: Path) -> None:
    directory = save(tmp_path / "net", labels=("arousal", "dominance", "valence"), masks=False)
    with_dense_head(directory, 3)
    (answer,) = SpeechEmotionNet(str(directory))([clips()[0]])
    assert answer.probability_e is None
    assert set(answer.scales) == {"arousal", "valence"}
    state = load_file(directory / "model.safetensors")
    from transformers import AutoModel, Wav2Vec2FeatureExtractor

    inputs = Wav2Vec2FeatureExtractor.from_pretrained(directory)(
        clips()[0], sampling_rate=16_000, return_tensors="pt"
    )
    hidden = AutoModel.from_pretrained(directory).eval()(**inputs).last_hidden_state.mean(1)
    dense = torch.tanh(hidden @ state["classifier.dense.weight"].T + state["classifier.dense.bias"])
    out = dense @ state["classifier.out_proj.weight"].T + state["classifier.out_proj.bias"]
    wanted = np.clip(2 * out[0].detach().numpy() - 1, -1, 1)
    assert answer.scales["arousal"] == pytest.approx(wanted[0], abs=1e-4)
    assert answer.scales["valence"] == pytest.approx(wanted[2], abs=1e-4)


def _rate(directory: Path) -> None:
    path = directory / "preprocessor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"sampling_rate": 8000}))


def _bare(directory: Path) -> None:
    file = directory / "model.safetensors"
    state = {name: tensor for name, tensor in load_file(file).items() if not name.startswith("classifier")}
    save_file(state, file, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda directory: (directory / "config.json").unlink(), r"config\.json"),
        (lambda directory: (directory / "model.safetensors").write_bytes(b"no"), "cannot read"),
        (_rate, "8000"),
        (_bare, "random numbers"),
    ],
)
def test_files_that_do_not_serve_are_said(
    tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    directory = save(tmp_path / "net")
    spoil(directory)
    with pytest.raises(UserError, match=message):
        SpeechEmotionNet(str(directory))


def test_labels_are_explained_or_asked_for(tmp_path: Path) -> None:
    directory = str(save(tmp_path / "net", labels=("LABEL_0", "LABEL_1", "other")))
    with pytest.raises(UserError, match="LABEL_0"):
        SpeechEmotionNet(directory)
    labels = {"LABEL_0": "sad", "LABEL_1": "contempt", "other": ""}
    (answer,) = SpeechEmotionNet(directory, labels=labels)([clips()[0]])
    assert answer.probability_e is not None
    assert {EMOTIONS[i] for i in np.flatnonzero(answer.probability_e)} == {"sad", "contempt"}


def test_the_annotator_takes_the_same_way(tmp_path: Path) -> None:
    annotator = voice_net.annotator(str(save(tmp_path / "net")))
    rows = [{"audio": {"bytes": flac_encode(clip), "path": None}} for clip in clips()[:2]]
    opinions = annotator.load(annotator.config)(rows)
    direct = SpeechEmotionNet(str(tmp_path / "net"))(clips()[:2])
    for opinion, answer in zip(opinions, direct, strict=True):
        np.testing.assert_allclose(opinion.probability_e, answer.probability_e, atol=0.02)  # FLAC has 16 bits
    assert "net/model.safetensors" in annotator.stage().models()
    named = voice_net.annotator(str(tmp_path / "net"), labels={"hap": "surprised"})
    assert named.stage().recipe({}) != annotator.stage().recipe({})


@pytest.mark.gpu
def test_a_gpu_says_the_same(tmp_path: Path) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    directory = str(save(tmp_path / "net"))
    for one, other in zip(
        SpeechEmotionNet(directory)(clips()), SpeechEmotionNet(directory, device="cuda")(clips()), strict=True
    ):
        np.testing.assert_allclose(one.probability_e, other.probability_e, atol=5e-3)

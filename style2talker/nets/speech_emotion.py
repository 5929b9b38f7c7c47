"""Speech-emotion nets: Wav2Vec2, HuBERT, WavLM and other encoders of transformers, with published heads.

Two kinds of head are read: that of `AutoModelForAudioClassification` (a projection, the mean over time, a
linear layer), and the one that many published models carry instead (`Wav2Vec2ForSpeechClassification` and
the like: the mean over time, a dense layer, tanh, a linear layer), which `from_pretrained` alone would
replace by random numbers.

Axes: N samples, L labels, E emotions, D channels.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from style2talker.emotion.names import emotion_named
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.errors import UserError
from style2talker.speech.pitch import RATE_HZ
from style2talker.weights.local import file_hashes, local_model

_FILES = ("config.json", "preprocessor_config.json")
_SCALES = {"arousal": "arousal", "activation": "arousal", "valence": "valence", "dominance": None}
_DENSE = "classifier.dense.weight"
_LAST = ("classifier.out_proj", "classifier.output")
_PADDED_TO_S = 2.0
_SHORTEST_S = 0.1  # the encoders' convolutions need 25 ms


@dataclass(frozen=True, slots=True, kw_only=True)
class NetAnswer:
    """`probability_e` is [E] or, without emotions, None; `scales` has arousal and valence in [-1, 1]."""

    probability_e: np.ndarray | None
    scales: Mapping[str, float]


def assets_of(directory: str) -> dict[str, str]:
    """Name and sha256 of every file of the model."""
    return file_hashes(_checked(directory))


class SpeechEmotionNet:
    """A net, loaded once.

    Args:
        directory: as the hub makes it.
        labels: what the net's labels mean, by its names: one of `EMOTIONS`, arousal, valence, or "" for none
            of them. The usual names need no entry.
        device: of torch.

    Raises:
        UserError: no such directory, files that do not fit, another sampling rate, or labels nobody explains.
    """

    def __init__(
        self, directory: str, *, labels: Mapping[str, str] | None = None, device: str = "cpu"
    ) -> None:
        from safetensors import SafetensorError
        from transformers import AutoConfig, AutoFeatureExtractor

        path = _checked(directory)
        self._device = torch.device(device)
        try:
            config = AutoConfig.from_pretrained(path, local_files_only=True)
            self._extractor = AutoFeatureExtractor.from_pretrained(path, local_files_only=True)
            self._net = _load(path, config).to(self._device).eval().requires_grad_(False)
        except UserError:
            raise
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            raise UserError(
                f"speech-emotion model {directory}: transformers cannot read it ({error}); give a directory "
                "of an audio classification model."
            ) from error
        if self._extractor.sampling_rate != RATE_HZ:
            raise UserError(
                f"speech-emotion model {directory} wants {self._extractor.sampling_rate} Hz, expected "
                f"{RATE_HZ}; take a model for 16 kHz."
            )
        names = [config.id2label[i] for i in range(config.num_labels)]
        self._meaning = [_meaning(name, labels or {}, directory) for name in names]
        self._uses_mask = bool(self._extractor.return_attention_mask)

    @torch.inference_mode()
    def __call__(self, clips: Sequence[np.ndarray]) -> list[NetAnswer]:
        """Ask about clips, each float [N] at 16 kHz. An answer depends on its clip alone.

        Clips are padded to whole two seconds and asked together with those of their length, where the net
        was trained to overlook padding; else one by one.
        """
        answers: dict[int, NetAnswer] = {}
        groups: dict[Any, list[int]] = defaultdict(list)
        for index, clip in enumerate(clips):
            groups[_padded_length(len(clip)) if self._uses_mask else index].append(index)
        for length, members in groups.items():
            waves = [
                np.pad(clips[i], (0, max(int(_SHORTEST_S * RATE_HZ) - len(clips[i]), 0))) for i in members
            ]
            padding: dict[str, Any] = (
                {"padding": "max_length", "max_length": length} if self._uses_mask else {}
            )
            inputs = self._extractor(waves, sampling_rate=RATE_HZ, return_tensors="pt", **padding)
            logit_nl = self._net(**inputs.to(self._device)).float().cpu().numpy()
            answers |= {i: self._answer(logit_l) for i, logit_l in zip(members, logit_nl, strict=True)}
        return [answers[i] for i in range(len(clips))]

    def _answer(self, logit_l: np.ndarray) -> NetAnswer:
        # Published regressions are trained on scales from 0 to 1.
        scales = {
            meaning: float(np.clip(2 * value - 1, -1, 1))
            for meaning, value in zip(self._meaning, logit_l, strict=True)
            if meaning in ("arousal", "valence")
        }
        emotions = [i for i, meaning in enumerate(self._meaning) if meaning in EMOTIONS]
        if not emotions:
            return NetAnswer(probability_e=None, scales=scales)
        weight_l = np.exp(logit_l - logit_l[emotions].max())
        probability_e = np.zeros(len(EMOTIONS))
        for i in emotions:  # several labels may mean one emotion
            probability_e[EMOTIONS.index(self._meaning[i] or "")] += weight_l[i]
        return NetAnswer(
            probability_e=(probability_e / probability_e.sum()).astype(np.float32), scales=scales
        )


class _PooledHead(nn.Module):
    """Encoder, mean over time, dense, tanh, linear."""

    def __init__(self, encoder: Any, state: Mapping[str, Tensor]) -> None:
        super().__init__()
        last = next(name for name in _LAST if f"{name}.weight" in state)
        self.encoder = encoder
        self.dense, self.last = (
            nn.Linear(state[f"{name}.weight"].shape[1], state[f"{name}.weight"].shape[0])
            for name in ("classifier.dense", last)
        )
        for layer, name in ((self.dense, "classifier.dense"), (self.last, last)):
            layer.load_state_dict({"weight": state[f"{name}.weight"], "bias": state[f"{name}.bias"]})

    def forward(self, attention_mask: Tensor | None = None, **inputs: Tensor) -> Tensor:
        hidden = self.encoder(attention_mask=attention_mask, **inputs).last_hidden_state
        if attention_mask is None:
            mean_nd = hidden.mean(dim=1)
        else:
            heard = self.encoder._get_feature_vector_attention_mask(hidden.shape[1], attention_mask)[
                ..., None
            ]
            mean_nd = (hidden * heard).sum(dim=1) / heard.sum(dim=1)
        return self.last(torch.tanh(self.dense(mean_nd)))


class _OwnHead(nn.Module):
    """A net of transformers, whose answer is its logits alone."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, **inputs: Tensor) -> Tensor:
        return self.net(**inputs).logits


def _load(path: Path, config: Any) -> nn.Module:
    from transformers import AutoModel, AutoModelForAudioClassification

    state = _head(path)
    if _DENSE in state and any(f"{name}.weight" in state for name in _LAST):
        encoder, found = AutoModel.from_pretrained(path, local_files_only=True, output_loading_info=True)
        net: nn.Module = _PooledHead(encoder, state)
    else:
        plain, found = AutoModelForAudioClassification.from_pretrained(
            path, local_files_only=True, output_loading_info=True
        )
        net = _OwnHead(plain)
    # A spectrogram mask is used in training alone; files leave it out.
    missing = [name for name in found["missing_keys"] if not name.endswith("masked_spec_embed")]
    if missing:
        raise UserError(
            f"speech-emotion model {path}: the files lack {', '.join(sorted(missing)[:4])}, which would be "
            "random numbers; give a model with a trained head, no bare encoder."
        )
    return net


def _head(path: Path) -> dict[str, Tensor]:
    """The classifier's tensors."""
    from safetensors import safe_open

    state: dict[str, Tensor] = {}
    for file in sorted(path.glob("*.safetensors")):
        with safe_open(file, "pt") as tensors:
            names = [name for name in tensors.keys() if name.startswith("classifier.")]  # noqa: SIM118
            state |= {name: tensors.get_tensor(name) for name in names}
    for file in sorted(path.glob("pytorch_model*.bin")) if not state else ():
        loaded = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
        state |= {name: tensor for name, tensor in loaded.items() if name.startswith("classifier.")}
    return state


def _meaning(name: str, labels: Mapping[str, str], directory: str) -> str | None:
    given = labels.get(name)
    if given is None:
        if name.lower() in _SCALES:
            return _SCALES[name.lower()]
        given = emotion_named(name)
    if given in (*EMOTIONS, "arousal", "valence"):
        return given
    if given == "":
        return None
    raise UserError(
        f"speech-emotion model {directory}: nobody says what its label {name!r} means; give `labels` an "
        f"entry {name!r} with one of {', '.join(EMOTIONS)}, arousal, valence, or '' for none of them."
    )


def _padded_length(num_samples: int) -> int:
    step = int(_PADDED_TO_S * RATE_HZ)
    return max(-(-num_samples // step), 1) * step


def _checked(directory: str) -> Path:
    return local_model(directory, needs=_FILES, publisher="the Hugging Face hub")

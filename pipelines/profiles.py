"""Profiles: which models make a corpus.

`small` runs on two CPU cores with weights of about 180 MB whose licences allow commercial use; `full` is
meant for a GPU. Any other mix is a YAML file with the fields of `Profile`: docs/annotators.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from pipelines import discover, fit, hear, judge, see, sync, track, transcribe, write
from pipelines.annotators import annotator_of
from pipelines.stage import Stage
from style2talker.errors import UserError
from style2talker.weights.registry import ENTRIES
from style2talker.weights.resolve import is_cached, resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The models of one corpus; the fields of a profile's YAML file."""

    transcriber: str = "whisper-tiny.en"
    """A Whisper of the weights registry, or the path of one."""
    annotators: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {"voice": {}, "words": {}})
    """Name -> options, in the order in which the rows keep their opinions."""
    writer: Mapping[str, Any] = field(default_factory=lambda: {"encoder": "minilm-l6-v2"})
    """Fields of `write.WriteConfig` that differ from its defaults."""
    frames_per_batch: int = 64
    """Of the tracker, on a GPU."""


PROFILES: Mapping[str, Profile] = {
    "small": Profile(),
    "full": Profile(
        transcriber="whisper-large-v3-turbo",
        annotators={"voice": {}, "words": {}, "zero_shot": {}},
        writer={"clip": "clip-vit-b-32"},
        frames_per_batch=256,
    ),
}


def profile_of(name: str) -> Profile:
    """A profile by name, or from a YAML file.

    Raises:
        UserError: no such profile, or a file with other keys.
    """
    if name in PROFILES:
        return PROFILES[name]
    path = Path(name)
    if path.suffix not in (".yaml", ".yml") or not path.is_file():
        raise UserError(
            f"there is no profile {name!r} in this version; available: {', '.join(PROFILES)}, or the path of "
            "a YAML file."
        )
    try:
        values = yaml.safe_load(path.read_text()) or {}
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not YAML: {str(error).splitlines()[0]}.") from error
    if not isinstance(values, dict):
        raise UserError(f"{path}: expected `key: value` lines, got {type(values).__name__}.")
    known = [f.name for f in fields(Profile)]
    for key in values:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise UserError(f"{path}: unknown key {key!r}; {hint}It takes {', '.join(known)}.")
    for key in ("annotators", "writer"):
        given = values.get(key, {})
        if not isinstance(given, dict):
            raise UserError(f"{path}: {key}: expected names with options, got {given!r}.")
    for name, kind in {"transcriber": str, "frames_per_batch": int}.items():
        if not isinstance(values.get(name, kind()), kind):
            raise UserError(f"{path}: {name}: expected {kind.__name__}, got {values[name]!r}.")
    for name, options in values.get("annotators", {}).items():
        if not isinstance(name, str) or not isinstance(options or {}, dict):
            raise UserError(f"{path}: annotators: expected a name with options, got {name!r}: {options!r}.")
    if "annotators" in values:
        values["annotators"] = {name: options or {} for name, options in values["annotators"].items()}
    return Profile(**values)


def stages_of(name: str, *, device: str = "cpu", fetch: bool = False) -> tuple[Stage, ...]:
    """The stages of a profile; with `fetch`, their weights are on disk afterwards.

    Args:
        name: of a profile, or the path of its YAML file.
        device: of the models that can use one: `cpu`, or a torch device such as `cuda`.

    An optional net that cannot be fetched is left out, and the manifest does not name it.

    Raises:
        UserError: no such profile, no such device, or weights that cannot be had.
    """
    profile = profile_of(name)
    _check_device(device)
    if fetch:
        for net in see.EMOTION_NETS:
            try:
                resolve(net)
            except UserError:
                if not ENTRIES[net].optional:
                    raise
    stages = _stages(profile, device)
    if fetch:
        for weights in {weights for stage in stages for weights in stage.weights}:
            resolve(weights)
    return stages


def _stages(profile: Profile, device: str) -> tuple[Stage, ...]:
    nets = tuple(name for name in see.EMOTION_NETS if not ENTRIES[name].optional or is_cached(name))
    annotators = [annotator_of(n, options, device=device) for n, options in profile.annotators.items()]
    known = [f.name for f in fields(write.WriteConfig)]
    for key in profile.writer:
        if key not in known:
            raise UserError(f"profile: the writer has no option {key!r}; it has {', '.join(known)}.")
    looks = profile.writer.get("clip") or profile.writer.get("paraphraser")
    writer = write.WriteConfig(**{"device": device if looks else "cpu", **profile.writer})
    names = ["discover", "track", "fit", "sync", "hear", "transcribe", "see", "judge", "write", "shard"]
    for each in annotators:
        if each.name in names:
            raise UserError(f"profile: two stages are called {each.name}; give the annotator another name.")
        names.append(each.name)
    if writer.asks_server and not writer.paraphraser_model:
        raise UserError("profile: writer: a server needs paraphraser_model, the name it knows the model by.")
    if writer.paraphraser and not writer.asks_server and not Path(writer.paraphraser).expanduser().is_dir():
        raise UserError(f"profile: writer: paraphraser {writer.paraphraser} is no directory and no address.")
    voice_model = profile.annotators.get("voice", {}).get("model")
    on_gpu = device if device.startswith("cuda") else "cpu"
    return (
        *(discover.STAGE, track.stage(device, batch_size=profile.frames_per_batch), fit.STAGE, sync.STAGE),
        *(hear.STAGE, transcribe.stage(profile.transcriber, device=on_gpu), see.stage(nets)),
        *(each.stage() for each in annotators),
        *(judge.stage(annotators, voice_model=voice_model), write.stage(writer)),
    )


def _check_device(device: str) -> None:
    if device == "cpu":
        return
    import torch

    try:
        kind = torch.device(device).type
    except RuntimeError as error:
        raise UserError(
            f"there is no device {device!r}; give cpu, or a torch device such as cuda."
        ) from error
    if kind == "cuda" and not torch.cuda.is_available():
        raise UserError(f"--device {device}: torch finds no CUDA GPU on this machine; leave --device out.")

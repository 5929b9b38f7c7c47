"""Profiles: which stages with which models make a corpus."""

from collections.abc import Callable

from pipelines import discover, fit, hear, judge, see, sync, track, transcribe, write
from pipelines.stage import Stage
from style2talker.errors import UserError
from style2talker.weights.registry import ENTRIES
from style2talker.weights.resolve import is_cached, resolve


def _small(device: str) -> tuple[Stage, ...]:
    """Models of about 90 MB that run on two CPU cores and whose licences allow commercial use."""
    return _stages("whisper-tiny.en", device, batch_size=64)


def _full(device: str) -> tuple[Stage, ...]:
    """The small profile with Whisper large-v3-turbo, which hears about a hundred languages; 1.6 GB."""
    return _stages("whisper-large-v3-turbo", device, batch_size=256)


def _stages(transcriber: str, device: str, *, batch_size: int) -> tuple[Stage, ...]:
    nets = tuple(name for name in see.EMOTION_NETS if not ENTRIES[name].optional or is_cached(name))
    return (
        *(discover.STAGE, track.stage(device, batch_size=batch_size), fit.STAGE, sync.STAGE),
        *(hear.STAGE, transcribe.stage(transcriber), see.stage(nets), judge.STAGE, write.STAGE),
    )


PROFILES: dict[str, Callable[[str], tuple[Stage, ...]]] = {"small": _small, "full": _full}


def stages_of(profile: str, *, device: str = "cpu", fetch: bool = False) -> tuple[Stage, ...]:
    """The stages of a profile; with `fetch`, their weights are on disk afterwards.

    `device` is where faces are tracked: `cpu`, or a torch device such as `cuda`.

    An optional net that cannot be fetched is left out, and the manifest does not name it.

    Raises:
        UserError: no such profile, no such device, or weights that cannot be had.
    """
    if profile not in PROFILES:
        raise UserError(f"there is no profile {profile!r} in this version; available: {', '.join(PROFILES)}.")
    _check_device(device)
    if fetch:
        for name in see.EMOTION_NETS:
            try:
                resolve(name)
            except UserError:
                if not ENTRIES[name].optional:
                    raise
        for stage in PROFILES[profile](device):
            for name in stage.weights:
                resolve(name)
    return PROFILES[profile](device)


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

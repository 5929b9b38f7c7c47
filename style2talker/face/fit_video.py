"""Fit a whole video, or a picture: one person, one identity, however long the video is and whatever is cut.

Shapes: T frames, L landmarks, K expression coefficients; pixels of the source.

All frames are solved together, up to MOST_FRAMES. Of a longer video the identity is found first, on frames
spread over all of it; then parts of it are solved with that identity. Stretches (stretches.py) show the
person of the longest one if that person's identity explains them nearly as well as their own does; others are
left out and reported.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from style2talker.corpus.schema import FRAME_RATE_HZ
from style2talker.errors import Reject
from style2talker.face.fit import LONGEST_GAP, Fit, fit_clip, interocular_px
from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.model import FaceModel
from style2talker.face.stretches import Followed, Span, follow_video
from style2talker.face.table import FaceTable

MOST_FRAMES = 3000  # two minutes in one solve take 0.4 GB
OVERLAP = 25  # frames that two parts of a longer video share, so that neither ends at the seam
SAMPLE_FRAMES = 250
SAME_PERSON = 1.35
"""Landmark error with the longest stretch's identity over that with its own. Over 17 clips of 15 people, in
parts of half a second to two: one person's stay below it in 92 of 100 pairs, two people's in 6 of 100."""
UNIT_PX = 100.0  # between the eyes: near and far stretches weigh the same in one solve


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of the video that shows one face without a cut.

    Attributes:
        begin, end: frames, the second not included.
        error: median landmark error with the identity of the file; NaN where it is left out.
        misfit: error with the longest stretch's identity over that with its own; 1 for the longest.
        kept: whether it is taken for the same person.
    """

    begin: int
    end: int
    error: float
    misfit: float
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFit:
    """What is written, and what it was made from: landmarks_tl3 [T, 478, 3], NaN where the table has none."""

    table: FaceTable
    landmarks_tl3: np.ndarray
    stretches: tuple[Stretch, ...]


def fit_video(
    path: str | Path, *, model: FaceModel, start_s: float = 0.0, end_s: float | None = None
) -> VideoFit:
    """Track and fit a video at 25 fps.

    Raises `Reject`: `no_face`, and those of `read_frames`.
    """
    with LandmarkTracker() as tracker:
        followed = follow_video(path, tracker, start_s=start_s, end_s=end_s)
    if not followed.stretches:
        raise Reject("no_face", f"none of {len(followed.found_t)} frames shows a face for half a second")
    return fit_followed(followed, model=model)


def fit_picture(picture_hw3: np.ndarray, *, model: FaceModel) -> VideoFit:
    """Fit the largest face of one picture: a table of one row. Raises `Reject("no_face")`."""
    with LandmarkTracker() as tracker:
        face = tracker.detect_image(picture_hw3)
    if face is None:
        raise Reject("no_face", "the picture shows no face")
    followed = Followed(
        landmarks_tl3=face[0][None],
        blendshapes_tk=face[1][None],
        found_t=np.ones(1, bool),
        stretches=((0, 1),),
        width_px=picture_hw3.shape[1],
        height_px=picture_hw3.shape[0],
    )
    return fit_followed(followed, model=model)


def fit_followed(followed: Followed, *, model: FaceModel) -> VideoFit:
    """The fit of tracked frames; `followed.stretches` must not be empty."""
    whole = _Video(followed)
    misfits = whole.misfits(model)
    kept = [span for span, misfit in zip(followed.stretches, misfits, strict=True) if misfit < SAME_PERSON]
    # One stretch is fitted as a corpus' clip is, with the short gaps at its ends.
    fit = whole.fit([_with_ends(kept[0], len(followed.found_t))] if len(misfits) == 1 else kept, model)
    known_t = np.isfinite(fit.error_t)
    table = FaceTable(
        face_found_t=known_t,
        expression_tk=fit.expression_tk,
        rotation_t3=fit.rotation_t3,
        translation_t3=fit.translation_t3,
        error_t=fit.error_t,
        confidence_t=fit.confidence_t,
        visibility_t=fit.visibility_t,
        expression_names=model.expression_names,
        identity_k=fit.identity_k,
        face_model=model.name,
        face_model_sha256=model.sha256,
        rate_hz=float(FRAME_RATE_HZ),
        width_px=followed.width_px,
        height_px=followed.height_px,
    )
    stretches = []
    for span, misfit in zip(followed.stretches, misfits, strict=True):
        error_t = fit.error_t[slice(*span)]
        error = float(np.nanmedian(error_t)) if span in kept else float("nan")
        stretches.append(Stretch(begin=span[0], end=span[1], error=error, misfit=misfit, kept=span in kept))
    return VideoFit(
        table=table,
        landmarks_tl3=np.where(known_t[:, None, None], followed.landmarks_tl3, np.nan),
        stretches=tuple(stretches),
    )


class _Video:
    """Tracked frames, scaled so that the eyes of every stretch are about UNIT_PX apart.

    `scale_t` is the stretch's own, between stretches and at the ends that of the nearest.
    """

    def __init__(self, followed: Followed) -> None:
        self.followed = followed
        scales = []
        for span in followed.stretches:
            apart_t = interocular_px(followed.landmarks_tl3[slice(*span)])
            scales.append(max(float(np.nanpercentile(apart_t, 90)), 1e-3) / UNIT_PX)
        halfway = [(one[1] + other[0]) / 2 for one, other in pairwise(followed.stretches)]
        nearest_t = np.searchsorted(halfway, np.arange(len(followed.found_t)), side="right")
        self.scale_t = np.array(scales)[nearest_t]

    def misfits(self, model: FaceModel) -> list[float]:
        """How much worse each stretch fits with the identity of the longest than with its own."""
        stretches = self.followed.stretches
        longest = max(stretches, key=lambda span: span[1] - span[0])
        if len(stretches) == 1:
            return [1.0]
        personal = _with_identity(model, self._sampled([longest], model).identity_k)

        def error(span: Span, model: FaceModel) -> float:
            return float(np.nanmedian(self._sampled([span], model).error_t))

        return [1.0 if span == longest else error(span, personal) / error(span, model) for span in stretches]

    def fit(self, spans: Sequence[Span], model: FaceModel) -> Fit:
        """Coefficients of all frames of the video; outside the spans they are NaN."""
        num_frames, identity_k = len(self.followed.found_t), None
        parts = list(_parts(spans))
        if sum(end - begin for begin, end in spans) > MOST_FRAMES:
            identity_k = self._sampled(spans, model).identity_k
            model = _with_identity(model, identity_k)
        whole: dict[str, np.ndarray] = {}
        for batch in _batches(parts):
            fit, frame_t = self._solved([np.arange(*_widened(part, spans)) for part in batch], model)
            own_t = np.isin(frame_t, np.concatenate([np.arange(*part) for part in batch]))
            for name in ("expression_tk", "rotation_t3", "translation_t3", "error_t"):
                rows = getattr(fit, name)
                empty = np.full((num_frames, *rows.shape[1:]), np.nan, np.float32)
                whole.setdefault(name, empty)[frame_t[own_t]] = rows[own_t]
            for name in ("visibility_t", "confidence_t"):
                whole.setdefault(name, np.zeros(num_frames, np.float32))[frame_t[own_t]] = getattr(fit, name)[
                    own_t
                ]
            identity_k = fit.identity_k if identity_k is None else identity_k
        whole["translation_t3"] *= self.scale_t[:, None].astype(np.float32)
        assert identity_k is not None
        return Fit(identity_k=identity_k, **whole)

    def _sampled(self, spans: Sequence[Span], model: FaceModel) -> Fit:
        """A fit of frames spread evenly over the spans, each for itself."""
        frames = np.concatenate([np.arange(*span) for span in spans])
        frames = frames[self.followed.found_t[frames]]
        chosen = np.linspace(0, len(frames) - 1, min(SAMPLE_FRAMES, len(frames))).round().astype(int)
        return self._solved(list(frames[chosen][:, None]), model)[0]

    def _solved(self, runs: Sequence[np.ndarray], model: FaceModel) -> tuple[Fit, np.ndarray]:
        """One solve of several runs of frames and the frame of each of its rows, -1 between two runs.

        An empty row parts the runs, so nothing is smoothed across a cut.
        """
        parted = [part for run in runs for part in (run, [-1])]
        frame_t = np.concatenate(parted[:-1]).astype(int)
        found_t = (frame_t >= 0) & self.followed.found_t[frame_t]
        landmarks_tl3 = self.followed.landmarks_tl3[frame_t] / self.scale_t[frame_t, None, None]
        fit = fit_clip(
            landmarks_tl3,
            blendshapes_tk=self.followed.blendshapes_tk[frame_t],
            model=model,
            face_found_t=found_t,
        )
        return fit, frame_t


def _with_ends(span: Span, num_frames: int) -> Span:
    """The span with what lies before and after it, where that is short enough to be bridged."""
    begin, end = span
    return 0 if begin <= LONGEST_GAP else begin, num_frames if num_frames - end <= LONGEST_GAP else end


def _parts(spans: Sequence[Span]) -> Iterator[Span]:
    """The spans, cut into equal parts of at most MOST_FRAMES."""
    for begin, end in spans:
        edges = np.linspace(begin, end, -(-(end - begin) // MOST_FRAMES) + 1).round().astype(int)
        yield from zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)


def _batches(parts: Sequence[Span]) -> Iterator[list[Span]]:
    """Parts that are solved together: as many as MOST_FRAMES allow."""
    batch: list[Span] = []
    for part in parts:
        if batch and sum(end - begin for begin, end in [*batch, part]) > MOST_FRAMES:
            yield batch
            batch = []
        batch.append(part)
    yield batch


def _widened(part: Span, spans: Sequence[Span]) -> Span:
    """The part with OVERLAP frames more on each side, within its span."""
    begin, end = next(span for span in spans if span[0] <= part[0] and part[1] <= span[1])
    return max(part[0] - OVERLAP, begin), min(part[1] + OVERLAP, end)


def _with_identity(model: FaceModel, identity_k: np.ndarray) -> FaceModel:
    """The model of one person: it has no identity left to find."""
    mean_v3 = model.mean_v3 + np.tensordot(identity_k, model.identity_kv3, axes=1)
    return replace(model, mean_v3=mean_v3.astype(np.float32), identity_kv3=model.identity_kv3[:0])

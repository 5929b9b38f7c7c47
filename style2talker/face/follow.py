"""Which of a clip's faces is the one that the clip is about.

Shape suffixes: t frames, c chains, f faces, l landmarks (478), k expression coefficients (52), 4 box,
3 is x, y, z in px.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from style2talker.face.model import EXPRESSION_NAMES, NUM_LANDMARKS
from style2talker.face.regions import overlaps

LONGEST_GAP = 25  # frames after which a face that comes back is a new one
LEAST_OVERLAP = 0.25  # intersection over union between neighbouring frames of one face


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One face through a clip.

    Attributes:
        landmarks_tl3: [T, 478, 3] float32, px of the source frame (z in the same px, smaller is nearer);
            NaN where the face was not found.
        blendshapes_tk: [T, 52] float32 in [0, 1], `EXPRESSION_NAMES` order; NaN where not found.
        found_t: [T] bool.
        num_faces_t: [T] int32, how many faces the frame shows (at most 3 are counted).
        rival_t: [T] float32, size of the largest other face over the followed face's; 0 where it is alone.
    """

    landmarks_tl3: np.ndarray
    blendshapes_tk: np.ndarray
    found_t: np.ndarray
    num_faces_t: np.ndarray
    rival_t: np.ndarray


@dataclass(frozen=True, slots=True)
class Face:
    """A face in one frame: landmarks [478, 3] px, and the box [4] (left, top, right, bottom) around them."""

    landmarks_l3: np.ndarray
    box_4: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        points_l2 = self.landmarks_l3[:, :2]
        object.__setattr__(self, "box_4", np.concatenate([points_l2.min(axis=0), points_l2.max(axis=0)]))

    @property
    def size_px(self) -> float:
        """Side of the square as large as the box."""
        return float(np.sqrt((self.box_4[2:] - self.box_4[:2]).prod()))


@dataclass(slots=True)
class _Chain:
    """One face through the frames in which it was found."""

    faces: dict[int, Face]
    last: int
    size_px: float = 0.0

    def add(self, frame: int, face: Face) -> None:
        self.faces[frame], self.last = face, frame
        self.size_px += face.size_px


def most_prominent(faces_per_frame: Sequence[Sequence[Face]]) -> dict[int, Face]:
    """The face with the largest sum of sizes, by frame; faces of near frames are linked by their overlap."""
    chains: list[_Chain] = []
    for frame, faces in enumerate(faces_per_frame):
        near = [chain for chain in chains if frame - chain.last <= LONGEST_GAP]
        overlap_cf = overlaps(
            np.array([chain.faces[chain.last].box_4 for chain in near]).reshape(-1, 4),
            np.array([face.box_4 for face in faces]).reshape(-1, 4),
        )
        pairs = sorted(
            ((value, -chain, -face) for (chain, face), value in np.ndenumerate(overlap_cf)), reverse=True
        )
        taken_chains: set[int] = set()
        taken_faces: set[int] = set()
        for overlap, chain_key, face_key in pairs:
            if overlap >= LEAST_OVERLAP and -chain_key not in taken_chains and -face_key not in taken_faces:
                near[-chain_key].add(frame, faces[-face_key])
                taken_chains.add(-chain_key)
                taken_faces.add(-face_key)
        for index, face in enumerate(faces):
            if index not in taken_faces:
                chains.append(_Chain({}, frame))
                chains[-1].add(frame, face)
    return max(chains, key=lambda chain: chain.size_px).faces if chains else {}


def build_track(
    faces_per_frame: Sequence[Sequence[Face]], followed: dict[int, Face], blendshapes_nk: np.ndarray
) -> Track:
    """The track of the followed face.

    Args:
        faces_per_frame: all faces.
        followed: frame -> the one of its faces that is followed.
        blendshapes_nk: of the followed faces, in the order of `followed`.
    """
    num_frames = len(faces_per_frame)
    landmarks_tl3 = np.full((num_frames, NUM_LANDMARKS, 3), np.nan, np.float32)
    blendshapes_tk = np.full((num_frames, len(EXPRESSION_NAMES)), np.nan, np.float32)
    found_t = np.zeros(num_frames, bool)
    rival_t = np.zeros(num_frames, np.float32)
    for row, (frame, face) in enumerate(followed.items()):
        landmarks_tl3[frame], blendshapes_tk[frame] = face.landmarks_l3, blendshapes_nk[row]
        found_t[frame] = True
        others = [other.size_px for other in faces_per_frame[frame] if other is not face]
        rival_t[frame] = max(others, default=0.0) / max(face.size_px, 1e-6)
    return Track(
        landmarks_tl3=landmarks_tl3,
        blendshapes_tk=blendshapes_tk,
        found_t=found_t,
        num_faces_t=np.array([len(faces) for faces in faces_per_frame], np.int32),
        rival_t=rival_t,
    )

"""The one photograph behind every twin: a public-domain portrait, its landmarks and its masks.

The picture is NASA's portrait of the astronaut Eileen Collins, which scikit-image ships. `astronaut.npz`
beside this file holds what was measured on it once, so that drawing needs no network weights;
`python -m style2talker.twin.portrait` measures it again.

Shape suffixes: l landmarks (478), k expression coefficients, h height, w width; 2 or 3 is x, y (and z) in px
of the 512-px photograph, or colour.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np

from style2talker.face.canonical import OVAL

ASSET = "astronaut.npz"
SIZE_PX = 512
ENLARGED = 4  # landmarks are found on an enlarged head: the face is 90 px wide in the photograph
HEAD = (slice(0, 240), slice(110, 350))


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """The photograph and what is known of it.

    Attributes:
        image_hw3: uint8 [512, 512, 3].
        landmarks_l3: [478, 3] in its px. blendshapes_k: [52] in `EXPRESSION_NAMES` order; it smiles.
        hair_hw, skin_hw, backdrop_hw: soft masks [512, 512] in [0, 1].
    """

    image_hw3: np.ndarray
    landmarks_l3: np.ndarray
    blendshapes_k: np.ndarray
    hair_hw: np.ndarray
    skin_hw: np.ndarray
    backdrop_hw: np.ndarray


def photograph() -> np.ndarray:
    """uint8 RGB [512, 512, 3]; read from the installed scikit-image, no download."""
    from skimage import data

    return np.asarray(data.astronaut())


@cache
def portrait() -> Portrait:
    """The photograph with what `astronaut.npz` knows about it."""
    with np.load(str(files("style2talker.twin") / ASSET), allow_pickle=False) as asset:
        masks = {name: asset[name].astype(np.float32) / 255 for name in ("hair", "skin", "backdrop")}
        return Portrait(
            image_hw3=photograph(),
            landmarks_l3=asset["landmarks_l3"],
            blendshapes_k=asset["blendshapes_k"],
            hair_hw=masks["hair"],
            skin_hw=masks["skin"],
            backdrop_hw=masks["backdrop"],
        )


def measure() -> dict[str, np.ndarray]:
    """Landmarks from MediaPipe and masks from GrabCut (Rother et al. 2004); the arrays of `astronaut.npz`."""
    from style2talker.face.landmarks import LandmarkTracker

    image = photograph()
    head = image[HEAD]
    enlarged = cv2.resize(head, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_LANCZOS4)
    with LandmarkTracker() as tracker:
        found = tracker.detect_image(np.asarray(enlarged))
    assert found is not None, "the landmarker no longer finds the face of the photograph"
    landmarks_l3 = found[0] / ENLARGED + np.array([HEAD[1].start, HEAD[0].start, 0], np.float32)

    person_hw = _person(image)
    backdrop_hw = 1 - person_hw
    # below the ears the person's edge holds a rim of bright backdrop
    backdrop_hw[110:180] = cv2.dilate(backdrop_hw, np.ones((3, 3), np.uint8))[110:180]
    skin_hw, hair_hw = _skin_and_hair(image, person_hw, landmarks_l3[:, :2])
    soft = {"hair": hair_hw, "skin": skin_hw, "backdrop": backdrop_hw}
    masks = {
        name: np.rint(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.0) * 255).astype(np.uint8)
        for name, mask in soft.items()
    }
    return {"landmarks_l3": landmarks_l3.astype(np.float32), "blendshapes_k": found[1], **masks}


def _person(image: np.ndarray) -> np.ndarray:
    label = np.full(image.shape[:2], cv2.GC_PR_BGD, np.uint8)
    cv2.ellipse(label, (226, 95), (80, 85), 0, 0, 360, cv2.GC_PR_FGD, -1)
    cv2.ellipse(label, (226, 120), (45, 60), 0, 0, 360, cv2.GC_FGD, -1)
    cv2.ellipse(label, (208, 235), (70, 60), 0, 0, 360, cv2.GC_FGD, -1)
    cv2.rectangle(label, (60, 300), (300, 511), cv2.GC_FGD, -1)
    label[:10] = cv2.GC_BGD
    label[:250, 320:] = cv2.GC_BGD
    label[:180, :140] = cv2.GC_BGD
    label[:, 345:] = cv2.GC_BGD
    return np.isin(_grab(image, label), (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)


def _skin_and_hair(
    image: np.ndarray, person_hw: np.ndarray, landmarks_l2: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Inside the person's head: skin from a colour model that starts at the cheeks, hair is the rest."""
    label = np.full(image.shape[:2], cv2.GC_BGD, np.uint8)
    oval = landmarks_l2[list(OVAL)]
    centre = oval.mean(0)

    def scaled(x: float, y: float, down_px: float) -> list[np.ndarray]:
        return [np.rint(centre + (oval - centre) * [x, y] + [0, down_px]).astype(np.int32)]

    cv2.fillPoly(label, scaled(1.0, 1.0, 0), cv2.GC_PR_FGD)
    cv2.rectangle(label, (164, 112), (180, 136), cv2.GC_PR_FGD, -1)  # ears
    cv2.rectangle(label, (171, 117), (179, 128), cv2.GC_FGD, -1)
    cv2.rectangle(label, (266, 112), (284, 138), cv2.GC_PR_FGD, -1)
    cv2.rectangle(label, (186, 160), (255, 192), cv2.GC_PR_FGD, -1)  # neck
    cv2.fillPoly(label, scaled(0.85, 0.62, 16), cv2.GC_FGD)
    label[:72] = cv2.GC_BGD
    skin_hw = np.isin(_grab(image, label), (cv2.GC_FGD, cv2.GC_PR_FGD)) & (person_hw > 0)
    hair_hw = (person_hw > 0) & ~skin_hw
    hair_hw[134:] = False  # what is left below the ears is shadow on the neck
    return skin_hw.astype(np.float32), hair_hw.astype(np.float32)


def _grab(image: np.ndarray, label: np.ndarray) -> np.ndarray:
    cv2.setRNGSeed(0)
    cv2.grabCut(
        np.ascontiguousarray(image[..., ::-1]),
        label,
        None,
        np.zeros((1, 65)),
        np.zeros((1, 65)),
        6,
        cv2.GC_INIT_WITH_MASK,
    )
    return label


if __name__ == "__main__":
    np.savez_compressed(Path(__file__).with_name(ASSET), allow_pickle=False, **measure())

"""Art pictures without an artist: seven hand-made styles, drawn from any picture with OpenCV.

They are the default art of training and of the demo. Because a style can be drawn from any frame, it also
serves as the teacher of the stylised output, the part that a frozen VToonify has in Style2Talker (papers
1.3).

All functions take and give RGB float32 [H, W, 3] in [0, 1] and are deterministic; lengths scale with the
picture.
"""

from collections.abc import Callable

import cv2
import numpy as np

from style2talker.errors import UserError

REFERENCE_PX = 256
"""Lengths in this module are for a picture of this side."""


def draw(style: str, picture_hw3: np.ndarray) -> np.ndarray:
    """Draw a uint8 RGB picture in one of `STYLES`; same size, uint8.

    Raises:
        UserError: an unknown style.
    """
    if style not in STYLES:
        raise UserError(f"there is no art style {style!r}; give one of {', '.join(STYLES)}.")
    drawn_hw3 = STYLES[style](picture_hw3.astype(np.float32) / 255)
    return np.round(np.clip(drawn_hw3, 0, 1) * 255).astype(np.uint8)


def poster(rgb: np.ndarray) -> np.ndarray:
    """Flat areas in five tones, vivid colours, ink outlines."""
    flat = _flatten(rgb, passes=2)
    hsv = cv2.cvtColor(flat, cv2.COLOR_RGB2HSV)
    hsv[..., 1] = np.clip(hsv[..., 1] * 1.5 + 0.05, 0, 1)
    hsv[..., 2] = _steps(hsv[..., 2], 5)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * _ink(flat)[..., None]


def watercolour(rgb: np.ndarray) -> np.ndarray:
    """Bleeding light washes that darken towards their edges, on grained paper."""
    wash = _flatten(_displace(rgb, reach=1.2, scale=14, seed=1), passes=2)
    hsv = cv2.cvtColor(wash, cv2.COLOR_RGB2HSV)
    hsv[..., 1] = np.clip(hsv[..., 1] * 1.35, 0, 1)
    hsv[..., 2] = 1 - (1 - _steps(hsv[..., 2], 6)) * 0.75
    wash = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    pigment = np.clip(_edges(wash, sigma=2.0) * 1.5, 0, 0.35)
    grain = 1 + 0.025 * _noise(rgb.shape[:2], scale=1.5, seed=2)
    granulation = 1 + 0.05 * _noise(rgb.shape[:2], scale=12, seed=3)
    return wash * (1 - pigment * (1 - wash).max(axis=2))[..., None] * (grain * granulation)[..., None]


def oil(rgb: np.ndarray) -> np.ndarray:
    """Kuwahara-filtered dabs with a relief of bristles (Kuwahara et al. 1976)."""
    dabs = _kuwahara(np.clip((rgb - 0.5) * 1.2 + 0.5, 0, 1), radius=5)
    hsv = cv2.cvtColor(dabs.astype(np.float32), cv2.COLOR_RGB2HSV)
    hsv[..., 1] = np.clip(hsv[..., 1] * 1.4, 0, 1)
    dabs = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    height = cv2.cvtColor(dabs, cv2.COLOR_RGB2GRAY) + 0.06 * _strokes(rgb.shape[:2], angle_deg=35, seed=4)
    return dabs + 0.6 * (height - _shift(height, 1, 1))[..., None]


def pencil(rgb: np.ndarray) -> np.ndarray:
    """Graphite outlines and three layers of hatching that follow the shade, on warm paper."""
    grey = _equalise(cv2.cvtColor(_flatten(rgb, passes=1), cv2.COLOR_RGB2GRAY))
    dodge = np.clip(grey / np.maximum(_blur(grey, 5.0), 0.03), 0, 1) ** 2
    sheet = np.ones_like(grey)
    for angle_deg, below in ((45, 0.62), (-45, 0.42), (0, 0.24)):
        lines = 0.5 + 0.5 * _grating(grey.shape, angle_deg=angle_deg, period=5.0)
        sheet *= 1 - np.clip((below - grey) * 3, 0, 1) * lines * 0.55
    shade = np.minimum(sheet, 0.25 + 0.75 * dodge) * _ink(rgb) * (0.75 + 0.25 * grey)
    return shade[..., None] * np.array([0.98, 0.95, 0.89], np.float32) + (1 - shade)[..., None] * 0.13


def neon(rgb: np.ndarray) -> np.ndarray:
    """Glowing contours over a deep blue and magenta night."""
    flat = _flatten(rgb, passes=1)
    grey = _equalise(cv2.cvtColor(flat, cv2.COLOR_RGB2GRAY))[..., None]
    night = np.array([0.05, 0.02, 0.16]) * (1 - grey) + np.array([0.62, 0.16, 0.58]) * grey**1.5
    line = np.clip(_edges(flat, sigma=1.2) * 3.5, 0, 1)
    glow = 0.7 * line + 0.9 * _blur(line, 3.0)
    tint = np.array([0.15, 0.95, 1.0]) * grey + np.array([1.0, 0.25, 0.75]) * (1 - grey)
    return (night + glow[..., None] * tint).astype(np.float32)


def woodcut(rgb: np.ndarray) -> np.ndarray:
    """Three inks, with lines engraved into the middle tones."""
    grey = _equalise(cv2.cvtColor(_flatten(rgb, passes=2), cv2.COLOR_RGB2GRAY))
    lines = _grating(grey.shape, angle_deg=20, period=6.0) * 0.16
    tone = grey + lines
    light = _soft_step(tone, 0.56)[..., None]
    middle = _soft_step(tone, 0.3)[..., None]
    paper, red, black = (
        np.array(c, np.float32) for c in ((0.95, 0.89, 0.76), (0.77, 0.27, 0.17), (0.1, 0.08, 0.1))
    )
    return (light * paper + (1 - light) * (middle * red + (1 - middle) * black)) * (_ink(rgb) * 0.8 + 0.2)[
        ..., None
    ]


def mosaic(rgb: np.ndarray) -> np.ndarray:
    """Small jittered tiles of one colour each, set in dark grout."""
    height, width = rgb.shape[:2]
    pitch = 7 * _unit(rgb)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    row = np.floor(y / pitch)
    column = np.floor(x / pitch + 0.5 * (row % 2))
    across, down = x / pitch + 0.5 * (row % 2) - column, y / pitch - row
    tile = (row * (int(width / pitch) + 3) + column).astype(np.int64)
    count = np.bincount(tile.ravel())
    mean_c3 = np.stack(
        [np.bincount(tile.ravel(), rgb[..., i].ravel()) / np.maximum(count, 1) for i in range(3)], 1
    )
    jitter_c = np.random.default_rng(5).uniform(0.88, 1.12, len(mean_c3))
    edge = np.minimum(np.minimum(across, 1 - across), np.minimum(down, 1 - down))
    grout = np.clip(edge / 0.14, 0, 1)[..., None]
    colour = np.clip((mean_c3 * jitter_c[:, None])[tile] * 1.15, 0, 1)
    return (grout * colour + (1 - grout) * 0.45 * colour).astype(np.float32)


STYLES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    style.__name__: style for style in (poster, watercolour, oil, pencil, neon, woodcut, mosaic)
}
"""Styles by name."""


def _unit(image: np.ndarray) -> float:
    return max(image.shape[0], image.shape[1]) / REFERENCE_PX


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(image, (0, 0), max(sigma * _unit(image), 0.3))


def _flatten(rgb: np.ndarray, *, passes: int) -> np.ndarray:
    out = np.ascontiguousarray(rgb, np.float32)
    diameter = 2 * round(4 * _unit(rgb)) + 1
    for _ in range(passes):
        out = cv2.bilateralFilter(out, min(diameter, 15), 0.12, 3 * _unit(rgb))
    return out


def _equalise(grey: np.ndarray) -> np.ndarray:
    low, high = np.percentile(grey, [2, 98])
    return np.clip((grey - low) / max(high - low, 0.1), 0, 1).astype(np.float32)


def _soft_step(tone: np.ndarray, threshold: float) -> np.ndarray:
    return np.clip((tone - threshold) / 0.06 + 0.5, 0, 1)


def _steps(tone: np.ndarray, count: int) -> np.ndarray:
    scaled = tone * count
    floor = np.floor(scaled)
    return np.clip((floor + np.clip((scaled - floor - 0.5) / 0.2 + 0.5, 0, 1)) / count, 0, 1).astype(
        np.float32
    )


def _ink(rgb: np.ndarray) -> np.ndarray:
    """Lines of an extended difference of Gaussians (Winnemoeller 2012), 0 on a line and 1 elsewhere."""
    grey = cv2.cvtColor(np.ascontiguousarray(rgb, np.float32), cv2.COLOR_RGB2GRAY)
    difference = _blur(grey, 1.4) - 0.98 * _blur(grey, 2.4)
    return np.where(difference > 0, 1, 1 + np.tanh(difference * 45)).astype(np.float32)


def _edges(rgb: np.ndarray, *, sigma: float) -> np.ndarray:
    grey = _blur(cv2.cvtColor(np.ascontiguousarray(rgb, np.float32), cv2.COLOR_RGB2GRAY), sigma)
    return np.hypot(cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1)) * _unit(rgb)


def _noise(shape: tuple[int, ...], *, scale: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(shape[:2]).astype(np.float32)
    noise = _blur(noise, scale)
    return noise / max(float(noise.std()), 1e-6)


def _strokes(shape: tuple[int, ...], *, angle_deg: float, seed: int) -> np.ndarray:
    """Noise smeared along one direction."""
    noise = np.random.default_rng(seed).standard_normal(shape[:2]).astype(np.float32)
    length = max(3, round(9 * max(shape[:2]) / REFERENCE_PX) | 1)
    kernel = np.zeros((length, length), np.float32)
    middle = length // 2
    reach = np.array([np.cos(np.radians(angle_deg)), -np.sin(np.radians(angle_deg))]) * middle
    first, last = (tuple(int(v) for v in np.round(middle + sign * reach)) for sign in (-1, 1))
    cv2.line(kernel, first, last, 1.0)
    out = cv2.filter2D(noise, -1, kernel)
    return out / max(float(out.std()), 1e-6)


def _displace(rgb: np.ndarray, *, reach: float, scale: float, seed: int) -> np.ndarray:
    height, width = rgb.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    dx, dy = (_noise(rgb.shape[:2], scale=scale, seed=seed + i) * reach * _unit(rgb) for i in range(2))
    return cv2.remap(rgb, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)


def _grating(shape: tuple[int, ...], *, angle_deg: float, period: float) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    angle, pixels = np.radians(angle_deg), max(period * max(shape[:2]) / REFERENCE_PX, 2.5)
    return np.sin((x * np.sin(angle) + y * np.cos(angle)) * (2 * np.pi / pixels))


def _shift(grey: np.ndarray, dx: int, dy: int) -> np.ndarray:
    return cv2.warpAffine(
        grey,
        np.array([[1, 0, dx], [0, 1, dy]], np.float32),
        grey.shape[::-1],
        borderMode=cv2.BORDER_REPLICATE,
    )


def _kuwahara(rgb: np.ndarray, *, radius: float) -> np.ndarray:
    """Mean of the calmest of the four quadrants around each pixel."""
    side = max(2, round(radius * _unit(rgb)))
    best_hw3, least_hw = rgb, np.full(rgb.shape[:2], np.inf)
    for anchor in ((0, 0), (side, 0), (0, side), (side, side)):
        size = (side + 1, side + 1)
        mean = cv2.boxFilter(rgb, -1, size, anchor=anchor, borderType=cv2.BORDER_REFLECT)
        square = cv2.boxFilter(rgb * rgb, -1, size, anchor=anchor, borderType=cv2.BORDER_REFLECT)
        variance = (square - mean * mean).sum(axis=2)
        calmer = variance < least_hw
        best_hw3 = np.where(calmer[..., None], mean, best_hw3)
        least_hw = np.where(calmer, variance, least_hw)
    return best_hw3.astype(np.float32)

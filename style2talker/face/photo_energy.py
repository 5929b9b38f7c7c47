"""What a photometric refinement minimises: the energy of a fit, and colours that do not fit.

Shapes: T frames, B of them at a time, L landmarks, N points of the skin, K expression coefficients, n = K + 6
unknowns of a frame, C (3) colours. Pixels, radians and the model's cm.

    E(x) = F(x) - F'(x0) (x - x0) + WEIGHT/2 sum_tn facing area rho(|I(u) - albedo shade| / sigma)

F is the energy of the landmark fit (energy.py) with its own answer x0 in place of landmarks and prior: less
its slope there, only its curvature is left, so all that held the fit still holds it as firmly. rho is
Huber's; I(u) the blurred picture where the point lies; albedo, shade, sigma and what is hidden are those of
appearance.py and surface.py at the state last looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import torch

from style2talker.face.appearance import Appearance, appearance, blurred, sampled
from style2talker.face.energy import Energy, Point, State, turn_axes
from style2talker.face.geometry import rotation_matrix
from style2talker.face.shapes import Shapes
from style2talker.face.surface import Surface

WEIGHT = 0.4  # evidence of a square centimetre of skin, in points that err independently
OUTLIER = 2.0  # sigmas beyond which a colour counts linearly
STEP_PX = 0.5  # to both sides, for the slope of the picture
MARGIN_PX = 12  # around the face, how far it may move
BATCH = 16


class PhotometricEnergy(Energy):
    """The energy of a clip's frames near a fit.

    Args:
        frames_thw3: uint8 RGB. start: the fit. joined_t: as `Energy` has it.
    """

    def __init__(
        self,
        shapes: Shapes,
        surface: Surface,
        frames_thw3: np.ndarray,
        start: State,
        *,
        prior_sigma: float,
        px_per_cm: float,
        joined_t: np.ndarray,
    ) -> None:
        super().__init__(
            shapes,
            np.zeros((len(start.pose_tp), 2, shapes.mean_3l.shape[1])),
            prior_tk=start.expression_tk,
            prior_sigma=prior_sigma,
            px_per_cm=px_per_cm,
            joined_t=joined_t,
        )
        self.points_t2l = -self.residual(start, self.shape(start))[0]
        self._start_tn, self._slope_tn = flat(start), super().at(start, with_clip=False).slope_tn
        self._surface, self._device = surface, surface.weights_nl.device
        fields_k3l = self._tensor(shapes.fields_n3l[: shapes.num_modes])
        self._fields_3nk = (surface.weights_nl @ fields_k3l.permute(1, 2, 0)).contiguous()
        self._crop(frames_thw3, start)
        self.look(start)

    def look(self, state: State) -> None:
        """Expect from now on what the frames show at `state`."""
        seen, normals, weights = [], [], []
        for part in self._parts():
            placed = self._placed(state, part)
            normals.append(self._surface.normals(placed.turned_bl3))
            facing_bn = self._surface.facing(placed.turned_bl3, normals[-1])
            weights.append(facing_bn * placed.inside_bn * self._surface.area_n)
            seen.append(sampled(self._pictures_tchw[part].float(), placed.pixels_bn2))
        self._look: Appearance = appearance(torch.cat(seen), torch.cat(normals), torch.cat(weights))
        self._weight_tn = WEIGHT * torch.cat(weights) * self._look.known_n

    def at(self, state: State, *, with_clip: bool) -> Point:
        point = super().at(state, with_clip=with_clip)
        energy = point.energy - float(np.vdot(self._slope_tn, flat(state) - self._start_tn))
        slope_tn = point.slope_tn - self._slope_tn
        colours_tnn = np.empty((*slope_tn.shape, slope_tn.shape[1]), slope_tn.dtype)
        for part in self._parts():
            energy_b, slope_bn, colours_bnn = self._colours(state, part)
            energy += float(energy_b.sum(dtype=torch.float64))
            slope_tn[part] += slope_bn.cpu().numpy()
            colours_tnn[part] = colours_bnn.cpu().numpy()
        kept = {field.name: getattr(point, field.name) for field in fields(Point)}
        return _Point(**kept | {"energy": energy, "slope_tn": slope_tn}, colours_tnn=colours_tnn)

    def curvature(
        self, state: State, point: Point, *, with_clip: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        own_tnn, to_clip_tnc, clip_cc = super().curvature(state, point, with_clip=with_clip)
        assert isinstance(point, _Point)
        return own_tnn + point.colours_tnn, to_clip_tnc, clip_cc

    def _colours(self, state: State, part: slice) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Energy [B], slope [B, n] and Gauss-Newton curvature [B, n, n] of the colours."""
        look, placed, pictures_bchw = self._look, self._placed(state, part), self._pictures_tchw[part].float()
        seen_bnc = sampled(pictures_bchw, placed.pixels_bn2)
        # How much each colour changes per cm to the right and up, in sigmas.
        rise_xbnc = []
        for step_px in ((STEP_PX, 0.0), (0.0, -STEP_PX)):
            step_2 = torch.tensor(step_px, device=self._device)
            ahead_bnc, behind_bnc = (
                sampled(pictures_bchw, placed.pixels_bn2 + way * step_2) for way in (1, -1)
            )
            rise_xbnc.append(
                (ahead_bnc - behind_bnc) * (self.px_per_cm / (2 * STEP_PX)) / look.sigma_n[:, None]
            )
        x_bnc, y_bnc = rise_xbnc
        strays_bnc = (seen_bnc - look.albedo_nc * look.shade_tn[part][..., None]) / look.sigma_n[:, None]
        length_bn = strays_bnc.norm(dim=2)
        beyond_bn = (length_bn - OUTLIER).clamp(min=0)
        weight_bn = self._weight_tn[part] * placed.inside_bn
        energy_b = (weight_bn * (length_bn**2 - beyond_bn**2)).sum(1) / 2
        weight_bn = weight_bn * (1 - beyond_bn / length_bn.clamp(min=1e-9))

        across_bnm, up_bnm = self._moves(state, part, placed)
        slope_bm = torch.zeros_like(across_bnm[:, 0])
        for rise_bnc, move_bnm in ((x_bnc, across_bnm), (y_bnc, up_bnm)):
            force_bn = weight_bn * (rise_bnc * strays_bnc).sum(2)
            slope_bm += (force_bn[:, None] @ move_bnm)[:, 0]
        # The root of each point's 2 x 2 structure tensor makes two rows of its three colours.
        xx_bn, xy_bn, yy_bn = (
            weight_bn * (left_bnc * right_bnc).sum(2)
            for left_bnc, right_bnc in ((x_bnc, x_bnc), (x_bnc, y_bnc), (y_bnc, y_bnc))
        )
        first_bn = xx_bn.sqrt()
        mixed_bn = xy_bn / first_bn.clamp(min=1e-6)
        last_bn = (yy_bn - mixed_bn**2).clamp(min=0).sqrt()
        first_bnm = first_bn[..., None] * across_bnm + mixed_bn[..., None] * up_bnm
        last_bnm = last_bn[..., None] * up_bnm
        colours_bmm = first_bnm.mT @ first_bnm + last_bnm.mT @ last_bnm
        return energy_b, slope_bm, colours_bmm

    def _moves(self, state: State, part: slice, placed: "_Placed") -> tuple[torch.Tensor, torch.Tensor]:
        """How far each unknown moves each point to the right and up in the picture, cm, two [B, N, n]."""
        pose_tp = state.pose_tp[part]
        camera_b23 = placed.rotation_b33[:, :2] * self._tensor(np.exp(pose_tp[:, 5]))[:, None, None]
        axes_ba3 = self._tensor(turn_axes(pose_tp, rotation_matrix(pose_tp[:, :3]))).transpose(1, 2)
        point_bn3 = self._surface.weights_nl @ placed.landmarks_bl3
        turns_bna3 = torch.linalg.cross(axes_ba3[:, None], point_bn3[:, :, None])
        one_bn1 = torch.ones_like(point_bn3[..., :1])
        moves = []
        for row, shift in enumerate(((one_bn1, 0 * one_bn1), (0 * one_bn1, one_bn1))):
            camera_b3 = camera_b23[:, row]
            modes_bnk = (camera_b3 @ self._fields_3nk.flatten(1)).unflatten(1, self._fields_3nk.shape[1:])
            turns_bna = (turns_bna3 @ camera_b3[:, None, :, None])[..., 0]
            grows_bn1 = point_bn3 @ camera_b3[..., None]
            moves.append(torch.cat([modes_bnk, turns_bna, *shift, grows_bn1], 2))
        return moves[0], moves[1]

    def _placed(self, state: State, part: slice) -> "_Placed":
        pose_tp = state.pose_tp[part]
        shape_b3l = self.shape(State(state.expression_tk[part], pose_tp, state.clip_c))
        rotation_b33 = self._tensor(rotation_matrix(pose_tp[:, :3]))
        landmarks_bl3 = self._tensor(shape_b3l).transpose(1, 2)
        turned_bl3 = landmarks_bl3 @ rotation_b33.transpose(1, 2)
        scale_b11, shift_b12 = (
            self._tensor(np.exp(pose_tp[:, 5:]))[:, None],
            self._tensor(pose_tp[:, None, 3:5]),
        )
        flat_bn2 = self._surface.weights_nl @ turned_bl3[..., :2] * scale_b11 + shift_b12
        down_2 = torch.tensor([self.px_per_cm, -self.px_per_cm], device=self._device)
        pixels_bn2 = flat_bn2 * down_2 - self._corner_2
        inside_bn = ((pixels_bn2 > 1) & (pixels_bn2 < self._last_2 - 1)).all(2)
        return _Placed(landmarks_bl3, turned_bl3, rotation_b33, pixels_bn2, inside_bn)

    def _crop(self, frames_thw3: np.ndarray, start: State) -> None:
        """Keep blurred pictures of what is around the face, in half precision: steps of an eighth."""
        size_2 = np.array(frames_thw3.shape[2:0:-1])
        points_t2l = self.points_t2l * np.array([[self.px_per_cm], [-self.px_per_cm]], np.float32)
        low_2 = np.clip(np.floor(points_t2l.min((0, 2))) - MARGIN_PX, 0, size_2 - 8).astype(int)
        high_2 = np.clip(np.ceil(points_t2l.max((0, 2))) + MARGIN_PX, low_2 + 8, size_2).astype(int)
        window = slice(low_2[1], high_2[1]), slice(low_2[0], high_2[0])
        self._corner_2 = torch.from_numpy(low_2.astype(np.float32)).to(self._device)
        self._last_2 = torch.from_numpy((high_2 - low_2 - 1).astype(np.float32)).to(self._device)
        self._pictures_tchw = torch.cat(
            [
                blurred(self._tensor(frames_thw3[(part, *window)]).permute(0, 3, 1, 2)).half()
                for part in self._parts()
            ]
        )

    def _parts(self) -> Iterator[slice]:
        for begin in range(0, len(self._start_tn), BATCH):
            yield slice(begin, begin + BATCH)

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array, np.float32)).to(self._device)


@dataclass(slots=True)
class _Point(Point):
    colours_tnn: np.ndarray


@dataclass(frozen=True, slots=True)
class _Placed:
    """Landmarks before pose and turned by the head, cm; the points in the kept picture, px, y down."""

    landmarks_bl3: torch.Tensor
    turned_bl3: torch.Tensor
    rotation_b33: torch.Tensor
    pixels_bn2: torch.Tensor
    inside_bn: torch.Tensor


def flat(state: State) -> np.ndarray:
    """The frames' unknowns [T, n]."""
    return np.concatenate([state.expression_tk, state.pose_tp], axis=1)

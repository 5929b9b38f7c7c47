"""Normal equations of a linear shape basis under turning heads.

Shapes: T frames, V vertices, K modes, n = 3V. Unit cm.
"""

import numpy as np


class Basis:
    """A linear basis with the matrices that give its normal equations under any rotation.

    A change of shape lets the pose answer, and alternating blindly between the two crawls. So the normal
    matrix is the Schur complement after the pose's own seven directions: what is left once the pose has
    followed.
    """

    def __init__(self, basis_kv3: np.ndarray, pose_kv3: np.ndarray, weight_v: np.ndarray) -> None:
        self.num_modes = len(basis_kv3)
        all_kv3 = np.concatenate([basis_kv3.astype(np.float64), pose_kv3])
        weighted_kv3 = all_kv3 * weight_v[:, None]
        self.weighted_nk = weighted_kv3.reshape(len(all_kv3), -1).T
        # The nine sums over vertices of w B_kvi B_lvj, as [9, K * K].
        self.gram_9n = np.einsum("kvi,lvj->ijkl", weighted_kv3, all_kv3, optimize=True).reshape(9, -1)

    def normal(self, seen_tij: np.ndarray, pull_tn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Normal matrices [T, K, K] and right sides [T, K] after the pose has followed."""
        both = self.num_modes + 7
        gram_tkk = (seen_tij.reshape(-1, 9) @ self.gram_9n).reshape(-1, both, both)
        pull_tk = pull_tn @ self.weighted_nk
        own, pose = slice(self.num_modes), slice(self.num_modes, both)
        # Moving along the line of sight is invisible, so the pose block is singular without a little of
        # itself.
        block_tpp = gram_tkk[:, pose, pose] + 1e-6 * np.trace(gram_tkk[0, pose, pose]) * np.eye(7)
        follow_tkp = np.swapaxes(np.linalg.solve(block_tpp, gram_tkk[:, pose, own]), 1, 2)
        gram_tkk = gram_tkk[:, own, own] - follow_tkp @ gram_tkk[:, pose, own]
        return gram_tkk, pull_tk[:, own] - (follow_tkp @ pull_tk[:, pose, None])[..., 0]


def pose_fields(vertices_v3: np.ndarray) -> np.ndarray:
    """How vertices move under three shifts, three turns and growth, [7, V, 3]."""
    centred_v3 = vertices_v3 - vertices_v3.mean(axis=0)
    shifts = [np.broadcast_to(axis, vertices_v3.shape) for axis in np.eye(3)]
    return np.stack([*shifts, *(np.cross(axis, centred_v3) for axis in np.eye(3)), centred_v3])

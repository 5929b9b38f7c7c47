"""The canonical face mesh inside MediaPipe's `face_landmarker.task`, with irises and landmark groups.

Shapes: V vertices (478), F triangles. Unit cm. The mesh is part of the MediaPipe model file (Apache-2.0); its
message is `GeometryPipelineMetadata` in mediapipe/tasks/cc/vision/face_geometry/proto.
"""

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from style2talker.errors import UserError

# Landmark groups, subject's right side first where there are two; loops run along the contour.
LIPS_UPPER_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LIPS_LOWER_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
LIPS_UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LIPS_LOWER_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
EYE_RIGHT_UPPER = (33, 246, 161, 160, 159, 158, 157, 173, 133)
EYE_RIGHT_LOWER = (33, 7, 163, 144, 145, 153, 154, 155, 133)
EYE_LEFT_UPPER = (263, 466, 388, 387, 386, 385, 384, 398, 362)
EYE_LEFT_LOWER = (263, 249, 390, 373, 374, 380, 381, 382, 362)
BROW_RIGHT = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
BROW_LEFT = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
IRIS_RIGHT = (468, 469, 470, 471, 472)  # centre, then the points to the picture's right, top, left, bottom
IRIS_LEFT = (473, 474, 475, 476, 477)
OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
IRIS_MIRROR = (473, 476, 475, 474, 477, 468, 471, 470, 469, 472)
IRIS_RADIUS_CM = 0.585  # an adult iris is 11.7 mm across


def wire_fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The (number, value) pairs of one protobuf message; enough of the wire format for this one file."""
    position = 0

    def varint() -> int:
        nonlocal position
        value = shift = 0
        while True:
            byte = message[position]
            position += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while position < len(message):
        number, wire_type = divmod(varint(), 8)
        if wire_type == 0:
            yield number, varint()
            continue
        length = {1: lambda: 8, 2: varint, 5: lambda: 4}[wire_type]()
        yield number, message[position : position + length]
        position += length


def canonical_mesh(task_path: Path) -> tuple[np.ndarray, np.ndarray]:
    """(vertices_v3 float64 [478, 3], triangles_f3 int32) of the canonical face, irises appended.

    The triangles cover the open eyes and mouth too. Raises `UserError` when the file holds no such mesh.
    """
    try:
        with zipfile.ZipFile(task_path) as archive:
            metadata = archive.read("geometry_pipeline_metadata_landmarks.binarypb")
        mesh = next(value for number, value in wire_fields(metadata) if number == 1)
        assert isinstance(mesh, bytes)
        floats = b"".join(
            value for number, value in wire_fields(mesh) if number == 3 and isinstance(value, bytes)
        )
        indices = [value for number, value in wire_fields(mesh) if number == 4]
    except (zipfile.BadZipFile, KeyError, StopIteration, IndexError) as error:
        raise UserError(
            f"{task_path} holds no canonical face mesh ({error!r}); expected face_landmarker.task."
        ) from error
    vertex_v5 = np.array(struct.unpack(f"<{len(floats) // 4}f", floats)).reshape(-1, 5)  # x y z u v
    vertices_v3 = np.concatenate([vertex_v5[:, :3], np.zeros((10, 3))])
    for iris, upper, lower in (
        (IRIS_RIGHT, EYE_RIGHT_UPPER, EYE_RIGHT_LOWER),
        (IRIS_LEFT, EYE_LEFT_UPPER, EYE_LEFT_LOWER),
    ):
        centre_3 = vertices_v3[list({*upper, *lower})].mean(axis=0)
        around_43 = np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]]) * IRIS_RADIUS_CM
        vertices_v3[list(iris)] = centre_3 + np.concatenate([np.zeros((1, 3)), around_43])
    mirror_v = mirror_vertices(vertices_v3)
    vertices_v3 = (vertices_v3 + vertices_v3[mirror_v] * [-1, 1, 1]) / 2
    return vertices_v3, np.array(indices, np.int32).reshape(-1, 3)


def mirror_vertices(vertices_v3: np.ndarray) -> np.ndarray:
    """For each vertex of the canonical mesh, the index of the same point on the other side of the face."""
    skin_v3 = vertices_v3[:468]
    distance_vv = np.linalg.norm(skin_v3[:, None] * [-1, 1, 1] - skin_v3[None], axis=-1)
    return np.concatenate([distance_vv.argmin(axis=1), np.array(IRIS_MIRROR)])


def open_triangles(triangles_f3: np.ndarray) -> np.ndarray:
    """bool [F]: the triangle is skin; False where it spans an eye's or the mouth's opening."""
    skin_f = np.ones(len(triangles_f3), bool)
    for rim in (
        {*LIPS_UPPER_INNER, *LIPS_LOWER_INNER},
        {*EYE_RIGHT_UPPER, *EYE_RIGHT_LOWER},
        {*EYE_LEFT_UPPER, *EYE_LEFT_LOWER},
    ):
        skin_f &= ~np.isin(triangles_f3, list(rim)).all(axis=1)
    return skin_f

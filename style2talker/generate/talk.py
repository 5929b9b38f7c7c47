"""Portrait + speech + emotion text + art picture -> a talking head on disk.

Reads    a portrait picture, any audio file, a sentence, an art picture (optional), two checkpoints
Writes   an H.264 + AAC mp4 at 25 fps whose metadata says that it was generated
Memory   frames stream from the renderer into the encoder; only the speech and its coefficients are held whole
         (one hour of samples is 230 MB, one hour of 52 coefficients a frame 19 MB)
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from style2talker import __version__
from style2talker.corpus.schema import AUDIO_RATE_HZ, FRAME_RATE_HZ
from style2talker.errors import Reject, UserError
from style2talker.face.model import embedded
from style2talker.generate.portrait import load_portrait, read_picture
from style2talker.generate.pose import auto_pose, borrowed_pose
from style2talker.media.audio import load_speech
from style2talker.media.encode import VideoWriter
from style2talker.nets.checkpoint import check_face_model
from style2talker.nets.text import TextEncoder
from style2talker.progress import track
from style2talker.style_a.infer import StyleA
from style2talker.style_e.infer import StyleE

SHORTEST_SPEECH_S = 0.2
"""One mel window; less has no sound to move a mouth by."""
GENERATED_MARK = "AI-generated video: synthetic talking head made by style2talker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to generate."""

    portrait: Path
    audio: Path
    text: str
    """The emotion, in a sentence: The person speaks joyfully and clearly raises the lip corners."""
    style_e: Path
    style_a: Path
    out: Path
    art: Path | None = None
    degree: float = 0.5
    """How much of the art picture's style is taken on, 0 to 1; without an art picture it is 0."""
    pose: str = "auto"
    seed: int = 0
    num_steps: int = 5
    """Denoising steps; Style2Talker samples with 5 in its released code."""


def generate(request: Request) -> Path:
    """Write the talking head and return its path.

    Raises:
        UserError: no text, an --out that is no mp4, a picture without a face, an unknown pose clip, audio
            that is missing, unreadable or shorter than 0.2 s, or a checkpoint that is missing, of another
            kind, version or face model.
    """
    _check(request)
    speech = _speech(request.audio)
    portrait = load_portrait(request.portrait)
    art = None if request.art is None else read_picture(request.art)
    style_e = StyleE.load(request.style_e)
    check_face_model(style_e.about, embedded().sha256, source=request.style_e)
    style_a = StyleA.load(request.style_a)
    num_frames = max(1, round(len(speech) / AUDIO_RATE_HZ * FRAME_RATE_HZ))
    expression_tk = style_e.generate(
        speech,
        text_embedding=TextEncoder()([request.text])[0],
        identity_k=portrait.identity_k,
        reference_expression_k=portrait.expression_k,
        seed=request.seed,
        num_steps=request.num_steps,
    )[:num_frames]
    pose_of = {"rotation_3": portrait.rotation_3, "translation_3": portrait.translation_3}
    pose = (
        auto_pose(num_frames, seed=request.seed, **pose_of)
        if request.pose == "auto"
        else borrowed_pose(request.pose, num_frames, **pose_of)
    )
    style_a.prepare(
        portrait.crop_hw3,
        identity_k=portrait.identity_k,
        expression_k=portrait.expression_k,
        rotation_3=portrait.rotation_3,
        translation_3=portrait.translation_3,
        art_rgb=art,
        degree=request.degree if art is not None else 0.0,
    )
    frames = style_a.render(expression_tk, pose.rotation_t3, pose.translation_t3)
    request.out.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(
        request.out,
        width=style_a.resolution,
        height=style_a.resolution,
        audio=speech,
        metadata={"comment": GENERATED_MARK, "title": request.text, "encoder": f"style2talker {__version__}"},
    ) as writer:
        for frame_hw3 in track(frames, "generate", total=num_frames, unit="frames"):
            writer.write(frame_hw3)
    return request.out


def _check(request: Request) -> None:
    if not request.text.strip():
        raise UserError("--text is empty; write the emotion as a sentence, such as: The person is cheerful.")
    if request.out.suffix != ".mp4":
        raise UserError(f"--out {request.out} does not end in .mp4, which is what is written; rename it.")
    if not request.audio.is_file():
        raise UserError(f"there is no recording at {request.audio}; give the path of a sound or video file.")


def _speech(path: Path) -> np.ndarray:
    try:
        speech = load_speech(path)
    except Reject as error:
        raise UserError(f"--audio {path}: {error.message}") from error
    if len(speech) < SHORTEST_SPEECH_S * AUDIO_RATE_HZ:
        raise UserError(
            f"--audio {path} lasts {len(speech) / AUDIO_RATE_HZ:.2f} s; at least {SHORTEST_SPEECH_S} s "
            "are needed. Give a longer recording."
        )
    return speech

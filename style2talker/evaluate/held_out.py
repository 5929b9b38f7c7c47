"""Score a Style-E checkpoint on clips of a corpus that it was not trained on.

Axes: T frames, K expression coefficients, D text embedding.
"""

from collections import defaultdict
from typing import Any

import numpy as np

from style2talker.corpus.reader import Corpus, Row
from style2talker.errors import UserError
from style2talker.evaluate.motion import MotionScores, TrueMotion, score_motion
from style2talker.face.model import FaceModel
from style2talker.media.audio import flac_decode
from style2talker.nets.text import TextEncoder
from style2talker.style_e.infer import StyleE

_COLUMNS = (
    *("clip_id", "speaker", "face_found", "face_model_sha256", "identity", "expression"),
    *("audio", "sentences"),
)


def held_out_split(corpus: Corpus) -> str:
    """`test` if the corpus has clips there, else `val`.

    Raises:
        UserError: it has neither.
    """
    for split in ("test", "val"):
        if split in corpus.splits:
            return split
    raise UserError(
        f"{corpus.store.uri} has clips in {', '.join(corpus.splits)} only, expected some in test or val; "
        "give the data card a `splits` entry and build again"
    )


def score_checkpoint(
    style_e: StyleE, corpus: Corpus, model: FaceModel, *, split: str, seed: int = 0, **options: Any
) -> MotionScores:
    """Lip errors of the motion generated from each clip's own speech and first sentence.

    The reference expression is the first frame of another clip of the same speaker, or of the clip itself
    where there is no other.

    Args:
        split: of the corpus, see `held_out_split`.
        seed: of the generated motion.
        options: `num_steps` and `guidance` of `StyleE.generate`.

    Raises:
        UserError: the corpus or the checkpoint belongs to another face model, or fewer than two clips.
    """
    rows = {row["clip_id"]: row for row in corpus.clips(split, _COLUMNS) if any(row["face_found"])}
    for fitted in {row["face_model_sha256"] for row in rows.values()} | {style_e.about["face_model_sha256"]}:
        if fitted != model.sha256:
            raise UserError(
                f"coefficients of face model {fitted[:12]} cannot be measured on {model.name} "
                f"{model.sha256[:12]}; build the corpus and train with one version"
            )
    encode = TextEncoder()
    by_speaker: dict[str, list[Row]] = defaultdict(list)
    for row in rows.values():
        by_speaker[row["speaker"]].append(row)

    def generate(clip: TrueMotion) -> np.ndarray:
        row = rows[clip.clip_id]
        others = [each for each in by_speaker[row["speaker"]] if each is not row] or [row]
        expression_tk = style_e.generate(
            flac_decode(row["audio"]["bytes"]),
            text_embedding=encode([row["sentences"][0]["text"]])[0],
            identity_k=row["identity"],
            reference_expression_k=others[0]["expression"][0],
            seed=seed,
            **options,
        )
        # Sound and picture of a clip may differ by a frame at the end.
        num_frames = len(clip.expression_tk)
        missing = max(0, num_frames - len(expression_tk))
        return np.pad(expression_tk[:num_frames], ((0, missing), (0, 0)), mode="edge")

    clips = [
        TrueMotion(
            clip_id=row["clip_id"],
            identity_k=row["identity"],
            expression_tk=row["expression"],
            valid_t=np.asarray(row["face_found"]),
        )
        for row in rows.values()
    ]
    mean_expression_k = style_e.denoiser.get_buffer("expression_mean_k").cpu().numpy()
    return score_motion(model, clips, generate, mean_expression_k=mean_expression_k)

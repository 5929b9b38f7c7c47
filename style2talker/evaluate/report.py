"""One page that shows what a run made: the talking head, the corpus, the curves, the held-out numbers."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image

from style2talker import __version__
from style2talker.corpus.manifest import NAME as MANIFEST
from style2talker.corpus.reader import Corpus
from style2talker.errors import UserError
from style2talker.evaluate.curves import read_curves
from style2talker.evaluate.held_out import held_out_split, score_checkpoint
from style2talker.face.model import embedded
from style2talker.media.video import read_frames
from style2talker.style_e.infer import StyleE

STRIP_FRAMES = 8
SAMPLE_CLIPS = 8
CLIP_COLUMNS = ["clip_id", "num_frames", "speaker", "transcript", "emotion", "emotion_level", "sentences"]
LIMITS = (
    "The demo trains for minutes, on a processor, with a handful of talkers. It shows that every part works "
    "and fits the next one; it is not a model to publish results with.",
    "Lip motion comes from this run's own small corpus; other voices and languages need more speech.",
    "The art style is colour, contrast and texture; it does not redraw the face's shape.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What the page shows, all of it read back from what the run wrote."""

    corpus_uri: str
    style_e: Path
    style_a: Path
    video: Path
    portrait: Path
    art: Path
    text: str
    speech: str
    footage: str


def write_report(report: RunReport, out: Path) -> Path:
    """Render the page to `out`, beside which the video and the corpus lie, and return its path."""
    corpus = Corpus.open(report.corpus_uri)
    rows = list(corpus.clips(columns=CLIP_COLUMNS))
    frames = list(read_frames(report.video))
    chosen = np.linspace(0, len(frames) - 1, STRIP_FRAMES + 2).round().astype(int)[1:-1]
    held_out, lip_errors = _lip_errors(corpus, report.style_e)
    grid = report.style_a / "samples.png"
    environment = Environment(
        loader=PackageLoader("style2talker.evaluate", "."), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template("report.html.j2").render(
        title="A portrait that talks",
        subtitle=f"From {report.footage} to a labelled corpus, two trained stages and this video.",
        video=_beside(report.video, out),
        card=_beside(Path(report.corpus_uri) / "card.html", out),
        inputs=[
            ("portrait", _picture_uri(report.portrait)),
            ("art picture", _picture_uri(report.art)),
        ],
        text=report.text,
        speech=report.speech,
        strip=[_jpeg_uri(frames[index]) for index in chosen],
        counts=[
            ("clips", len(rows)),
            ("minutes", f"{sum(row['num_frames'] for row in rows) / 25 / 60:.1f}"),
            ("speakers", len({row["speaker"] for row in rows})),
            ("sentences", sum(len(row["sentences"]) for row in rows)),
            ("rejects", len(corpus.rejects())),
        ],
        samples=[
            {
                "clip_id": row["clip_id"],
                "transcript": row["transcript"],
                "emotion": row["emotion"],
                "level": row["emotion_level"],
                "sentence": row["sentences"][0]["text"],
            }
            for row in rows[:: max(1, len(rows) // SAMPLE_CLIPS)][:SAMPLE_CLIPS]
        ],
        lip_errors=lip_errors,
        held_out=held_out,
        runs=[("Style-E", read_curves(report.style_e)), ("Style-A", read_curves(report.style_a))],
        grid=_picture_uri(grid) if grid.is_file() else None,
        grid_note="Each row: source, target, output without style, output in an art style.",
        limits=LIMITS,
        version=__version__,
        corpus_sha256=corpus.store.sha256(MANIFEST),
    )
    out.write_text(page, encoding="utf-8")
    return out


def _lip_errors(corpus: Corpus, checkpoint: Path) -> tuple[str, list[tuple[str, float]]]:
    """Held-out split and its lip errors; nothing where the corpus has too few held-out clips."""
    try:
        split = held_out_split(corpus)
        scores = score_checkpoint(StyleE.load(checkpoint), corpus, embedded(), split=split)
    except UserError:
        return "", []
    return split, [
        ("generated from the speech", float(scores.generated_n.mean())),
        ("the mean motion, held still", float(scores.mean_motion_n.mean())),
        ("another clip's motion", float(scores.random_clip_n.mean())),
    ]


def _beside(path: Path, page: Path) -> str:
    return path.resolve().relative_to(page.resolve().parent).as_posix()


def _picture_uri(path: Path) -> str:
    with Image.open(path) as image:
        return _jpeg_uri(np.asarray(image.convert("RGB")))


def _jpeg_uri(picture_hw3: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture_hw3).save(buffer, format="JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")

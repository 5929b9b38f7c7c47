"""`style2talker demo`: the whole way through the house, on synthetic talkers or on your own footage."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Annotated

import typer

SENTENCE = "Thank you for coming. Every part of this picture was made by a program that anyone can read."
TEXT = "The person is overjoyed and powerfully pulls up the lip corners."
PICTURE_STYLE = "poster"
DEGREE = 0.8
STYLE_A = ("--art_styles", PICTURE_STYLE, "--adversarial_from_samples", "500")
"""One art style is learned in minutes; by default all are, and the discriminator joins later."""


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)


def demo(
    out: Annotated[Path, typer.Option(help="Folder for everything the demo makes.")] = Path("demo"),
    videos: Annotated[Path | None, typer.Option(help="Your own folder of talking videos.")] = None,
    style_e_samples: Annotated[int, typer.Option(min=1, help="How long Style-E is trained.")] = 24_000,
    style_a_samples: Annotated[int, typer.Option(min=1, help="How long Style-A is trained.")] = 1_200,
) -> None:
    """Footage, corpus, two trained stages, talking_head.mp4 and report.html. Finished steps are kept."""
    run = _Demo(out=out, videos=videos)
    out.mkdir(parents=True, exist_ok=True)
    footage = run.step("footage", run.footage, "v1")
    corpus = run.step("corpus", run.corpus, footage, always=True)
    train_e = run.step("style-e", lambda: run.train("style_e", style_e_samples), corpus, str(style_e_samples))
    train_a = run.step(
        "style-a",
        lambda: run.train("style_a", style_a_samples, STYLE_A),
        corpus,
        str(style_a_samples),
        *STYLE_A,
    )
    video = run.step("talking head", run.talk, train_e, train_a, SENTENCE, TEXT, PICTURE_STYLE, str(DEGREE))
    run.step("report", run.report, video, always=True)
    typer.echo(f"\n  the video      {out / 'talking_head.mp4'}\n  the report     {out / 'report.html'}")
    typer.echo(f"  the data card  {out / 'corpus' / 'card.html'}\n  the corpus     {out / 'corpus'}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Demo:
    """The demo's steps; each reads what the ones before it left in `out`."""

    out: Path
    videos: Path | None

    def step(self, name: str, action: Callable[[], str], *inputs: str, always: bool = False) -> str:
        """Run `action` unless it has run on the same inputs; return a fingerprint of what it made."""
        mark = self.out / f".{name.replace(' ', '-')}.done"
        wanted = hashlib.sha256("\n".join(inputs).encode()).hexdigest()
        if not always and mark.is_file() and mark.read_text().split()[0] == wanted:
            typer.echo(f"{name}: already there")
            return mark.read_text().split()[1]
        typer.secho(f"{name} ...", bold=True)
        began_s = time.monotonic()
        made = action() or wanted
        mark.write_text(f"{wanted} {made}\n")
        typer.echo(f"{name}: {time.monotonic() - began_s:.0f} s")
        return made

    def footage(self) -> str:
        from style2talker.twin.make import write_corpus

        if self.videos is None:
            write_corpus(self.out / "footage")
        return ""

    def corpus(self) -> str:
        from pipelines.build import build
        from style2talker.corpus.manifest import NAME
        from style2talker.corpus.reader import Corpus
        from style2talker.corpus.verify import verify
        from style2talker.errors import UserError

        uri = str(self.out / "corpus")
        build(str(self.videos or self.out / "footage"), out=uri)
        if problems := verify(uri):
            raise UserError(f"the corpus {uri} is damaged: {problems[0]} Delete it and run the demo again.")
        return Corpus.open(uri).store.sha256(NAME)

    def train(self, stage: str, num_samples: int, options: Sequence[str] = ()) -> str:
        from importlib import import_module

        corpus, out = self.out / "corpus", self.out / stage
        # The inputs changed: curves of an earlier run must not stay beside the new ones.
        rmtree(out, ignore_errors=True)
        length = ["--num_samples", str(num_samples)]
        import_module(f"training.{stage}").run(
            ["--corpus", str(corpus), "--out", str(out), *length, *options]
        )
        return hashlib.sha256((self.out / stage / "weights.safetensors").read_bytes()).hexdigest()

    def talk(self) -> str:
        import soundfile
        from PIL import Image
        from skimage import data

        from style2talker.generate.talk import Request, generate
        from style2talker.style_a.art import draw
        from style2talker.twin.speech import RATE_HZ, Voice, speak

        Image.fromarray(data.astronaut()).save(self.out / "portrait.png")
        Image.fromarray(draw(PICTURE_STYLE, data.coffee())).save(self.out / "art.png")
        soundfile.write(self.out / "speech.wav", speak(SENTENCE, voice=Voice(name="en-us+f2")).audio, RATE_HZ)
        made = generate(
            Request(
                portrait=self.out / "portrait.png",
                audio=self.out / "speech.wav",
                text=TEXT,
                art=self.out / "art.png",
                degree=DEGREE,
                style_e=self.out / "style_e",
                style_a=self.out / "style_a",
                out=self.out / "talking_head.mp4",
            )
        )
        return hashlib.sha256(made.read_bytes()).hexdigest()

    def report(self) -> str:
        from style2talker.evaluate.report import RunReport, write_report

        write_report(
            RunReport(
                corpus_uri=str(self.out / "corpus"),
                style_e=self.out / "style_e",
                style_a=self.out / "style_a",
                video=self.out / "talking_head.mp4",
                portrait=self.out / "portrait.png",
                art=self.out / "art.png",
                text=TEXT,
                speech=SENTENCE,
                footage="synthetic talkers" if self.videos is None else "your own footage",
            ),
            self.out / "report.html",
        )
        return ""

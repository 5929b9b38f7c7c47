"""Lip error of a trained Style-E on held-out clips, against two guesses that hear nothing, in one run.

Peers     the training split's mean face held still; another held-out clip's motion
Run       python benchmarks/style_e.py --corpus demo/corpus --checkpoint demo/style-e
"""

from pathlib import Path
from typing import Annotated

import typer

from style2talker.corpus.reader import Corpus
from style2talker.evaluate.held_out import held_out_split, score_checkpoint
from style2talker.evaluate.motion import motion_table
from style2talker.face.model import embedded
from style2talker.style_e.infer import StyleE


def main(
    corpus: Annotated[str, typer.Option(help="URI of the corpus.")],
    checkpoint: Annotated[
        Path, typer.Option(help="Directory that `style2talker train style-e --out` wrote.")
    ],
    split: Annotated[str, typer.Option(help="Split to score; empty takes test, else val.")] = "",
    num_steps: Annotated[int, typer.Option(help="Denoising steps.")] = 5,
    seed: Annotated[int, typer.Option(help="Seed of the generated motion.")] = 0,
) -> None:
    source = Corpus.open(corpus)
    split = split or held_out_split(source)
    style_e = StyleE.load(checkpoint)
    scores = score_checkpoint(style_e, source, embedded(), split=split, seed=seed, num_steps=num_steps)
    print(f"split {split}, {style_e.about['samples_seen']:,} samples seen, {num_steps} steps, seed {seed}")
    print(motion_table(scores))
    print("better than both guesses" if scores.beats_both else "NOT better than both guesses")


if __name__ == "__main__":
    typer.run(main)

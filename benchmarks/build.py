"""Build against a plain script: the same models on the same footage, in one process, one file after another.

    python benchmarks/build.py [FOOTAGE] [--workers N]

Prints the seconds of both, the ratio, and whether one worker and N workers gave the same bytes. Without
FOOTAGE it draws two dozen twins first (their making is not counted).
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from pipelines.build import build
from pipelines.discover import DiscoverConfig
from pipelines.sources import list_files
from style2talker.corpus.card import load_card
from style2talker.corpus.manifest import Manifest
from style2talker.emotion.action_units import action_units
from style2talker.emotion.facial import FacialEmotion, emotion_level
from style2talker.emotion.sentences import write_sentences
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.errors import Reject
from style2talker.face.crop import crop_frame, fomm_box, to_crop
from style2talker.face.fit import fit_clip
from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.model import embedded
from style2talker.media.audio import flac_encode, read_audio
from style2talker.media.mel import log_mel
from style2talker.media.probe import probe
from style2talker.media.spans import clip_spans, shot_boundaries
from style2talker.media.video import read_frames
from style2talker.speech.prosody import prosody
from style2talker.speech.transcript import Transcriber
from style2talker.speech.vad import voiced_spans


class PlainScript:
    """What one writes in an afternoon: load the models, loop over the files, save arrays."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.tracker, self.transcribe, self.facial = LandmarkTracker(), Transcriber(), FacialEmotion()

    def run(self, root: Path, names: list[str]) -> int:
        num_clips = 0
        for name in names:
            try:
                for start_s, end_s in self.spans(root / name):
                    self.clip(root / name, start_s, end_s, f"{num_clips:05d}")
                    num_clips += 1
            except Reject:
                continue
        return num_clips

    def spans(self, path: Path) -> list[tuple[float, float]]:
        info, limits = probe(path), DiscoverConfig()
        voiced = voiced_spans(read_audio(path))
        return clip_spans(
            voiced,
            shot_boundaries(path),
            info.duration_s,
            shortest_s=limits.shortest_s,
            longest_s=limits.longest_s,
        )

    def clip(self, path: Path, start_s: float, end_s: float, clip_id: str) -> None:
        frames = list(read_frames(path, start_s=start_s, end_s=end_s))
        track = self.tracker.track(frames)
        box = fomm_box(track.landmarks_tl3)
        if box is None:
            raise Reject("no_face", "No face.")
        crops = np.stack([crop_frame(frame, box) for frame in frames])
        landmarks_tl3 = to_crop(track.landmarks_tl3, box)
        blendshapes_tk, found_t = np.nan_to_num(track.blendshapes_tk), track.found_t
        fit = fit_clip(landmarks_tl3, blendshapes_tk=blendshapes_tk, model=embedded(), face_found_t=found_t)
        audio = read_audio(path, start_s=start_s, end_s=end_s)
        heard = self.transcribe(audio)
        manner = prosody(audio, len(frames))
        probability = self.facial(
            crops,
            landmarks_tl3,
            blendshapes_tk=blendshapes_tk,
            found_t=found_t,
            expression_tk=fit.expression_tk,
        )
        emotion = EMOTIONS[int(probability.argmax())]
        sentences = write_sentences(
            clip_id=clip_id,
            emotion=emotion,
            level=emotion_level(emotion, blendshapes_tk, found_t, expression_tk=fit.expression_tk),
            action_units=action_units(blendshapes_tk, found_t, expression_tk=fit.expression_tk),
            transcript=heard.text,
        )
        np.savez_compressed(
            self.out / clip_id,
            frames=crops,
            expression=fit.expression_tk,
            rotation=fit.rotation_t3,
            mel=log_mel(audio),
            audio=np.frombuffer(flac_encode(audio), np.uint8),
            pitch=manner.pitch_hz_t,
            sentences=[sentence.text for sentence in sentences],
        )


def timed_build(footage: Path, out: Path, workers: int) -> tuple[float, Manifest]:
    start_s = time.perf_counter()
    manifest = build(footage, out=str(out), workers=workers).manifest
    return time.perf_counter() - start_s, manifest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("footage", nargs="?", type=Path)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        footage = options.footage
        if footage is None:
            from style2talker.twin.make import write_corpus

            footage = work / "twins"
            write_corpus(footage, num_identities=3, clips_per_identity=8)
        many_s, many = timed_build(footage, work / "many", options.workers)
        one_s, one = timed_build(footage, work / "one", 1)
        (work / "plain").mkdir()
        start_s = time.perf_counter()
        card = load_card(footage)
        num_clips = PlainScript(work / "plain").run(card.root, list_files(card))
        plain_s = time.perf_counter() - start_s
    print(f"plain script      {plain_s:7.1f} s  {num_clips / plain_s:.2f} clips/s")
    print(f"build, 1 worker   {one_s:7.1f} s  {one.num_clips / one_s:.2f} clips/s  {plain_s / one_s:.2f}x")
    print(
        f"build, {options.workers} workers  {many_s:7.1f} s  {many.num_clips / many_s:.2f} clips/s  "
        f"{plain_s / many_s:.2f}x the plain script, {one_s / many_s:.2f}x one worker"
    )
    print(f"same bytes with 1 and {options.workers} workers: {'yes' if one == many else 'NO'}")


if __name__ == "__main__":
    main()

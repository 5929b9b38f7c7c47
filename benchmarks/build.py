"""Build against a plain script: the same models on the same footage, in one process, one file after another.

    python benchmarks/build.py [FOOTAGE] [--workers 2] [--copies 4] [--long_min 30]

Prints the seconds of both, the ratios, whether one worker and N workers gave the same bytes, how much of a
build without Ray is the ledger's, and the peak memory of all processes. Without FOOTAGE it draws 48 twins
first and copies them under other bytes (their making is not counted); with --long_min it adds one video of
that many minutes to a build of its own, for its memory.
"""

import argparse
import contextlib
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

import av
import numpy as np
import psutil

from pipelines.annotators import voice
from pipelines.build import build
from pipelines.discover import DiscoverConfig
from pipelines.ledger import run_stage
from pipelines.partition import Partition
from pipelines.profiles import stages_of
from pipelines.readers import read_items
from pipelines.request import scan
from pipelines.rounds import bring_about
from pipelines.shard import write_shards
from pipelines.stage import Stage
from style2talker.corpus.card import Card, load_card
from style2talker.corpus.manifest import Manifest
from style2talker.corpus.uri import open_store
from style2talker.emotion.action_units import action_units, emotion_level, measure_units
from style2talker.emotion.context import Context
from style2talker.emotion.face_nets import FaceNets, looks
from style2talker.emotion.judgement import judge
from style2talker.emotion.opinion import Opinion
from style2talker.emotion.sentences import best_sentences, can_be_named
from style2talker.emotion.words import SaidEmotion
from style2talker.errors import Reject
from style2talker.face.crop import crop_frame, fomm_box, to_crop
from style2talker.face.fit import fit_clip
from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.model import embedded
from style2talker.media.audio import flac_encode, read_audio
from style2talker.media.footage import Footage
from style2talker.media.mel import log_mel
from style2talker.media.probe import probe
from style2talker.media.spans import clip_spans, shot_boundaries
from style2talker.media.video import read_frames
from style2talker.nets.text import TextEncoder
from style2talker.speech.prosody import prosody
from style2talker.speech.sync import MARGIN_S, sync_offset
from style2talker.speech.transcript import Transcriber
from style2talker.speech.vad import voiced_spans
from style2talker.weights.resolve import resolve


class PlainScript:
    """What one writes in an afternoon: load the models, loop over the files, save arrays."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.tracker, self.transcribe, self.nets = LandmarkTracker(), Transcriber(), FaceNets()
        self.encode = TextEncoder(resolve("minilm-l6-v2"))
        self.said = SaidEmotion(self.encode)
        self.listen = voice.load(voice.VoiceConfig(), model=None)

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
        around = read_audio(path, start_s=start_s - MARGIN_S, end_s=end_s + MARGIN_S)
        sync = sync_offset(around, track.landmarks_tl3)
        flac = flac_encode(audio)
        heard = self.transcribe(audio)
        manner = prosody(audio, len(frames))
        look_n = looks(landmarks_tl3)
        by_net = self.nets(crops[look_n], landmarks_tl3[look_n])
        readings_r2 = measure_units(
            blendshapes_tk,
            found_t,
            expression_tk=fit.expression_tk,
            frame_at=crops.__getitem__,
            landmarks_tl3=landmarks_tl3,
            rotation_t3=fit.rotation_t3,
            translation_t3=fit.translation_t3,
        )
        opinions = {
            "voice": ("voice", self.listen([{"audio": {"bytes": flac}}])[0]),
            "words": ("words", Opinion(probability_e=self.said(heard.text))),
        }
        judged = judge(np.stack(list(by_net.values())), readings_r2, opinions, Context())
        sentences = best_sentences(
            clip_id=clip_id,
            emotion=judged.emotion,
            level=emotion_level(judged.emotion, readings_r2),
            action_units=[unit for unit in action_units(readings_r2) if can_be_named(unit)],
            embed=partial(self.encode, together=True),
        )
        np.savez_compressed(
            self.out / clip_id,
            frames=crops,
            expression=fit.expression_tk,
            rotation=fit.rotation_t3,
            mel=log_mel(audio),
            audio=np.frombuffer(flac, np.uint8),
            pitch=manner.pitch_hz_t,
            sync=sync.offset_frames,
            probability=judged.probability_e,
            sentences=[sentence.text for sentence, _ in sentences],
        )


class PeakMemory:
    """The largest sum of this process' and its children's memory; pages that they share count once."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(1.0):
            used = 0
            for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
                with contextlib.suppress(psutil.Error):
                    used += process.memory_full_info().pss
            self.peak_mb = max(self.peak_mb, used / 1e6)


def timed_build(footage: Path, out: Path, workers: int) -> tuple[float, Manifest]:
    start_s = time.perf_counter()
    manifest = build(footage, out=str(out), workers=workers).manifest
    return time.perf_counter() - start_s, manifest


def ledger_share(footage: Path, out: Path) -> float:
    """The part of a build in this process, without Ray, that is not inside the stages' own functions."""
    start_s = time.perf_counter()
    store, stages = open_store(str(out)), stages_of("small")
    request, _ = scan(footage, store, profile="small", stages=stages, num_threads=1)
    here = Footage(request.card.root)
    works = {stage.name: cache(partial(stage.make, stage.config, here)) for stage in stages}

    def run(partitions: Sequence[Partition], chosen: Sequence[Stage]) -> None:
        for partition in partitions:
            for stage in chosen:
                run_stage(stage, works[stage.name], partition, store)
            if chosen[-1] is stages[-1]:
                write_shards(store, partition, stages, request.entries)

    built = bring_about(request, store, run=run, again=frozenset(), check=lambda: None)
    total_s = time.perf_counter() - start_s
    return 1 - sum(spent.work_s + spent.load_s for spent in built.spent) / total_s


def remux(source: Path, target: Path, comment: str, *, times: int = 1) -> None:
    """The same packets under other bytes, one or more times in a row."""
    with av.open(str(target), "w") as out, av.open(str(source)) as first:
        out.metadata["comment"] = comment
        kinds = [stream for stream in first.streams if stream.type in ("video", "audio")]
        streams = {stream.index: out.add_stream_from_template(stream) for stream in kinds}
        length_s = (first.duration or 0) / av.time_base + 0.2  # some begin a little before zero
        for turn in range(times):
            with av.open(str(source)) as container:
                for packet in container.demux():
                    if packet.dts is None or packet.stream.index not in streams:
                        continue
                    ticks = round(turn * length_s / packet.time_base)
                    packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
                    packet.stream = streams[packet.stream.index]
                    out.mux(packet)


def draw_footage(root: Path, *, copies: int) -> None:
    """Twins, and the same under other bytes."""
    from style2talker.twin.make import write_corpus

    write_corpus(root)
    for path in sorted(root.glob("*.mp4")):
        for copy in range(1, copies):
            remux(path, path.with_name(f"{path.stem}-{copy}.mp4"), f"copy {copy}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("footage", nargs="?", type=Path)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--long_min", type=float, default=0.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        footage = options.footage
        if footage is None:
            footage = work / "twins"
            draw_footage(footage, copies=options.copies)
        if options.long_min:
            long_memory(footage, work, options)
        compare(footage, work, options)


def long_memory(footage: Path, work: Path, options: argparse.Namespace) -> None:
    """Peak memory of a build with one very long video in it."""
    root = work / "long"
    root.mkdir()
    chosen = [footage / name for name in list_files(load_card(footage))[:4]]
    for path in chosen:
        shutil.copy(path, root)
    times = round(60 * options.long_min / probe(chosen[0]).duration_s)
    remux(chosen[0], root / "long.mp4", "long", times=times)
    with PeakMemory() as memory:
        seconds, manifest = timed_build(root, work / "long-out", options.workers)
    print(
        f"with a video of {options.long_min:g} min: {manifest.duration_s:.0f} s of clips in {seconds:.0f} s, "
        f"peak memory {memory.peak_mb:.0f} MB"
    )


def compare(footage: Path, work: Path, options: argparse.Namespace) -> None:
    (work / "plain").mkdir()
    start_s = time.perf_counter()
    card = load_card(footage)
    num_clips = PlainScript(work / "plain").run(Path(card.root), list_files(card))
    plain_s = time.perf_counter() - start_s
    print(f"plain script      {plain_s:7.1f} s  {num_clips / plain_s:.2f} clips/s", flush=True)
    one_s, one = timed_build(footage, work / "one", 1)
    speed = one.num_clips / one_s
    print(f"build, 1 worker   {one_s:7.1f} s  {speed:.2f} clips/s  {plain_s / one_s:.2f}x", flush=True)
    with PeakMemory() as memory:
        many_s, many = timed_build(footage, work / "many", options.workers)
    print(
        f"build, {options.workers} workers  {many_s:7.1f} s  {many.num_clips / many_s:.2f} clips/s  "
        f"{plain_s / many_s:.2f}x the plain script, {one_s / many_s:.2f}x one worker; "
        f"peak memory {memory.peak_mb:.0f} MB",
        flush=True,
    )
    print(f"same bytes with 1 and {options.workers} workers: {'yes' if one == many else 'NO'}", flush=True)
    share = ledger_share(footage, work / "here")
    print(f"outside the stages' own functions, in one process without Ray: {100 * share:.1f} % of the time")


def list_files(card: Card) -> list[str]:
    return [item.uri for item in read_items(card).items]


if __name__ == "__main__":
    main()

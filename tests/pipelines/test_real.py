"""The real stages on a drawn talker and on everything that is no talking clip: each gets its reason."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from pipelines.profiles import stages_of
from pipelines.track import TrackConfig, check_found, check_rivals
from style2talker.corpus.reader import Corpus
from style2talker.corpus.verify import verify
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.errors import Reject, UserError
from style2talker.media.encode import write_video
from style2talker.twin.make import ClipSpec, TwinClip, make_clip


@pytest.fixture(scope="module")
def talker() -> TwinClip:
    return make_clip(ClipSpec(identity=0, emotion="happy", level=3))


@pytest.fixture(scope="module")
def weights() -> None:
    try:
        stages_of("small", fetch=True)
    except UserError as error:
        pytest.skip(f"the small weights are not here and cannot be fetched: {error}")


def sound_only(path: Path, audio_n: np.ndarray) -> None:
    """A .mov with speech and no picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(audio_n[None].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


def write_traps(root: Path, clip: TwinClip) -> dict[str, str]:
    """One good file and one per reason; returns the reason of each."""
    root.mkdir()
    frames, audio = clip.frames_thw3[:60], clip.audio_n[: 60 * 640]
    time_s = np.arange(len(audio)) / 16000
    chord = (
        np.sum([np.sin(2 * np.pi * hz * time_s) for hz in (220, 277, 330)], axis=0, dtype=np.float32) * 0.1
    )
    grey = np.full_like(frames, 128)
    write_video(root / "talker.mp4", clip.frames_thw3, clip.audio_n)
    write_video(root / "blank.mp4", grey, audio)
    write_video(root / "music.mp4", frames, np.asarray(chord, np.float32))
    write_video(root / "silent.mp4", frames, np.zeros_like(audio))
    write_video(root / "mute.mp4", frames)
    write_video(root / "short.mp4", frames[:10], audio[:6400])
    write_video(root / "two.mp4", np.concatenate([frames, frames[:, :, ::-1]], axis=2), audio)
    sound_only(root / "sound.mov", audio)
    (root / "text.mp4").write_text("This is not a video.\n")
    (root / "pointer.mp4").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 123456\n"
    )
    (root / "empty.mp4").write_bytes(b"")
    return {
        "blank.mp4": "no_face",
        "music.mp4": "no_speech",
        "silent.mp4": "silent_audio",
        "mute.mp4": "no_audio",
        "short.mp4": "too_short",
        "two.mp4": "several_faces",
        "sound.mov": "no_video",
        "text.mp4": "not_media",
        "pointer.mp4": "git_lfs_pointer",
        "empty.mp4": "empty_file",
    }


def test_the_talker_is_kept_and_all_else_has_its_reason(
    weights: None, talker: TwinClip, build_here: Callable, tmp_path: Path
) -> None:
    reasons = write_traps(tmp_path / "footage", talker)
    build_here(tmp_path / "footage", tmp_path / "out", stages=stages_of("small"))
    assert verify(str(tmp_path / "out")) == []
    corpus = Corpus.open(str(tmp_path / "out"))
    assert {row["source_uri"]: row["kind"] for row in corpus.rejects()} == reasons
    (clip,) = corpus.clips()
    num_frames = clip["num_frames"]
    assert clip["source_uri"] == "talker.mp4"
    assert num_frames == round((clip["end_s"] - clip["start_s"]) * 25)
    assert clip["expression"].shape == (num_frames, 52)
    assert clip["mel"].shape[1] == 80
    assert np.nanmedian(clip["fit_error"]) < 0.03
    assert clip["emotion"] in EMOTIONS
    assert len({sentence["text"] for sentence in clip["sentences"]}) == 5
    heard = set(clip["transcript"].lower().replace(".", "").replace(",", "").split())
    said = set(talker.truth.transcript.lower().replace(".", "").replace(",", "").split())
    assert len(heard & said) >= len(said) / 2
    (frames,) = corpus.frames([clip["clip_id"]])
    assert len(frames["jpeg"]) == num_frames


@pytest.mark.parametrize(
    ("found", "kind"),
    [([], "decode_failed"), ([False] * 20, "no_face"), ([True] * 18 + [False] * 2, "face_lost")],
)
def test_a_clip_without_its_face_is_rejected(found: list[bool], kind: str) -> None:
    with pytest.raises(Reject) as caught:
        check_found(np.array(found, dtype=bool), TrackConfig())
    assert caught.value.kind == kind


def test_one_frame_in_twenty_may_miss_the_face() -> None:
    check_found(np.array([True] * 19 + [False]), TrackConfig())


def test_a_passer_by_is_no_second_person() -> None:
    check_rivals(np.array([0.9] * 20 + [0.3] * 80), TrackConfig())
    with pytest.raises(Reject, match="another face"):
        check_rivals(np.array([0.9] * 30 + [0.0] * 70), TrackConfig())

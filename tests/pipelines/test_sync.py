"""The stage sync and what follows from it, on a drawn talker whose sound was moved by a known amount."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_stages import fake_stages, write_footage  # type: ignore[import-not-found]

from pipelines import hear, sync, track
from pipelines.build import build
from pipelines.partition import recipes_of
from pipelines.profiles import stages_of
from pipelines.stage import Row, Stage, Work
from pipelines.sync import SyncConfig, as_the_card_says
from style2talker.corpus.card import Card
from style2talker.corpus.reader import Corpus
from style2talker.errors import Reject, UserError
from style2talker.media.audio import flac_decode
from style2talker.media.encode import write_video
from style2talker.media.footage import Footage
from style2talker.twin.make import ClipSpec, TwinClip, make_clip

SAMPLES_PER_FRAME = 640
MOVED = {"late": 6, "early": -6, "true": 0}


@pytest.fixture(scope="module")
def talker() -> TwinClip:
    return make_clip(ClipSpec(identity=1, emotion="happy", level=1, sentence=3))


@pytest.fixture(scope="module")
def footage(talker: TwinClip, tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """The talker three times, with the sound later, earlier and as it is."""
    root = tmp_path_factory.mktemp("footage")
    for name, frames in MOVED.items():
        write_video(root / f"{name}.mp4", talker.frames_thw3, moved(talker.audio_n, frames))
    return Footage(str(root))


@pytest.fixture(scope="module")
def tracked(talker: TwinClip, footage: Footage) -> Row:
    """What track says of the pictures; they are the same in all three."""
    try:
        find = track.STAGE.make(track.STAGE.config, footage)
    except UserError as error:
        pytest.skip(f"no face tracker: {error}")
    row = find(clip_of("true", talker))
    assert isinstance(row, dict)
    return {**row, "landmarks": np.asarray(row["landmarks"])}


def moved(audio_n: np.ndarray, frames: int) -> np.ndarray:
    shift = frames * SAMPLES_PER_FRAME
    padded_n = np.pad(audio_n, abs(shift))
    return padded_n[abs(shift) - shift :][: len(audio_n)]


def clip_of(name: str, talker: TwinClip) -> Row:
    return {
        **{"clip_id": name, "source_uri": f"{name}.mp4", "audio_uri": None},
        **{"start_s": 0.0, "end_s": len(talker.frames_thw3) / 25},
    }


def synced(name: str, action: str, talker: TwinClip, footage: Footage, tracked: Row) -> Row:
    work = sync.make(SyncConfig(action=action), footage)
    row = work({**clip_of(name, talker), "landmarks": tracked["landmarks"]})
    assert isinstance(row, dict)
    return row


@pytest.mark.parametrize("name", MOVED)
def test_kept_clips_say_their_offset(name: str, talker: TwinClip, footage: Footage, tracked: Row) -> None:
    row = synced(name, "keep", talker, footage, tracked)
    assert row["sync_offset_frames"] == pytest.approx(MOVED[name], abs=1)
    assert row["sync_confidence"] > 0.9
    assert row["audio_shift_s"] == 0


def test_gated_clips_are_rejects_that_say_why(talker: TwinClip, footage: Footage, tracked: Row) -> None:
    assert synced("true", "gate", talker, footage, tracked)["audio_shift_s"] == 0
    with pytest.raises(Reject, match=r"[56]\.\d frames later than the picture") as caught:
        synced("late", "gate", talker, footage, tracked)
    assert caught.value.kind == "off_sync"
    with pytest.raises(Reject, match=r"frames earlier than the picture"):
        synced("early", "gate", talker, footage, tracked)


@pytest.mark.parametrize("name", MOVED)
def test_shifted_clips_are_heard_in_sync(name: str, talker: TwinClip, footage: Footage, tracked: Row) -> None:
    row = synced(name, "shift", talker, footage, tracked)
    assert row["audio_shift_s"] * 25 == pytest.approx(MOVED[name], abs=1)
    assert (row["audio_shift_s"] == 0) == (name == "true")
    listen = hear.make(hear.STAGE.config, footage)
    heard = listen({**clip_of(name, talker), **row, "num_frames": len(talker.frames_thw3)})
    assert isinstance(heard, dict)
    audio_n = flac_decode(heard["audio"]["bytes"])
    assert len(audio_n) == len(talker.audio_n)  # also where the shift leaves the file: there it is silent
    assert abs(lag_frames(audio_n, talker.audio_n)) <= 1
    as_it_was = listen(
        {**clip_of(name, talker), "audio_shift_s": None, "num_frames": len(talker.frames_thw3)}
    )
    assert isinstance(as_it_was, dict)
    assert lag_frames(flac_decode(as_it_was["audio"]["bytes"]), talker.audio_n) == pytest.approx(
        MOVED[name], abs=0.1
    )


def lag_frames(audio_n: np.ndarray, truth_n: np.ndarray) -> float:
    """By how much the one is later than the other, of all lags up to ten frames."""
    size = 2 * len(truth_n)
    product_n = np.fft.irfft(np.fft.rfft(audio_n, size) * np.conj(np.fft.rfft(truth_n, size)), size)
    lags = np.arange(-10 * SAMPLES_PER_FRAME, 10 * SAMPLES_PER_FRAME + 1)
    return float(lags[np.argmax(product_n[lags])]) / SAMPLES_PER_FRAME


def test_without_speech_nothing_is_claimed_and_nothing_done(
    talker: TwinClip, footage: Footage, tracked: Row, tmp_path: Path
) -> None:
    write_video(tmp_path / "mute.mp4", talker.frames_thw3, np.zeros_like(talker.audio_n))
    work = sync.make(SyncConfig(action="gate"), Footage(str(tmp_path)))
    row = work({**clip_of("mute", talker), "landmarks": tracked["landmarks"]})
    assert isinstance(row, dict)
    assert (row["sync_offset_frames"], row["sync_confidence"], row["audio_shift_s"]) == (None, 0.0, 0.0)


def test_a_card_s_setting_changes_the_recipes_of_what_hears_only() -> None:
    stages = stages_of("small")
    keep, gate = (
        recipes_of(as_the_card_says(stages, Card(name="x", root="/", sync=s))) for s in ("keep", "gate")
    )
    assert keep == recipes_of(stages)
    changed = {name for name in keep if keep[name] != gate[name]}
    assert {"sync", "hear", "transcribe"} <= changed
    assert not changed & {"discover", "track", "fit"}


def strict_stages() -> tuple[Stage, ...]:
    """The fakes, with a sync of which every clip is off."""

    def make(config: SyncConfig, footage: Footage) -> Work:
        def run(clip: Row) -> Row:
            if config.action == "gate":
                raise Reject("off_sync", "The sound is 9.0 frames later.")
            shift_s = 0.36 if config.action == "shift" else 0.0
            found = {"sync_offset_frames": 9.0, "sync_confidence": 1.0, "audio_shift_s": shift_s}
            return {"clip_id": clip["clip_id"], **found}

        return run

    return tuple(
        replace(stage, config=SyncConfig(), make=make) if stage.name == "sync" else stage
        for stage in fake_stages()
    )


def test_a_build_does_what_its_card_says_and_no_more_than_that_again(
    build_here: Callable[..., Any], tmp_path: Path
) -> None:
    root = write_footage(tmp_path / "footage", count=4)
    out = tmp_path / "out"

    def computed(setting: str) -> set[str]:
        (root / "card.yaml").write_text(f"name: talkers\nsync: {setting}\n")
        built = build(root, out=str(out), workers=1, stages=strict_stages())
        return {spent.stage for spent in built.spent if spent.num_rows}

    def shifts() -> set[float]:
        return {row["audio_shift_s"] for row in Corpus.open(str(out)).clips(columns=["audio_shift_s"])}

    assert "track" in computed("keep")
    assert shifts() == {0.0}
    assert computed("shift").isdisjoint({"discover", "track", "fit"})
    assert shifts() == {0.36}
    assert computed("gate") == {"sync"}  # no clip is left to be heard
    corpus = Corpus.open(str(out))
    assert corpus.manifest.num_clips == 0
    assert sum(row["kind"] == "off_sync" for row in corpus.rejects()) > 0
    assert computed("gate") == set()

"""Who is asked about what, what is kept of it, and what the page shows of a clip."""

import itertools
import json
import shlex
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from style2talker.cli.review import command_of
from style2talker.corpus.card import load_card
from style2talker.corpus.corrections import read_corrections, read_history
from style2talker.corpus.reader import Corpus
from style2talker.errors import UserError
from style2talker.review.evidence import WIDTH_PX, evidence_of, polylines
from style2talker.review.movie import KEPT, Movies, write_movie
from style2talker.review.session import Session
from style2talker.review.waiting import rank, waiting

ORDER = ["val1", "train1", "val0", "train0"]


def session_of(corpus: Path, author: str = "Ada") -> Session:
    opened = Corpus.open(str(corpus))
    return Session(corpus=opened, clips=waiting(opened, most=9), author=author, command="")


def ids(corpus: Path, **choice: object) -> list[str]:
    return [clip.clip_id for clip in waiting(Corpus.open(str(corpus)), **({"most": 9} | choice))]  # type: ignore


def test_least_agreement_is_asked_first_and_nobody_is_asked_twice(drawn_corpus: Path) -> None:
    assert ids(drawn_corpus) == ORDER
    assert ids(drawn_corpus, most=2) == ORDER[:2]
    assert ids(drawn_corpus, corrected={"val1"}) == ORDER[1:]
    assert ids(drawn_corpus, clips=["train0", "val1"]) == ["train0", "val1"]
    with pytest.raises(UserError, match="nobody spoke about"):
        ids(drawn_corpus, corrected=set(ORDER))
    for name, says in (("val", "2 clips"), ("nobody", "no clips")):
        with pytest.raises(UserError, match=says):
            ids(drawn_corpus, clips=[name])


shares = st.none() | st.integers(0, 1000).map(lambda permille: permille / 1000)


@given(shares, shares, st.lists(st.sampled_from(("dark", "sung")), unique=True), st.floats(0.01, 1))
def test_more_doubt_is_never_asked_later(
    agreement: float | None, confidence: float | None, flags: list[str], less: float
) -> None:
    row = {"clip_id": "a", "agreement": agreement, "confidence": confidence, "flags": flags}
    row["emotion_probability"] = np.full(8, 1 / 8)
    assert rank(row | {"flags": [*flags, "off_sync"]}) < rank(row)
    if agreement:
        assert rank(row | {"agreement": agreement * (1 - less)}) < rank(row)
    if confidence:
        assert rank(row | {"confidence": confidence * (1 - less)}) < rank(row)


def test_undo_goes_back_through_what_was_said(corpus: Path) -> None:
    session = session_of(corpus)
    for clip_id in ("val1", "train1", "val1"):
        session.say(clip_id, {"verdict": "keep", "emotion": "sad", "level": 1})
    assert [session.undo("val0") for _ in range(3)] == ["val1", "train1", "val1"]
    assert read_corrections(session.corpus.store) == {}
    with pytest.raises(UserError, match="nobody's"):
        session.undo("val0")
    assert len(read_history(session.corpus.store)) == 6


def test_a_later_sitting_takes_back_its_own_words_and_nobody_elses(corpus: Path) -> None:
    session_of(corpus).say("val1", {"verdict": "drop"})
    with pytest.raises(UserError, match="Ada's"):
        session_of(corpus, "Grace").undo("val1")
    assert session_of(corpus).undo("val1") == "val1"
    assert read_corrections(Corpus.open(str(corpus)).store) == {}


def test_next_is_who_nobody_spoke_about_until_there_is_none(corpus: Path) -> None:
    session = session_of(corpus)
    place, seen = session.next_place(len(ORDER) - 1, session.holding()), []
    while place is not None:
        seen.append(session.clips[place].clip_id)
        session.say(seen[-1], {"verdict": "keep", "emotion": "sad", "level": 1})
        place = session.next_place(place, session.holding())
    assert seen == ORDER
    assert session.summary() == {"kept": 4, "dropped": 0, "left": 0}


def test_the_movie_is_the_clips_own_pictures_and_sound(drawn_corpus: Path, tmp_path: Path) -> None:
    corpus = Corpus.open(str(drawn_corpus))
    clip = waiting(corpus, most=1)[0]
    out = tmp_path / "movie.mp4"
    write_movie(out, corpus, clip)
    (row,) = corpus.clips(columns=["num_frames"], clip_ids=[clip.clip_id])
    with av.open(str(out)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        num_frames = sum(1 for _ in container.decode(video=0))
        container.seek(0)
        sound_n = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert num_frames == row["num_frames"]
    assert len(sound_n) / 16000 == pytest.approx(num_frames / 25, abs=0.1)
    assert np.abs(sound_n).max() > 0.05


def test_only_the_last_movies_are_kept(
    drawn_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def write(out: Path, corpus: Corpus, clip: object) -> None:
        made.append(out.stem)
        out.touch()

    monkeypatch.setattr("style2talker.review.movie.write_movie", write)
    clips = {clip.clip_id: clip for clip in waiting(Corpus.open(str(drawn_corpus)), most=9)}
    movies = Movies(Corpus.open(str(drawn_corpus)), tmp_path)
    first = movies.path(clips["val1"])
    assert movies.path(clips["val1"]) == first
    assert made == ["val1"]
    assert len(clips) <= KEPT
    monkeypatch.setattr("style2talker.review.movie.KEPT", 2)
    for clip_id in ("val0", "train0"):
        movies.path(clips[clip_id])
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["train0", "val0"]


def test_the_command_names_the_card_that_the_corpus_was_made_from(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rewrite: Callable[..., Path]
) -> None:
    monkeypatch.chdir(tmp_path)
    footage = tmp_path / "my footage"
    footage.mkdir()
    (tmp_path / "data_cards").mkdir()
    rewrite(corpus, lambda kind, table: table, card=load_card(footage).describe(), profile="full")
    assert command_of(Corpus.open(str(corpus))).split(" --out")[0] == "style2talker build CARD"
    (corpus / "_work").mkdir()
    (corpus / "_work" / "owner.json").write_text(json.dumps({"name": "my footage", "root": str(footage)}))
    found = shlex.split(command_of(Corpus.open(str(corpus))))
    assert found == ["style2talker", "build", str(footage), "--out", str(corpus), "--profile", "full"]
    card = tmp_path / "data_cards" / "mine.yaml"
    card.write_text(yaml.safe_dump({"name": "mine", "root": str(footage), "licence": "CC0-1.0"}))
    rewrite(corpus, lambda kind, table: table, card=load_card(card).describe())
    assert shlex.split(command_of(Corpus.open(str(corpus))))[2] == "data_cards/mine.yaml"


@given(st.lists(st.tuples(st.floats(-2, 2), st.booleans()), min_size=1, max_size=40))
def test_a_curve_stays_in_its_plot_and_leaves_out_what_is_not_there(frames: list[tuple[float, bool]]) -> None:
    share_t = np.array([share for share, _ in frames])
    there_t = np.array([there for _, there in frames])
    lines = polylines(share_t, there_t, height_px=30)
    points = [tuple(map(float, point.split(","))) for line in lines for point in line.split()]
    assert all(0 <= x <= WIDTH_PX and 0 <= y <= 30 for x, y in points)
    runs = [len(list(group)) for there, group in itertools.groupby(there_t) if there]
    assert len(points) == sum(run for run in runs if run > 1)


def test_evidence_is_what_the_row_says(drawn_corpus: Path) -> None:
    session = session_of(drawn_corpus)
    row = session.row(session.clips[0])
    shown = evidence_of(row, height_px=30)
    together, face, voice, words = shown.witnesses
    assert (together.says, face.says, voice.says, words.says) == ("surprised", "surprised", "angry", "")
    assert voice.measures == (("arousal", "0.40"),)
    assert words.share_e is None
    heard = [("jitter_percent", -0.5), ("arousal", 0.25), ("pitch_hz", 181.25)]
    opinion = row["opinions"][1] | {"measures": [{"name": name, "value": value} for name, value in heard]}
    (_, told) = evidence_of(row | {"opinions": [opinion]}, height_px=30).witnesses
    assert told.measures == (("arousal", "0.25"), ("pitch", "181 Hz"), ("jitter", "−0.50 %"))
    assert [word.text for word in shown.words] == [word["word"] for word in row["words"]]
    assert all(word.x >= 0 and word.x + word.width <= WIDTH_PX + 2 for word in shown.words)
    marked = [piece.evidence for parts in shown.sentences for piece in parts if piece.evidence]
    assert marked == ["emotion: surprised"] * 5
    bare = evidence_of(row | {"opinions": None, "words": []}, height_px=30)  # a corpus of schema 2
    assert [witness.name for witness in bare.witnesses] == ["together"]

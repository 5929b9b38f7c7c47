"""Twin clips: drawn twice they are the same, and what is drawn is what the truth says."""

import numpy as np
import pytest

from style2talker.corpus.card import load_card
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.errors import UserError
from style2talker.face.geometry import project
from style2talker.face.landmarks import LandmarkTracker
from style2talker.face.model import EXPRESSION_NAMES, embedded
from style2talker.media.probe import probe
from style2talker.twin.acting import perform
from style2talker.twin.make import ClipSpec, corpus_specs, make_clip, write_corpus
from style2talker.twin.scene import SIZE_PX, Scene
from style2talker.twin.truth import SUFFIX, read_truth


@pytest.fixture(scope="module")
def clip():
    return make_clip(ClipSpec(identity=2, emotion="happy", level=3, sentence=12))


@pytest.fixture(scope="module")
def track(clip):
    with LandmarkTracker() as tracker:
        return tracker.track(clip.frames_thw3)


def face(**amounts: float) -> np.ndarray:
    expression_k = np.zeros(len(EXPRESSION_NAMES), np.float32)
    for name, amount in amounts.items():
        expression_k[EXPRESSION_NAMES.index(name)] = amount
    return expression_k


def test_sound_and_picture_have_the_same_length(clip):
    num_frames = len(clip.frames_thw3)
    assert clip.frames_thw3.shape == (num_frames, SIZE_PX, SIZE_PX, 3)
    assert len(clip.audio_n) == 640 * num_frames
    assert len(clip.truth.expression_tk) == num_frames
    assert 2.5 <= num_frames / 25 <= 5.5


def test_a_face_is_found_in_every_frame(track):
    assert track.found_t.all()
    assert (track.num_faces_t == 1).all()


def test_landmarks_are_found_where_the_truth_puts_them(clip, track):
    truth = clip.truth
    vertices_tv3 = embedded().shape(truth.identity_k, truth.expression_tk)
    expected_tv2 = project(vertices_tv3, truth.rotation_t3, truth.translation_t3)
    error_px = np.linalg.norm(track.landmarks_tl3[..., :2] - expected_tv2, axis=-1)
    assert error_px.mean() < 0.025 * SIZE_PX / 2


def test_the_mouth_seen_follows_the_mouth_drawn(clip, track):
    column = {name: k for k, name in enumerate(EXPRESSION_NAMES)}
    drawn_t = (
        clip.truth.expression_tk[:, column["jawOpen"]] - clip.truth.expression_tk[:, column["mouthClose"]]
    )
    seen_t = np.linalg.norm(track.landmarks_tl3[:, 13, :2] - track.landmarks_tl3[:, 14, :2], axis=1)
    assert np.corrcoef(drawn_t, seen_t)[0, 1] > 0.85
    assert track.blendshapes_tk[:, column["mouthSmileLeft"]].mean() > 0.3


def test_the_same_spec_gives_the_same_pixels(clip):
    spec = ClipSpec(identity=2, emotion="happy", level=3, sentence=12)
    again = make_clip(spec)
    np.testing.assert_array_equal(clip.frames_thw3, again.frames_thw3)
    np.testing.assert_array_equal(clip.audio_n, again.audio_n)


def test_another_seed_moves_the_head_otherwise(clip):
    scene = Scene(2)
    other = perform(
        clip.truth.transcript,
        emotion="happy",
        level=3,
        voice=scene.look.voice,
        jaw_reach_cm=scene.jaw_reach_cm,
        rng=np.random.default_rng((1, 2, 0)),
    )
    turn_t3 = clip.truth.rotation_t3 - scene.rest_rotation_3
    assert not np.allclose(turn_t3[:40], other.rotation_t3[:40], atol=0.01)


@pytest.mark.parametrize("identity", range(7))
def test_closed_lips_hide_the_mouth_and_an_open_jaw_shows_it(identity):
    scene = Scene(identity)
    pose = (scene.rest_rotation_3, scene.rest_translation_3)
    closed, opened = (scene.render(face(jawOpen=amount), *pose) for amount in (0.0, 0.9))
    changed_hw = np.abs(opened - closed).mean(-1) > 40
    assert 150 < changed_hw.sum() < 0.06 * SIZE_PX**2
    points_v2 = project(
        scene.model.shape(scene.identity_k, face(jawOpen=0.9)[None]), *(p[None] for p in pose)
    )
    x, y = np.rint(points_v2[0, [13, 14]].mean(0)).astype(int)
    assert opened[y, x].mean() < 0.75 * closed[y, x].mean()


def test_a_blink_covers_the_iris_with_skin():
    scene = Scene(0)
    pose = (scene.rest_rotation_3, scene.rest_translation_3)
    look = scene.render(face(), *pose)
    shut = scene.render(face(eyeBlinkLeft=1.0, eyeBlinkRight=1.0), *pose)
    iris = project(scene.model.shape(scene.identity_k, face()[None]), *(p[None] for p in pose))[0, [468, 473]]
    for x, y in np.rint(iris).astype(int):
        assert look[y, x].mean() < 70
        assert shut[y - 4, x].mean() > 90


def test_the_picture_has_no_hole_at_the_extremes_of_the_head():
    scene = Scene(3)
    for pitch, yaw, roll in ((6, 10, 5), (-6, -10, -5)):
        rotation_3 = scene.rest_rotation_3 + np.radians([pitch, yaw, roll])
        image = scene.render(face(), rotation_3, scene.rest_translation_3)
        # a hole would be black; the backdrop is bright along the upper border and at both sides
        assert image[:40, [0, -1]].min() > 25


def test_people_differ():
    pictures = []
    for identity in range(6):
        scene = Scene(identity)
        pictures.append(scene.render(face(), scene.rest_rotation_3, scene.rest_translation_3))
    middle = [picture[100:260, 80:240] for picture in pictures]
    for a in range(6):
        for b in range(a):
            assert np.abs(middle[a] - middle[b]).mean() > 12


def test_truth_survives_its_sidecar(clip, tmp_path):
    path = tmp_path / f"{clip.truth.name}{SUFFIX}"
    clip.truth.write(path)
    again = read_truth(path)
    assert again.name == "twin02_happy_3_000"
    assert again.action_units == clip.truth.action_units
    assert [word for word, _, _ in again.words] == again.transcript.rstrip(".").split()
    np.testing.assert_allclose(again.expression_tk, clip.truth.expression_tk, atol=1e-6)
    np.testing.assert_allclose(again.translation_t3, clip.truth.translation_t3, atol=1e-4)


def test_an_emotion_that_does_not_exist_is_named():
    with pytest.raises(UserError, match="bored"):
        make_clip(ClipSpec(identity=0, emotion="bored"))


def test_a_corpus_plan_holds_every_emotion_once_per_round():
    specs = corpus_specs(num_identities=2, clips_per_identity=16, seed=0)
    assert len({spec.name for spec in specs}) == 32
    for identity in range(2):
        names = [spec.emotion for spec in specs if spec.identity == identity]
        assert names == [*EMOTIONS, *EMOTIONS]


def test_a_corpus_is_the_same_bytes_twice_and_its_card_reads(tmp_path):
    arguments = {"num_identities": 2, "clips_per_identity": 1, "seed": 3}
    paths = write_corpus(tmp_path / "a", **arguments, workers=1)
    [path, _] = write_corpus(tmp_path / "b", **arguments, workers=2)
    assert len(list((tmp_path / "a").iterdir())) == 5
    for first in (tmp_path / "a").iterdir():
        assert first.read_bytes() == path.with_name(first.name).read_bytes()
    card = load_card(tmp_path / "a")
    assert card.licence == "CC0-1.0"
    assert (card.groups_of(paths[1].name) or {})["speaker"] == "twin01"
    assert card.split_of("twin01") == "val"
    assert card.split_of("twin00") == "train"
    truth = read_truth(paths[0].with_name(f"{paths[0].stem}{SUFFIX}"))
    groups = card.groups_of(paths[0].name) or {}
    assert card.emotion_of(groups["emotion"]) == truth.emotion
    assert card.level_of(groups["level"]) == truth.level
    info = probe(paths[0])
    assert (info.width_px, info.height_px, info.has_audio) == (SIZE_PX, SIZE_PX, True)
    assert info.video_rate_hz == pytest.approx(25)

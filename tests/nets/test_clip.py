"""CLIP's code path, on a tiny random model that is saved as the real ones are."""

from pathlib import Path

import numpy as np
import pytest

from style2talker.errors import UserError
from style2talker.nets.clip import Clip, assets_of, spread, weights_of

FRAMES = np.random.default_rng(0).integers(0, 255, (3, 64, 64, 3), np.uint8)
TEXTS = ["an angry face", "a calm face"]


@pytest.fixture(scope="module")
def tiny(tiny_models, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.save_clip(tmp_path_factory.mktemp("models") / "tiny-clip")


def test_pictures_and_texts_get_unit_vectors_that_are_their_own(tiny: Path) -> None:
    clip = Clip(str(tiny))
    frame_nd, text_md = clip.embed_frames(FRAMES), clip.embed_texts(TEXTS)
    assert frame_nd.shape == (3, 32)
    assert text_md.shape == (2, 32)
    for vectors in (frame_nd, text_md):
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
        assert not np.allclose(vectors[0], vectors[1], atol=1e-3)
    np.testing.assert_allclose(clip.embed_frames(FRAMES[1:2])[0], frame_nd[1], atol=1e-5)
    np.testing.assert_allclose(clip.similarity(FRAMES, TEXTS), (frame_nd @ text_md.T).mean(axis=0), atol=1e-6)


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
def test_openai_files_are_read_by_the_same_class(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenAI publishes TorchScript archives; their tensors have open_clip's names."""
    import open_clip
    import torch
    from safetensors.torch import load_file

    class Archive(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    archive = Archive()
    for name, tensor in load_file(tiny / "open_clip_model.safetensors").items():
        *path, leaf = name.split(".")
        parent: torch.nn.Module = archive
        for part in path:
            if not hasattr(parent, part):
                parent.add_module(part, torch.nn.Module())
            parent = getattr(parent, part)
        parent.register_parameter(leaf, torch.nn.Parameter(tensor.float(), requires_grad=False))
    torch.jit.script(archive).save(str(tmp_path / "model.pt"))
    monkeypatch.setattr("style2talker.nets.clip.resolve", lambda name: tmp_path / "model.pt")
    as_openai = Clip("clip-vit-b-32")
    directory = Clip(str(tiny))
    assert as_openai.scale == pytest.approx(directory.scale, rel=1e-3)
    assert as_openai.embed_texts(TEXTS).shape == directory.embed_texts(TEXTS).shape
    # OpenAI's models use a quick approximation of the same activation, and half precision files.
    cosine = (as_openai.embed_texts(TEXTS) * directory.embed_texts(TEXTS)).sum(axis=1)
    assert (cosine > 0.99).all()
    assert open_clip.get_pretrained_url("ViT-B-32", "openai").split("/")[-2] in _urls()


def _urls() -> str:
    from style2talker.weights.registry import ENTRIES

    return " ".join(url for file in ENTRIES["clip-vit-b-32"].files for url in file.urls)


def test_a_directory_is_known_by_the_bytes_of_its_files(tiny: Path, tmp_path: Path) -> None:
    assert weights_of("clip-vit-b-32") == ("clip-vit-b-32",)
    assert assets_of("clip-vit-b-32") == {}
    assert set(assets_of(str(tiny))) == {
        "tiny-clip/open_clip_config.json",
        "tiny-clip/open_clip_model.safetensors",
    }
    copy = tmp_path / "tiny-clip"
    copy.mkdir()
    for path in tiny.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    (copy / "README.md").write_text("how it was made")
    assert assets_of(str(copy)) == assets_of(str(tiny))
    (copy / "open_clip_config.json").write_text("{}")
    assert assets_of(str(copy)) != assets_of(str(tiny))


def test_what_is_no_model_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected clip-vit-b-32"):
        Clip("clip-vit-b-23")
    with pytest.raises(UserError, match=r"holds no open_clip_config\.json and no open_clip_model"):
        Clip(str(tmp_path))
    (tmp_path / "open_clip_model.safetensors").write_bytes(b"")
    (tmp_path / "open_clip_config.json").write_text("{}")
    with pytest.raises(UserError, match="open_clip cannot read it"):
        Clip(str(tmp_path))


def test_looks_are_spread_over_the_clip() -> None:
    assert spread(80, 8).tolist() == [5, 15, 25, 35, 45, 55, 65, 75]
    assert spread(3, 8).tolist() == [0, 1, 2]
    assert spread(0, 8).tolist() == []

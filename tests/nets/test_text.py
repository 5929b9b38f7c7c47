"""Sentences that mean the same lie close, and a sentence's vector is its own."""

from pathlib import Path

import numpy as np
import pytest

from style2talker.errors import UserError
from style2talker.nets.text import TextEncoder


@pytest.fixture(scope="module")
def encode() -> TextEncoder:
    try:
        return TextEncoder()
    except UserError as error:
        pytest.skip(f"no text encoder: {error}")


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A sentence encoder of the same architecture, random and small, so that no download is needed."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "she", "looks", "angry", "calm"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=12,
    )
    BertModel(config).save_pretrained(tmp_path)
    return tmp_path


def test_any_bert_sentence_model_loads(tiny: Path) -> None:
    encode = TextEncoder(tiny)
    vector_nd = encode(["she looks angry", "she looks calm"])
    assert encode.dim == 16
    assert vector_nd.shape == (2, 16)
    assert not np.allclose(vector_nd[0], vector_nd[1])


def test_vectors_have_unit_length(tiny: Path) -> None:
    sentences = ["", "she", "she looks angry " * 100, "unheard of"]
    np.testing.assert_allclose(np.linalg.norm(TextEncoder(tiny)(sentences), axis=1), 1, rtol=1e-5)


def test_padding_changes_the_last_bits_only(tiny: Path) -> None:
    sentences = ["", "she", "she looks angry", "she looks calm she looks angry"]
    encode = TextEncoder(tiny)
    np.testing.assert_allclose(encode(sentences, together=True), encode(sentences), atol=1e-6)
    assert encode([], together=True).shape == (0, 16)


def test_a_sentence_does_not_depend_on_its_company(tiny: Path) -> None:
    encode = TextEncoder(tiny)
    together = encode(["she", "she looks angry", "she looks calm and angry"])
    alone = np.concatenate([encode([s]) for s in ("she", "she looks angry", "she looks calm and angry")])
    np.testing.assert_array_equal(together, alone)


def test_no_sentences(tiny: Path) -> None:
    assert TextEncoder(tiny)([]).shape == (0, 16)


def test_a_directory_without_a_model_is_a_bad_call(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"config\.json"):
        TextEncoder(tmp_path)


def test_the_same_feeling_in_other_words_is_nearer_than_another(encode: TextEncoder) -> None:
    angry, furious, happy = encode(
        [
            "She looks angry, with her brows pulled down.",
            "A furious woman lowers her eyebrows.",
            "He smiles, cheerful and happy.",
        ]
    )
    assert encode.dim == 384
    assert angry @ furious > max(angry @ happy, furious @ happy) + 0.1


def test_it_is_the_published_model(encode: TextEncoder) -> None:
    """The similarity that the model's authors print for their own example sentences is 0.6660."""
    vector_nd = encode(["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."])
    similarity = vector_nd @ vector_nd.T
    assert similarity[0, 1] == pytest.approx(0.6660, abs=2e-3)
    assert similarity[0, 2] == pytest.approx(0.1046, abs=2e-3)

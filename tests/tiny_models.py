"""Models of the real ones' architectures, random and tiny, saved as publishers save theirs."""

import json
from pathlib import Path

CHAT_TEMPLATE = """{% for m in messages %}<|im_start|>{{ m['role'] }}
{% for c in m['content'] %}{% if c['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>\
{% else %}{{ c['text'] }}{% endif %}{% endfor %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
_QWEN_SPECIALS = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"),
    *("<|image_pad|>", "<|video_pad|>"),
)
CLIP_CONFIG = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 1},
}


def save_clip(directory: Path) -> Path:
    """A directory as open_clip makes it, of an architecture that `add_model_config` makes known."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    config = directory / "tiny-clip.json"
    directory.mkdir(parents=True)
    config.write_text(json.dumps(CLIP_CONFIG))
    open_clip.add_model_config(config)
    torch.manual_seed(0)
    model = open_clip.create_model("tiny-clip")
    save_file(model.state_dict(), directory / "open_clip_model.safetensors")
    preprocess = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bicubic"}
    (directory / "open_clip_config.json").write_text(
        json.dumps({"model_cfg": CLIP_CONFIG, "preprocess_cfg": preprocess})
    )
    config.unlink()
    return directory


def save_qwen2_vl(directory: Path) -> Path:
    """A Qwen2-VL with a byte-level tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import (
        PreTrainedTokenizerFast,
        Qwen2VLConfig,
        Qwen2VLForConditionalGeneration,
        Qwen2VLImageProcessor,
        Qwen2VLProcessor,
        Qwen2VLVideoProcessor,
    )

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=list(_QWEN_SPECIALS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["the person looks angry, sad or happy"], trainer)
    token = {name: tokenizer.token_to_id(name) for name in _QWEN_SPECIALS}
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=_QWEN_SPECIALS[0], eos_token=_QWEN_SPECIALS[2]
    )
    Qwen2VLProcessor(
        image_processor=Qwen2VLImageProcessor(min_pixels=28 * 28, max_pixels=56 * 56),
        tokenizer=fast,
        video_processor=Qwen2VLVideoProcessor(),
        chat_template=CHAT_TEMPLATE,
    ).save_pretrained(directory)
    text = {
        "vocab_size": len(fast),
        "hidden_size": 32,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0},
        "bos_token_id": token["<|endoftext|>"],
        "eos_token_id": token["<|im_end|>"],
    }
    vision = {
        "depth": 1,
        "embed_dim": 16,
        "hidden_size": 32,
        "num_heads": 2,
        "mlp_ratio": 2,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
    }
    torch.manual_seed(0)
    config = Qwen2VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=token["<|image_pad|>"],
        video_token_id=token["<|video_pad|>"],
        vision_start_token_id=token["<|vision_start|>"],
        vision_end_token_id=token["<|vision_end|>"],
    )
    Qwen2VLForConditionalGeneration(config).save_pretrained(directory)
    return directory


def save_blip(directory: Path) -> Path:
    """A BLIP with a vocabulary of a dozen words."""
    import torch
    from transformers import (
        BertTokenizerFast,
        BlipConfig,
        BlipForConditionalGeneration,
        BlipImageProcessor,
        BlipProcessor,
    )

    names = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[DEC]")
    words = (*names, *("a", "close", "-", "up", "of", "person", "whose", "face", "looks", "angry", "calm"))
    layer = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    special = {"pad_token_id": 0, "sep_token_id": 3, "eos_token_id": 3, "bos_token_id": 4}
    BlipProcessor(
        image_processor=BlipImageProcessor(size={"height": 32, "width": 32}),
        tokenizer=BertTokenizerFast(vocab={word: i for i, word in enumerate(words)}),
    ).save_pretrained(directory)
    torch.manual_seed(0)
    config = BlipConfig(
        text_config={**layer, **special, "vocab_size": len(words), "encoder_hidden_size": 16},
        vision_config={**layer, "image_size": 32, "patch_size": 16},
    )
    BlipForConditionalGeneration(config).save_pretrained(directory)
    return directory


def save_whisper(directory: Path, *, seed: int = 0) -> Path:
    """A multilingual Whisper of three languages with a byte-level tokenizer."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import (
        GenerationConfig,
        PreTrainedTokenizerFast,
        WhisperConfig,
        WhisperFeatureExtractor,
        WhisperForConditionalGeneration,
    )

    specials = (
        *("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|de|>", "<|fr|>", "<|translate|>"),
        *("<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"),
        *(f"<|{step / 50:.2f}|>" for step in range(1501)),
    )
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(["bin blue at f two now, place red by k seven please"], trainer)
    tokenizer.add_special_tokens(list(specials))  # behind the words, as Whisper has them
    token = {name: tokenizer.token_to_id(name) for name in specials}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=specials[0]).save_pretrained(directory)
    WhisperFeatureExtractor().save_pretrained(directory)
    end, start = token["<|endoftext|>"], token["<|startoftranscript|>"]
    sizes = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 2, "vocab_size": end + len(specials)}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    widths = {"encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "max_target_positions": 24}
    ends = {"bos_token_id": end, "eos_token_id": end, "pad_token_id": end, "decoder_start_token_id": start}
    torch.manual_seed(seed)
    model = WhisperForConditionalGeneration(WhisperConfig(**sizes, **heads, **widths, **ends, init_std=0.5))
    model.generation_config = GenerationConfig(
        **ends,
        is_multilingual=True,
        lang_to_id={name: token[name] for name in specials[2:5]},
        task_to_id={"translate": token["<|translate|>"], "transcribe": token["<|transcribe|>"]},
        no_timestamps_token_id=token["<|notimestamps|>"],
        suppress_tokens=[*range(end + 1, end + len(specials))],
        begin_suppress_tokens=[end],
        alignment_heads=[[1, 0], [1, 1]],
        max_length=24,
        return_timestamps=False,
    )
    model.save_pretrained(directory)
    return directory


def save_llama(directory: Path, *, prompt: str, answer: str, steps: int = 150, chats: bool = True) -> Path:
    """A causal language model with a tokenizer of the prompt's words, and a chat template if it `chats`.

    After `steps` of training it gives `answer` to `prompt` by heart; with none its weights are random.
    """
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)
    asked = f"user:\n{prompt}\nassistant:\n" if chats else prompt
    words = {word for word, _ in byte_level.pre_tokenize_str(f"{asked}{answer}")}
    tokens = ["[PAD]", "[UNK]", "[EOS]", *sorted(words)]
    tokenizer = Tokenizer(models.WordLevel({token: i for i, token in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer, tokenizer.decoder = byte_level, decoders.ByteLevel()
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", eos_token="[EOS]", pad_token="[PAD]"
    )
    if chats:
        turn = "{% for m in messages %}{{ m['role'] }}:\n{{ m['content'] }}\n{% endfor %}"
        wrapped.chat_template = turn + "{% if add_generation_prompt %}assistant:\n{% endif %}"
    sizes = {"hidden_size": 48, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    ends = {"eos_token_id": 2, "pad_token_id": 0, "bos_token_id": None}
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(vocab_size=len(tokens), max_position_embeddings=512, **sizes, **ends)
    )
    question = wrapped(asked)["input_ids"]
    token_1l = torch.tensor([[*question, *wrapped(answer)["input_ids"], 2]])
    label_1l = token_1l.clone()
    label_1l[:, : len(question)] = -100
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(steps):
        loss = model(input_ids=token_1l, labels=label_1l).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss < 0.02:
            break
    model.save_pretrained(directory)
    wrapped.save_pretrained(directory)
    return directory

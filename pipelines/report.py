"""The data card, generated from the data: README.md in the Hugging Face form, and card.html to look at."""

from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import yaml
from jinja2 import Environment, FunctionLoader, StrictUndefined

from pipelines import fit_sheet, statistics
from pipelines.statistics import Statistics, bars, gather, histogram
from style2talker.corpus.manifest import Manifest
from style2talker.corpus.reader import Corpus
from style2talker.corpus.schema import SCHEMA_VERSION
from style2talker.corpus.uri import Store

_HUB_LICENCES = {
    "Apache-2.0": "apache-2.0", "MIT": "mit", "CC0-1.0": "cc0-1.0", "CC-BY-4.0": "cc-by-4.0",
    "CC-BY-SA-4.0": "cc-by-sa-4.0", "CC-BY-NC-4.0": "cc-by-nc-4.0", "CC-BY-NC-SA-4.0": "cc-by-nc-sa-4.0",
    "unknown": "unknown",
}  # fmt: skip
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_MOST_ROWS = 200


def write_report(store: Store, manifest: Manifest) -> dict[str, str]:
    """README.md and card.html as texts. The same corpus gives the same texts."""
    corpus = Corpus(store=store, manifest=manifest)
    result = gather(corpus)
    values = _values(manifest, result)
    return {
        "README.md": _environment(escape=False).get_template("README.md.j2").render(values),
        "card.html": _environment(escape=True).get_template("card.html.j2").render(values),
    }


@cache  # templates are compiled once
def _environment(*, escape: bool) -> Environment:
    folder = files("pipelines") / "templates"
    return Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        autoescape=escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _values(manifest: Manifest, result: Statistics) -> dict[str, Any]:
    num_bytes = sum(shard.bytes for shard in manifest.shards)
    error_percent = [100 * error for error in result.fit_errors]
    return {
        "manifest": manifest,
        "card": manifest.card,
        "schema_version": SCHEMA_VERSION,
        "front_matter": front_matter(manifest, result),
        "result": result,
        "megabytes": num_bytes / 1e6,
        "num_speakers": len(result.speakers),
        "num_rejects": len(result.reject_rows),
        "coverage": coverage_text(manifest),
        "licence": licence_text(manifest, result),
        "commercial_use": _allowed(result.num_commercial, result, by_card=manifest.card["commercial_use"]),
        "redistribution": _allowed(
            result.num_redistributable, result, by_card=manifest.card.get("redistribution", False)
        ),
        "consent": "; ".join(sorted(result.consents)) or manifest.card["consent"],
        "fit_error": float(np.median(result.fit_errors)) if result.fit_errors else None,
        "emotions": statistics.emotion_bars(result),
        "levels": statistics.level_bars(result),
        "units": _unit_rows(result),
        "durations": histogram(result.durations_s, range(2, 11), [f"{n}-{n + 1} s" for n in range(2, 10)]),
        "fit_errors": histogram(
            error_percent,
            [0, 1, 1.5, 2, 2.5, 3, 4, 8],
            ["<1", "1-1.5", "1.5-2", "2-2.5", "2.5-3", "3-4", ">4"],
        ),
        "strip": {
            "width": fit_sheet.STRIP_WIDTH,
            "height": fit_sheet.STRIP_HEIGHT,
            "good": fit_sheet.strip_y(1),
            "doubtful": fit_sheet.strip_y(3),
        },
        "speakers": bars(sorted(result.speakers.items(), key=lambda item: (-item[1], item[0]))[:20]),
        "splits": _split_rows(result),
        "rejects": bars(_by_kind(result)),
        "reject_rows": result.reject_rows[:_MOST_ROWS],
        "explorer": result.explorer.data(),
    }


def coverage_text(manifest: Manifest) -> str:
    """How much of what should be there is there, and how much was taken out on request."""
    count = manifest.coverage
    if not count:
        return "How many files there should be was not recorded."
    said = f"{count['found']} files were found, {count['unreadable']} of them cannot be read; "
    if count["expected"] is None:
        said += "how many there should be is not known."
    else:
        said += f"{count['expected']} are expected, {count['missing']} are missing."
    said += " sources-*.parquet lists every recording that was used, by the hash of its bytes."
    if forgotten := sum(shard.rows for shard in manifest.of_kind("forgotten")):
        said += f" {forgotten} people or recordings are kept out on request (forgotten.json, hashes only)."
    return said


def licence_text(manifest: Manifest, result: Statistics) -> str:
    """The licences of the clips, which single files may have of their own; without clips, the card's."""
    return ", ".join(sorted(result.licences)) or manifest.card["licence"]


def _allowed(count: int, result: Statistics, *, by_card: bool) -> str:
    """For how many clips something is allowed: the rows say it, not the card."""
    num_clips = sum(result.licences.values())
    if not num_clips:
        return "yes" if by_card else "no"
    if count in (0, num_clips):
        return "yes" if count else "no"
    return f"{count} of {num_clips} clips"


def front_matter(manifest: Manifest, result: Statistics) -> str:
    """The YAML head that dataset hubs read: licence, size, and which files are which split."""
    licence = licence_text(manifest, result)
    known = _HUB_LICENCES.get(licence)
    splits = [name for name in ("train", "val", "test") if result.splits[name]]
    languages = sorted(name for name in result.languages if name != "none")
    head: dict[str, Any] = {
        "pretty_name": manifest.name,
        "license": known or "other",
        **({} if known else {"license_name": licence}),
        **({"language": languages} if languages else {}),
        "task_categories": ["text-to-video", "automatic-speech-recognition", "video-classification"],
        "tags": ["talking-head", "emotion", "action-units", "face", "style2talker"],
        "size_categories": [next((name for edge, name in _SIZES if manifest.num_clips < edge), "n>1M")],
        "configs": [
            {
                "config_name": kind,
                **({"default": True} if kind == "clips" else {}),
                "data_files": [{"split": name, "path": f"{kind}/{name}-*.parquet"} for name in splits],
            }
            for kind in ("clips", "frames")
        ],
    }
    return yaml.safe_dump(head, sort_keys=False, allow_unicode=True).strip()


def _by_kind(result: Statistics) -> list[tuple[str, int]]:
    ordered = sorted(result.rejects.items(), key=lambda item: (-item[1], item[0]))
    return [(f"{stage}: {kind.replace('_', ' ')}", count) for (stage, kind), count in ordered]


def _unit_rows(result: Statistics) -> list[dict[str, Any]]:
    """Action units by FACS number with their clips at each level."""
    totals: dict[tuple[int, str], dict[str, int]] = {}
    for (unit, name, level), count in result.units.items():
        totals.setdefault((unit, name), {"low": 0, "middle": 0, "high": 0})[level] += count
    longest = max((sum(levels.values()) for levels in totals.values()), default=1)
    return [
        {"label": f"AU{unit} {name}", "total": sum(levels.values()), "longest": longest, **levels}
        for (unit, name), levels in sorted(totals.items())
    ]


def _split_rows(result: Statistics) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "clips": result.splits[name],
            "speakers": len(result.speakers_by_split[name]),
            "seconds": float(result.seconds_by_split[name]),
        }
        for name in ("train", "val", "test")
        if result.splits[name]
    ]

"""What made two corpora differ: versions, settings, models and libraries of stages, and the card's words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from style2talker.corpus.manifest import Manifest, StageEntry, canonical_json

CARD = "card"
_PROGRAM = ("schema_version", "made_with", "profile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is not the same in the two manifests.

    Attributes:
        stage: name of the stage, or `card`, or `corpus` for what holds for all of it.
        part: version, config, weights, library, stage (it came or went), or value for card and corpus.
        name: which setting, model, library or key; empty for version and stage.
        old, new: both as JSON, "" where there is none.
    """

    stage: str
    part: str
    name: str = ""
    old: str = ""
    new: str = ""

    def __str__(self) -> str:
        what = " ".join(
            word for word in (self.stage, "" if self.part == "value" else self.part, self.name) if word
        )
        return f"{what}: {_short(self.old)} -> {_short(self.new)}"


def recipe_changes(old: Manifest, new: Manifest) -> tuple[Change, ...]:
    """Every difference in what the two were made with: the program, stages in their order, then the card."""
    entries = [{entry.name: entry for entry in manifest.stages} for manifest in (old, new)]
    configs = [manifest.config.get("stages", {}) for manifest in (old, new)]
    changes: list[Change] = []
    for name in dict.fromkeys([*entries[1], *entries[0]]):
        before, after = entries[0].get(name), entries[1].get(name)
        if before is None or after is None:
            said = ["present" if entry else "" for entry in (before, after)]
            changes.append(Change(stage=name, part="stage", old=said[0], new=said[1]))
        elif before != after:
            changes += _stage_changes(before, after, *(config.get(name, {}) for config in configs))
    programs = [{name: getattr(manifest, name) for name in _PROGRAM} for manifest in (old, new)]
    return (
        *_differences("corpus", "value", *programs),
        *changes,
        *_differences(CARD, "value", old.card, new.card),
    )


def _stage_changes(
    old: StageEntry, new: StageEntry, old_config: Mapping[str, Any], new_config: Mapping[str, Any]
) -> list[Change]:
    changes = [
        *_differences(old.name, "version", {"": old.version}, {"": new.version}),
        *_differences(old.name, "config", old_config, new_config),
        *_differences(old.name, "weights", old.weights, new.weights),
        *_differences(old.name, "library", old.libraries, new.libraries),
    ]
    if old.config_sha256 != new.config_sha256 and not any(change.part == "config" for change in changes):
        changes += _differences(old.name, "config", {"": old.config_sha256}, {"": new.config_sha256})
    return changes


def _differences(stage: str, part: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        values = [canonical_json(side[name]) if name in side else "" for side in (old, new)]
        if values[0] != values[1]:
            yield Change(stage=stage, part=part, name=name, old=values[0], new=values[1])


def _short(value: str) -> str:
    value = value.strip('"') or "none"
    is_hash = len(value) == 64 and not set(value) - set("0123456789abcdef")
    return value[:8] if is_hash else value if len(value) <= 40 else f"{value[:37]}..."

"""A data card: what a corpus is made from. A small YAML file beside the footage, or just a directory."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from style2talker.corpus.splits import DEFAULT_FRACTIONS, SPLITS, split_of
from style2talker.errors import UserError

CARD_NAME = "card.yaml"
VIDEO_SUFFIXES = (
    ".3gp", ".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4",
    ".mpeg", ".mpg", ".mts", ".ogv", ".ts", ".webm", ".wmv",
)  # fmt: skip
NOT_FOR = (
    "identifying, impersonating or deceiving anyone",
    "making a person appear to say or do what they did not, without that person's consent",
    "surveillance, or decisions about people from their inferred emotion",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One corpus: where the footage lies, who may use it, and how its paths name speaker and emotion."""

    name: str
    """Short name; a corpus directory belongs to one name."""
    root: Path
    """Directory of the footage; a relative one is taken from the card's own folder."""
    glob: str | None = None
    """Which files below root; without it every file with a video suffix."""
    licence: str = "unknown"
    commercial_use: bool = False
    consent: str = "unknown"
    """What the people shown agreed to, in a few words."""
    speaker: str | None = None
    """Regular expression on the relative path: group `speaker` or the first; without it, the file's stem."""
    emotion: str | None = None
    """Regular expression on the relative path: group `emotion` or the first, and maybe a group `level`."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """The dataset's emotion words to ours."""
    splits: Mapping[str, Any] = field(default_factory=lambda: dict(DEFAULT_FRACTIONS))
    """Shares (`train: 0.8`), or lists of speakers (`test: [S5]`) with everyone else in train."""
    citation: str = ""
    must_not_be_used_for: tuple[str, ...] = NOT_FOR

    def describe(self) -> dict[str, Any]:
        """Everything but the root's place on this machine: what the card's hash is taken of."""
        return {
            f.name: list(value) if isinstance(value := getattr(self, f.name), tuple) else value
            for f in fields(self)
            if f.name != "root"
        }

    def speaker_of(self, source_uri: str) -> str:
        if self.speaker is None:
            return PurePosixPath(source_uri).stem
        found = re.search(self.speaker, source_uri)
        named = None if found is None else _group(found, "speaker")
        return named or PurePosixPath(source_uri).stem

    def emotion_of(self, source_uri: str) -> tuple[str | None, int | None]:
        """The dataset's own label in our words and its level; None where the path does not say."""
        found = re.search(self.emotion, source_uri) if self.emotion else None
        raw = None if found is None else _group(found, "emotion")
        if found is None or raw is None:
            return None, None
        level = found.groupdict().get("level")
        return self.labels.get(raw, raw), int(level) if level and level.isdigit() else None

    def split_of(self, speaker: str) -> str:
        named = {name: who for name, who in self.splits.items() if isinstance(who, list)}
        if not named:
            return split_of(speaker, self.splits)
        return next((name for name, who in named.items() if speaker in who), "train")


def load_card(path: str | Path) -> Card:
    """Read a card file, a directory with `card.yaml`, or a bare directory of videos.

    Raises:
        UserError: nothing there, bad YAML, an unknown key (the nearest key is named), a wrong value.
    """
    place = Path(path).expanduser()
    if "://" in str(path):
        raise UserError(
            f"{path} is remote; footage is read from a local or mounted directory, only --out may be remote."
        )
    if not place.exists():
        raise UserError(f"{path} does not exist; give a data card (.yaml) or a directory of videos.")
    if place.is_dir():
        inside = place / CARD_NAME
        if not inside.is_file():
            return Card(name=place.resolve().name, root=place.resolve())
        place = inside
    try:
        data = yaml.safe_load(place.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = str(error).replace("\n", " ")
        raise UserError(
            f"{path} is not a data card in YAML ({reason}); see data_cards/ for examples."
        ) from error
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    if not isinstance(data, dict):
        raise UserError(
            f"{path} is not a data card: it must be a YAML mapping with at least `name` and `root`."
        )
    return parse_card(data, folder=place.resolve().parent, source=str(path))


def parse_card(data: Mapping[str, Any], *, folder: Path, source: str) -> Card:
    """A card from its mapping; `folder` is where a relative root starts."""
    known = [f.name for f in fields(Card)]
    for key in data:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1, cutoff=0.0)[0]
            raise UserError(f"{source} has the unknown key {key!r}; the nearest known key is {near!r}.")
    values = {"root": ".", **{key: value for key, value in data.items() if value is not None}}
    for key, kind in _KINDS.items():
        if key in values and not isinstance(values[key], kind):
            wanted = " or ".join(t.__name__ for t in (kind if isinstance(kind, tuple) else (kind,)))
            raise UserError(f"{source}: {key} is {values[key]!r}, expected {wanted}.")
    if not values.get("name"):
        raise UserError(f"{source} has no name; add a line such as `name: my-corpus`.")
    root = (folder / Path(values["root"]).expanduser()).resolve()
    if not root.is_dir():
        raise UserError(f"{source}: root {values['root']!r} is not a directory (looked at {root}).")
    pattern = values.get("glob")
    if pattern is not None and (pattern.startswith("/") or ".." in PurePosixPath(pattern).parts):
        raise UserError(
            f"{source}: glob {pattern!r} leaves the root; use a pattern below it such as '**/*.mp4'."
        )
    for key in ("speaker", "emotion"):
        _check_pattern(values.get(key), key, source)
    _check_labels(values.get("labels", {}), source)
    _check_splits(values.get("splits", {}), source)
    values["root"] = root
    values["must_not_be_used_for"] = tuple(values.get("must_not_be_used_for", NOT_FOR))
    return Card(**values)


_KINDS: dict[str, Any] = {
    "name": str, "root": str, "glob": str, "licence": str, "commercial_use": bool, "consent": str,
    "speaker": str, "emotion": str, "labels": dict, "splits": dict, "citation": str,
    "must_not_be_used_for": (list, tuple),
}  # fmt: skip


def _check_pattern(pattern: str | None, key: str, source: str) -> None:
    if pattern is None:
        return
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UserError(f"{source}: {key} {pattern!r} is not a regular expression ({error}).") from error
    if compiled.groups == 0:
        raise UserError(
            f"{source}: {key} {pattern!r} has no group; put the part that is the {key} in brackets."
        )


def _check_labels(labels: Mapping[Any, Any], source: str) -> None:
    for word in (*labels, *labels.values()):
        if not isinstance(word, str):
            raise UserError(
                f"{source}: labels has {word!r}, expected words; put it in quotes as the path has it."
            )


def _check_splits(splits: Mapping[str, Any], source: str) -> None:
    for name, share in splits.items():
        if name not in SPLITS:
            raise UserError(f"{source}: there is no split {name!r}; use {', '.join(SPLITS)}.")
        if not isinstance(share, list | int | float) or isinstance(share, bool):
            raise UserError(
                f"{source}: split {name} is {share!r}, expected a share such as 0.1 or a list of speakers."
            )
        for speaker in share if isinstance(share, list) else ():
            if not isinstance(speaker, str):
                raise UserError(
                    f"{source}: split {name} names the speaker {speaker!r}, expected a word; put it in "
                    "quotes as the path has it."
                )
    shares = [share for share in splits.values() if not isinstance(share, list)]
    if shares and len(shares) < len(splits):
        raise UserError(f"{source}: splits mix shares and lists of speakers; use one of the two.")
    if shares and (min(shares) < 0 or abs(sum(shares) - 1) > 1e-6):
        raise UserError(f"{source}: the shares of the splits sum to {sum(shares):g}, expected 1.")


def _group(found: re.Match[str], name: str) -> str | None:
    """The named group or the first; None where it is an optional one that took no part."""
    return found.groupdict().get(name) or found.group(1)

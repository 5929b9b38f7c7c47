"""What a data card's values may be. A wrong one is a sentence: the card, the key and the way out."""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from string import Formatter
from typing import Any

from style2talker.corpus.splits import SPLITS
from style2talker.emotion.taxonomy import EMOTIONS, LEVELS
from style2talker.errors import UserError

LEAKS = ("speaker", "source", "audio", "face")
SYNC = ("keep", "gate", "shift")
EXCLUDED = "the card excludes it"

_TEXTS = (
    "name", "root", "reader", "glob", "annotations", "labels_file", "labels_path", "licence", "consent",
    "citation", "sync",
)  # fmt: skip
_KINDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(_TEXTS, str),
    **dict.fromkeys(("commercial_use", "redistribution"), bool),
    **dict.fromkeys(("same_speaker", "codes", "labels", "levels", "splits"), dict),
    **dict.fromkeys(("layout", "audio"), (str, list, tuple)),
    **dict.fromkeys(("allow_leaks", "must_not_be_used_for"), (list, tuple)),
    "exclude": (dict, list),
    "expected": (dict, int),
    "num_partitions": int,
}


def check_values(data: Mapping[Any, Any], *, known: Sequence[str], source: str) -> dict[str, Any]:
    """The values of a card in their final types; keys without a value are left out.

    Raises:
        UserError: an unknown key (the nearest key is named) or a wrong value.
    """
    for key in data:
        if key not in known:
            near = nearest(str(key), known)
            raise UserError(f"{source} has the unknown key {key!r}; the nearest known key is {near!r}.")
    values = {key: value for key, value in data.items() if value is not None}
    for key, value in values.items():
        kind = _KINDS[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            wanted = " or ".join(t.__name__ for t in (kind if isinstance(kind, tuple) else (kind,)))
            raise UserError(f"{source}: {key} is {value!r}, expected {wanted}.")
    if not values.get("name"):
        raise UserError(f"{source} has no name; add a line such as `name: my-corpus`.")
    for key, check in _CHECKS.items():
        if key in values:
            values[key] = check(values[key], f"{source}: {key}")
    return values


def nearest(word: str, known: Sequence[str]) -> str:
    return difflib.get_close_matches(word, known, n=1, cutoff=0.0)[0]


def _below_root(value: str, where: str) -> str:
    if value.startswith("/") or ".." in PurePosixPath(value).parts:
        raise UserError(f"{where} {value!r} leaves the root; use a pattern below it such as '**/*.mp4'.")
    return value


def _layout(value: str | Sequence[str], where: str) -> tuple[str, ...]:
    for pattern in (patterns := _texts(value, where)):
        try:
            re.compile(pattern)
        except re.error as error:
            raise UserError(f"{where} {pattern!r} is not a regular expression ({error}).") from error
    return patterns


def _templates(value: str | Sequence[str], where: str) -> tuple[str, ...]:
    return tuple(_template(text, where) for text in _texts(value, where))


def _template(value: str, where: str) -> str:
    try:
        named = [name for _, name, _, _ in Formatter().parse(value) if name is not None]
    except ValueError as error:
        raise UserError(f"{where} {value!r} is not a template ({error}).") from error
    if not all(re.fullmatch(r"\w+", name) for name in named):
        raise UserError(f"{where} {value!r} is not a template; a group or a column is written as {{name}}.")
    return _below_root(value, where)


def _texts(value: str | Sequence[Any], where: str) -> tuple[str, ...]:
    texts = (value,) if isinstance(value, str) else tuple(value)
    for text in texts:
        if not isinstance(text, str):
            raise UserError(f"{where} has {text!r}, expected words; put it in quotes.")
    return texts


def _exclude(value: Mapping[Any, Any] | Sequence[Any], where: str) -> dict[str, str]:
    reasons = dict.fromkeys(value, EXCLUDED) if isinstance(value, list) else dict(value)
    _texts([*reasons, *reasons.values()], where)
    return {_below_root(glob, where): reason for glob, reason in reasons.items()}


def _expected(value: Mapping[Any, Any] | int, where: str) -> dict[str, int]:
    counts = {"**": value} if isinstance(value, int) else value
    for glob, count in counts.items():
        if not isinstance(glob, str) or not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise UserError(f"{where} has {glob!r}: {count!r}, expected a glob and a number of files.")
        _below_root(glob, where)
    return dict(counts)


def _words(value: Mapping[Any, Any], where: str) -> dict[str, str]:
    for word in (*value, *value.values()):
        if not isinstance(word, str):
            raise UserError(f"{where} has {word!r}, expected words; put it in quotes as the path has it.")
    return dict(value)


def _labels(value: Mapping[Any, Any], where: str) -> dict[str, str]:
    for word, emotion in _words(value, where).items():
        if emotion not in EMOTIONS:
            raise UserError(
                f"{where} maps {word!r} to {emotion!r}, which is no emotion of ours; the nearest is "
                f"{nearest(emotion, EMOTIONS)!r}. Leave a word out to keep it as it is."
            )
    return dict(value)


def _levels(value: Mapping[Any, Any], where: str) -> dict[str, int]:
    for word, level in value.items():
        if not isinstance(word, str) or isinstance(level, bool) or level not in LEVELS:
            raise UserError(f"{where} has {word!r}: {level!r}, expected a word in quotes and 1, 2 or 3.")
    return dict(value)


def _splits(value: Mapping[Any, Any], where: str) -> dict[str, Any]:
    for name, share in value.items():
        if name not in SPLITS:
            raise UserError(f"{where}: there is no split {name!r}; use {', '.join(SPLITS)}.")
        if not isinstance(share, list | int | float) or isinstance(share, bool):
            raise UserError(
                f"{where}: {name} is {share!r}, expected a share such as 0.1 or a list of speakers."
            )
        for speaker in share if isinstance(share, list) else ():
            if not isinstance(speaker, str):
                raise UserError(
                    f"{where}: {name} names the speaker {speaker!r}, expected a word; put it in quotes as "
                    "the path has it."
                )
    listed = [speaker for share in value.values() if isinstance(share, list) for speaker in share]
    if twice := sorted({speaker for speaker in listed if listed.count(speaker) > 1}):
        raise UserError(f"{where}: {twice[0]!r} is named twice; a speaker is in one split.")
    shares = [share for share in value.values() if not isinstance(share, list)]
    if shares and (min(shares) < 0 or abs(sum(shares) - 1) > 1e-6):
        raise UserError(f"{where}: the shares sum to {sum(shares):g}, expected 1.")
    return dict(value)


def _leaks(value: Sequence[Any], where: str) -> tuple[str, ...]:
    for kind in _texts(value, where):
        if kind not in LEAKS:
            raise UserError(f"{where} has {kind!r}; the nearest kind of leak is {nearest(kind, LEAKS)!r}.")
    return tuple(value)


def _sync(value: str, where: str) -> str:
    if value not in SYNC:
        known = ", ".join(SYNC)
        raise UserError(f"{where} is {value!r}; the nearest of {known} is {nearest(value, SYNC)!r}.")
    return value


def _positive(value: int, where: str) -> int:
    if value < 1:
        raise UserError(f"{where} is {value}, expected 1 or more.")
    return value


_CHECKS: dict[str, Callable[[Any, str], Any]] = {
    "glob": _below_root, "annotations": _below_root, "labels_file": _below_root, "labels_path": _template,
    "layout": _layout, "audio": _templates, "exclude": _exclude, "expected": _expected, "codes": _words,
    "same_speaker": _words,
    "labels": _labels, "levels": _levels, "splits": _splits, "allow_leaks": _leaks,
    "must_not_be_used_for": _texts, "num_partitions": _positive, "sync": _sync,
}  # fmt: skip

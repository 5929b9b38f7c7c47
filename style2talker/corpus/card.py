"""A data card: what a corpus is made from. A small YAML file beside the footage, or just a directory."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from style2talker.corpus.card_check import check_values
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
OWN_SOUND = "own"
"""In `audio`: the sound that is in the video itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One corpus: where the footage lies, who may use it, and how its paths name speaker and emotion.

    Globs know `**`, `{a,b}` and `{01..24}` (wcmatch); regular expressions search the path below the root.
    """

    name: str
    """Short name; a corpus directory belongs to one name."""
    root: str
    """Directory of the footage, `s3://` or `gs://` prefix; a relative one starts at the card's folder."""
    reader: str = "pattern"
    """Who reads the tree, of `pipelines.readers.READERS`."""
    glob: str | None = None
    """Which files below root; without it every file with a video suffix."""
    exclude: Mapping[str, str] = field(default_factory=dict)
    """Globs of files known to be bad, each with the reason; they become rejects of the kind `excluded`."""
    layout: tuple[str, ...] = ()
    """Regular expressions; the first that is found in the path counts, and a file with none is a reject.
    The named groups `speaker`, `emotion`, `level` and `split` are labels, all of them fill the templates of
    `audio`. Without a speaker, the file's stem is one."""
    audio: tuple[str, ...] = ()
    """Where the sound lies that is not in the video: templates such as `{speaker}/audio/{clip}.m4a`, of the
    layout's groups, `path` (the video's, without suffix) and `stem`. The first file that exists is taken,
    `own` is the video's sound; if there is none, the video is a reject `unpaired`."""
    annotations: str | None = None
    """Glob of the dataset's own lists, for readers that need them."""
    labels_file: str | None = None
    """CSV or JSON lines below root, a row per file; without it `labels.csv` or `labels.jsonl`, if there."""
    labels_path: str = "{file}"
    """Template of the path that a row of the labels file is about, from the row's columns."""
    expected: Mapping[str, int] = field(default_factory=dict)
    """How many files a glob should find; what is short becomes rejects of the kind `missing`."""
    same_speaker: Mapping[str, str] = field(default_factory=dict)
    """Other names of a person to the one that counts, so that nobody is in two splits."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """The emotion codes of the paths to the dataset's own words, where a path does not spell them."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """The dataset's emotion words to ours; a word that is not in it stays as it is, as a witness."""
    levels: Mapping[str, int] = field(default_factory=dict)
    """The dataset's words of intensity to 1 mild, 2 plain, 3 extreme; digits need no entry."""
    splits: Mapping[str, Any] = field(default_factory=lambda: dict(DEFAULT_FRACTIONS))
    """Shares of the speakers (`train: 0.8`), lists of speakers (`test: [S5]`), or both: the lists come first.
    Without shares everyone else is in train."""
    licence: str = "unknown"
    commercial_use: bool = False
    redistribution: bool = False
    """May the clips, or what is made from them, be passed on."""
    consent: str = "unknown"
    """What the people shown agreed to, in a few words."""
    sync: str = "keep"
    """What becomes of a clip whose sound is surely early or late, see `speech.sync`: `keep` it, `gate` it (a
    reject `off_sync`), or `shift` its sound to where the picture is."""
    allow_leaks: tuple[str, ...] = ()
    """Leaks between splits that are known and accepted: of speaker, source, audio or face."""
    num_partitions: int = 16
    citation: str = ""
    must_not_be_used_for: tuple[str, ...] = NOT_FOR

    def describe(self) -> dict[str, Any]:
        """Everything but the root's place on this machine: what the card's hash is taken of."""
        return {
            f.name: list(value) if isinstance(value := getattr(self, f.name), tuple) else value
            for f in fields(self)
            if f.name != "root"
        }

    def groups_of(self, source_uri: str) -> dict[str, str] | None:
        """What the first layout that fits finds in the path; None where there are layouts and none fits."""
        if not self.layout:
            return {}
        for pattern in self.layout:
            if found := re.search(pattern, source_uri):
                return {name: text for name, text in found.groupdict().items() if text is not None}
        return None

    def person(self, speaker: str) -> str:
        return self.same_speaker.get(speaker, speaker)

    def emotion_of(self, word: str | None) -> str | None:
        """The dataset's own label in our words, or as it is."""
        if word is None:
            return None
        word = self.codes.get(word, word)
        return self.labels.get(word, word)

    def level_of(self, word: str | None) -> int | None:
        if word is None:
            return None
        return self.levels.get(word, int(word) if word.isdecimal() else None)

    def split_of(self, speaker: str, official: str | None = None) -> str:
        """The split of a speaker's file: the official one if it is one of ours, else by the speaker."""
        if official in SPLITS:
            return official
        shares: dict[str, float] = {}
        for name, who in self.splits.items():
            if not isinstance(who, list):
                shares[name] = who
            elif speaker in who:
                return name
        return split_of(speaker, shares or {"train": 1.0})


def load_card(path: str | Path) -> Card:
    """Read a card file, a directory with `card.yaml`, or a bare directory of videos; that may be remote.

    Raises:
        UserError: nothing there, bad YAML, an unknown key (the nearest key is named), a wrong value.
    """
    if "://" in str(path):
        if str(path).endswith((".yaml", ".yml")):
            raise UserError(f"{path}: a card is read from this disk; copy it here, its `root` may be remote.")
        return Card(name=PurePosixPath(str(path).split("?")[0]).name, root=str(path))
    place = Path(path).expanduser()
    if not place.exists():
        raise UserError(f"{path} does not exist; give a data card (.yaml) or a directory of videos.")
    if place.is_dir():
        inside = place / CARD_NAME
        if not inside.is_file():
            return Card(name=place.resolve().name, root=str(place.resolve()))
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


def recorded_card(data: Mapping[str, Any], *, root: str, source: str) -> Card:
    """The card of a finished corpus, from its manifest; the footage need not be there any more."""
    return Card(**{**check_values(data, known=[f.name for f in fields(Card)], source=source), "root": root})


def parse_card(data: Mapping[str, Any], *, folder: Path, source: str) -> Card:
    """A card from its mapping; `folder` is where a relative root starts."""
    values = {"root": ".", **check_values(data, known=[f.name for f in fields(Card)], source=source)}
    if "://" not in values["root"]:
        root = (folder / Path(values["root"]).expanduser()).resolve()
        if not root.is_dir():
            raise UserError(f"{source}: root {values['root']!r} is not a directory (looked at {root}).")
        values["root"] = str(root)
    return Card(**values)

"""The reader of most corpora: the card's glob, layouts and templates say all there is to know."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import bracex
from wcmatch import glob as wc

from pipelines.readers.item import Inventory, Item, Tree, make_item, paths_of, reject, stem_of
from pipelines.readers.labels import read_labels, unused
from pipelines.stage import Row
from style2talker.corpus.card import OWN_SOUND, VIDEO_SUFFIXES, Card
from style2talker.errors import Reject

AUDIO_SUFFIXES = (".aac", ".flac", ".m4a", ".mp3", ".ogg", ".opus", ".wav")
_FLAGS = wc.GLOBSTAR | wc.BRACE | wc.FORCEUNIX | wc.DOTGLOB


def read_pattern(card: Card, tree: Tree) -> Inventory:
    """Every file that the card's glob finds, labelled by its path and its row of the labels file."""
    labels = read_labels(card, tree)
    found = find_files(card, tree)
    kept, rejects = leave_out(card, found)
    items: list[Item] = []
    for uri in kept:
        try:
            groups = groups_of(card, uri)
            audio_uri = sound_of(card, tree, uri, groups)
        except Reject as error:
            rejects.append(reject(uri, error.kind, error.message))
        else:
            items.append(make_item(card, uri, groups, row=labels.get(uri), audio_uri=audio_uri))
    rejects += unpaired_sounds(card, tree)
    rejects += unused(card, tree, labels, paths_of(items, rejects))
    absent = [uri for uri in labels if uri not in tree]
    short, num_short = shortages(card, [*found, *absent])
    return Inventory(
        items=tuple(items),
        rejects=(*rejects, *short),
        expected=num_expected(card),
        found=len(found),
        missing=len(absent) + num_short,
    )


def find_files(card: Card, tree: Tree) -> list[str]:
    """The names that the card's glob matches; without one, those with a video suffix."""
    if card.glob is None:
        return [name for name in tree.names if name.lower().endswith(VIDEO_SUFFIXES)]
    return matching(card.glob, tree.names)


def matching(pattern: str, names: Iterable[str]) -> list[str]:
    """The names that a glob matches; a regular expression does it, as there may be millions of names."""
    included, _ = wc.translate(pattern, flags=_FLAGS, limit=0)
    expression = re.compile("|".join(included))
    return [name for name in names if expression.fullmatch(name)]


def leave_out(card: Card, found: Sequence[str]) -> tuple[list[str], list[Row]]:
    """The files to use, and rejects of those that the card excludes."""
    reasons = {name: reason for glob, reason in card.exclude.items() for name in matching(glob, found)}
    rejects = [reject(name, "excluded", reason[:1].upper() + reason[1:]) for name, reason in reasons.items()]
    return [name for name in found if name not in reasons], rejects


def groups_of(card: Card, uri: str) -> Mapping[str, str]:
    """What the path says.

    Raises:
        Reject: `unknown_name`, it fits no layout.
    """
    groups = card.groups_of(uri)
    if groups is None:
        raise Reject("unknown_name", "Its path fits none of the card's layouts.")
    return groups


def sound_of(card: Card, tree: Tree, uri: str, groups: Mapping[str, str]) -> str | None:
    """The separate sound of a video; None: the video's own.

    Raises:
        Reject: `unpaired`, the card names places for it and it is in none.
    """
    places = sound_places(card, uri, groups)
    for place in places:
        if place == OWN_SOUND:
            return None
        if place in tree:
            return place
    if not card.audio:
        return None
    raise Reject("unpaired", f"Its sound is not there: {' nor '.join(places) or 'its path names no place'}.")


def sound_places(card: Card, uri: str, groups: Mapping[str, str]) -> list[str]:
    """The card's templates filled in, but for those whose groups took no part in this path."""
    known = {**groups, "stem": stem_of(uri), "path": uri.rpartition(".")[0]}
    places = []
    for template in card.audio:
        try:
            places.append(template.format_map(known))
        except KeyError:
            continue
    return places


def unpaired_sounds(card: Card, tree: Tree) -> list[Row]:
    """Rejects for the sound files that belong to no video of the tree, asked for by the glob or not."""
    if not card.audio:
        return []
    places: set[str] = set()
    for name in tree.names:
        if name.lower().endswith(VIDEO_SUFFIXES) and (groups := card.groups_of(name)) is not None:
            places.update(sound_places(card, name, groups))
    return [
        reject(name, "unpaired", "A sound file without its video.")
        for name in tree.names
        if name.lower().endswith(AUDIO_SUFFIXES) and name not in places
    ]


def num_expected(card: Card) -> int | None:
    counts = [count * len(bracex.expand(glob, limit=0)) for glob, count in card.expected.items()]
    return sum(counts) if counts else None


def shortages(card: Card, known: Sequence[str]) -> tuple[list[Row], int]:
    """Rejects for what the card expects beyond the `known` names, and how many files that is."""
    by_base: dict[str, list[str]] = defaultdict(list)
    for name in known:
        by_base[name.rpartition("/")[2]].append(name)
    rows: list[Row] = []
    num_short = 0
    for braced, count in card.expected.items():
        for glob in bracex.expand(braced, limit=0):
            base = glob.rpartition("/")[2]
            # thousands of single files are expected: each looks at its namesakes only
            candidates = known if wc.is_magic(base, flags=_FLAGS) else by_base.get(base, [])
            short = count - len(matching(glob, candidates))
            if short > 0:
                what = "It is" if count == 1 else f"{short} of the {count} files that match are"
                rows.append(reject(glob.removeprefix("**/"), "missing", f"{what} not there."))
                num_short += short
    return rows, num_short

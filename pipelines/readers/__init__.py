"""Readers: from a card to the files it means, each with its labels. Bytes are read later, by `sources.py`.

A reader sees the names below the root and may open the corpus's own lists among them. Whatever it leaves out
is a row of rejects; what the card or the lists promise and the root lacks is one too.
"""

from collections.abc import Iterable

from pipelines.readers.celebv import read_celebv
from pipelines.readers.hdtf import read_hdtf
from pipelines.readers.item import Inventory, Item, Reader, Tree
from pipelines.readers.pattern import read_pattern
from style2talker.corpus.card import Card
from style2talker.corpus.card_check import nearest
from style2talker.errors import UserError
from style2talker.media.footage import Footage

__all__ = ["READERS", "Inventory", "Item", "Tree", "read_items"]

READERS: dict[str, Reader] = {"pattern": read_pattern, "hdtf": read_hdtf, "celebv": read_celebv}


def read_items(card: Card, names: Iterable[str] | None = None) -> Inventory:
    """What the card means, found below its root.

    Args:
        names: every file below the root, where the caller knows them.

    Raises:
        UserError: there is no such reader, or a list it needs is not there or not understood.
    """
    reader = READERS.get(card.reader)
    if reader is None:
        raise UserError(
            f"card {card.name!r}: there is no reader {card.reader!r}; the nearest is "
            f"{nearest(card.reader, list(READERS))!r}."
        )
    footage = Footage(card.root)
    if names is None:
        names = (file.uri for file in footage.names())
    return reader(card, Tree.of(names, lambda uri: footage.path(uri).read_bytes()))

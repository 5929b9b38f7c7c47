"""CelebV."""

from pipelines.readers.item import Inventory, Tree
from pipelines.readers.pattern import read_pattern
from style2talker.corpus.card import Card


def read_celebv(card: Card, tree: Tree) -> Inventory:
    return read_pattern(card, tree)

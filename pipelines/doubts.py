"""Doubts: what a request asks for that is probably not meant, said before it is done."""

from pipelines.request import Request, recorded_ids
from style2talker.corpus.uri import Store
from style2talker.errors import UserError

MOST_GONE = 0.5
"""Share of a corpus' recordings that may be gone before a build asks whether that is meant."""


def doubts(request: Request, store: Store) -> list[str]:
    """Sentences for whoever builds; none of them stops a build."""
    card, said = request.card, []
    speakers = {source.item.speaker for source in request.sources}
    for split, who in card.splits.items():
        for name in sorted(set(who if isinstance(who, list) else ()) - speakers):
            said.append(f"The card puts {name!r} into {split}, but no recording has a speaker of that name.")
        if isinstance(who, list) and who and not any(s.item.split == split for s in request.sources):
            said.append(f"No recording is in {split}.")
    if card.layout and not any("(?P<speaker>" in pattern for pattern in card.layout):
        said.append("No layout of the card has a group `speaker`: each file counts as another person.")
    gone = recorded_ids(store) - {source.source_id for source in request.sources}
    gone -= {*request.tombstones.sources}
    if gone:
        said.append(f"{len(gone)} recordings of the corpus are gone from the footage; their clips go, too.")
    return said


def refuse_collapse(request: Request, store: Store) -> None:
    """Stop where most of a corpus would go: more likely a disk that is not mounted.

    Raises:
        UserError: more than `MOST_GONE` of the recordings are gone that are not forgotten.
    """
    before = recorded_ids(store) - {*request.tombstones.sources}
    gone = before - {source.source_id for source in request.sources}
    if len(gone) > MOST_GONE * len(before):
        raise UserError(
            f"{len(gone)} of the {len(before)} recordings of {store.uri} are gone from {request.card.root}; "
            "is a disk not mounted? Their work would have to be done again. Give --shrink if they are to go."
        )

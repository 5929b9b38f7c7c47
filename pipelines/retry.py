"""Retry: run failures only.

    style2talker retry corpus [--kind track_failed]

A verdict (no face, no speech) stands as long as its stage is the same. A failure (a decoder's error, a worker
that was killed or hung) may have been the machine's. The rows that failed are tried once more, with what the
last build recorded: no new file is looked for, and every other row is copied.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipelines.build import check_unchanged
from pipelines.lock import locked
from pipelines.partition import recipes_of
from pipelines.plan import changes_of
from pipelines.profiles import stages_of
from pipelines.request import HASHES, Request, described, is_of_source, load_hashes, recorded
from pipelines.rounds import Built, bring_about
from pipelines.run import on_ray
from pipelines.sources import files_of
from pipelines.stage import Stage
from pipelines.sync import as_the_card_says
from style2talker.corpus.reader import Corpus
from style2talker.corpus.uri import Store, open_store
from style2talker.errors import UserError
from style2talker.media.footage import Footage

FAILURES = ("killed", "timed_out", "vanished", "unreadable", "changed", "decode_failed")
"""Besides these, every kind that ends in `_failed`."""


def is_failure(kind: str) -> bool:
    return kind in FAILURES or kind.endswith("_failed")


def retry(
    uri: str,
    *,
    kinds: Sequence[str] = (),
    workers: int | None = None,
    address: str | None = None,
    profile: str | None = None,
    stages: Sequence[Stage] | None = None,
) -> Built | None:
    """Try the failures of a finished corpus again; None if it has none.

    Args:
        kinds: instead of every failure; may also name verdicts.
        profile: the path of the file, if the corpus was built with one.

    Raises:
        UserError: no finished corpus, a kind that it does not have, or stages that changed since.
    """
    store = open_store(uri)
    with locked(store, "style2talker retry") as lock:
        request = recorded(store)
        request = request.forgetting(request.tombstones)
        device = request.settings["track"].get("device", "cpu")
        if stages is None:
            stages = stages_of(profile or request.profile, device=device, fetch=True)
        stages = as_the_card_says(stages, request.card)
        if recipes_of(stages) != request.recipes:
            now = replace(request, stages=tuple(stages), **described(stages))
            changes = changes_of(now, Corpus.open(uri).manifest)
            said = [f"{stage}: {'; '.join(texts)}" for stage, texts in changes.items() if texts]
            raise UserError(
                f"{uri} was made by other stages ({said[0] if said else 'a schema changed'}), so trying its "
                "failures again would be another corpus; run the build again."
            )
        there = {row["kind"] for row in Corpus.open(uri).rejects() if not is_of_source(row)}
        if unknown := set(kinds) - there:
            raise UserError(
                f"{uri} has no rejects of the kind {min(unknown)!r} that a stage could try again; it has "
                f"{', '.join(sorted(there)) or 'none'}."
            )
        again = frozenset(kinds) or frozenset(kind for kind in there if is_failure(kind))
        if not again:
            return None
        request = _as_hashed(request, store)
        root = request.card.root
        if not root or ("://" not in root and not Path(root).is_dir()):
            raise UserError(
                f"{root or 'The place'}, where the footage lay, is gone; run the build with where it is now."
            )

        def check() -> None:
            lock.check()
            check_unchanged(request)

        request = replace(request, stages=tuple(stages))
        with on_ray(stages, uri=uri, root=root, workers=workers, address=address) as run:
            return bring_about(request, store, run=run, again=again, check=check, footage=Footage(root))


def _as_hashed(request: Request, store: Store) -> Request:
    """With the states of the files that the last build hashed: a file that changed since is not tried."""
    hashes = load_hashes(store)
    sources = tuple(replace(source, files=files_of(source.item, hashes)) for source in request.sources)
    if not all(source.files for source in sources):
        raise UserError(
            f"{store.uri} does not know its footage any more ({HASHES} is gone); run the build again."
        )
    return replace(request, sources=sources)

"""Build: a data card or a directory of videos becomes a corpus.

    style2talker build data_cards/folder.yaml --out corpus

discover -> track -> fit -> sync -> hear -> transcribe -> see -> annotators -> judge -> write -> shard, each
with one work file per partition; then the data card, and last, in one step, `corpus.json`. Killed anywhere
and started again, it goes on where it was and ends with the same bytes.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipelines.doubts import doubts, refuse_collapse
from pipelines.ledger import TRANSIENT
from pipelines.lock import locked
from pipelines.output import check_out, claim
from pipelines.profiles import stages_of
from pipelines.request import Request, save_hashes, scan
from pipelines.rounds import Built, Plan, bring_about, plan_of
from pipelines.run import on_ray
from pipelines.stage import Stage
from pipelines.tombstones import read_tombstones
from style2talker.corpus.card import load_card
from style2talker.corpus.uri import open_store
from style2talker.errors import UserError
from style2talker.media.footage import Footage


def build(
    card_or_dir: str | Path,
    *,
    out: str,
    profile: str = "small",
    device: str = "cpu",
    workers: int | None = None,
    address: str | None = None,
    commercial_only: bool = False,
    shrink: bool = False,
    stages: Sequence[Stage] | None = None,
) -> Built:
    """Build or go on building the corpus at `out`.

    Args:
        card_or_dir: a data card (.yaml), a directory with card.yaml, or a bare directory of videos.
        out: plain path, file://, s3:// or gs://.
        device: where faces are tracked, `cpu` or a torch device; the labels know it.
        workers: cores to use, all of this machine or of the cluster unless given; the bytes are the same.
        address: of a running Ray cluster to join.
        commercial_only: leave out what may not be used commercially.
        shrink: go on though most of the corpus' recordings are gone.
        stages: instead of the profile's.

    Raises:
        UserError: a wrong card, no footage, an `out` that belongs to something else or that another build
            is working on, a leak between the splits.
    """
    stages = stages_of(profile, device=device, fetch=True) if stages is None else stages
    store = open_store(out)
    request, hashes = scan(
        card_or_dir,
        store,
        profile=profile,
        stages=stages,
        num_threads=workers or os.cpu_count() or 1,
        commercial_only=commercial_only,
    )
    check_out(store, request)
    with locked(store, f"style2talker build {card_or_dir}") as lock:
        # while the footage was hashed, another build or `forget` may have finished
        request = request.forgetting(read_tombstones(store))
        check_out(store, request)
        if not shrink:
            refuse_collapse(request, store)
        said = doubts(request, store)
        claim(store, request)
        save_hashes(store, request, hashes)

        def check() -> None:
            lock.check()
            check_unchanged(request)

        root = request.card.root
        with on_ray(request.stages, uri=out, root=root, workers=workers, address=address) as run:
            built = bring_about(request, store, run=run, again=TRANSIENT, check=check, footage=Footage(root))
    return replace(built, notes=(*said, *_notes(card_or_dir, request)))


def _notes(card_or_dir: str | Path, request: Request) -> tuple[str, ...]:
    try:
        if load_card(card_or_dir) == request.card:
            return ()
        what = "changed"
    except UserError as error:
        what = f"cannot be read any more ({error})"
    return (f"The card {card_or_dir} {what}; the corpus is that of the card at the build's start.",)


def make_plan(
    card_or_dir: str | Path,
    *,
    out: str,
    profile: str = "small",
    device: str = "cpu",
    workers: int = 1,
    commercial_only: bool = False,
    stages: Sequence[Stage] | None = None,
) -> Plan:
    """Hash the footage and look up what is finished; runs no stage and writes nothing."""
    chosen = tuple(stages) if stages is not None else stages_of(profile, device=device)
    store = open_store(out)
    request, _ = scan(
        card_or_dir,
        store,
        profile=profile,
        stages=chosen,
        num_threads=workers,
        commercial_only=commercial_only,
    )
    check_out(store, request)
    return replace(plan_of(request, store, again=TRANSIENT), notes=tuple(doubts(request, store)))


def check_unchanged(request: Request) -> None:
    """Refuse to commit what was made of files that are no longer those that were hashed."""
    now = {file.uri: (file.num_bytes, file.mtime_ns) for file in Footage(request.card.root).names()}
    files = [file for source in request.sources for file in source.files]
    changed = [uri for uri, size, mtime_ns in files if uri in now and now[uri] != (size, mtime_ns)]
    if changed:
        raise UserError(
            f"{len(changed)} files changed while they were read (such as {changed[0]}); run the build again."
        )

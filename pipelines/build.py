"""Build: a data card or a directory of videos becomes a corpus.

    style2talker build data_cards/folder.yaml --out corpus

discover -> track -> fit, hear, see -> write -> shard, each with one work file per partition (ledger.py); then
the data card, and last, in one step, `corpus.json`. Killed anywhere and started again, it goes on where it
was and ends with the same bytes.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.commit import commit
from pipelines.ledger import WORK, PartitionPlan, forget_stale, is_done, plan_partitions
from pipelines.profiles import stages_of
from pipelines.run import run_partitions
from pipelines.shard import read_record, shard_fingerprint
from pipelines.sources import Source, find_sources
from pipelines.stage import Row, Stage
from style2talker.corpus.card import Card, load_card
from style2talker.corpus.manifest import NAME, Manifest, read_manifest
from style2talker.corpus.uri import Store, open_store
from style2talker.errors import UserError

NUM_PARTITIONS = 16
OWNER = f"{WORK}/owner.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a build would do. `done` counts the finished partitions per stage."""

    card: Card
    profile: str
    stages: tuple[Stage, ...]
    sources: tuple[Source, ...]
    rejects: tuple[Row, ...]
    partitions: tuple[PartitionPlan, ...]
    done: dict[str, int]
    unfinished: tuple[PartitionPlan, ...]


def build(
    card_or_dir: str | Path,
    *,
    out: str,
    profile: str = "small",
    device: str = "cpu",
    workers: int | None = None,
    stages: Sequence[Stage] | None = None,
    num_partitions: int = NUM_PARTITIONS,
) -> Manifest:
    """Build or go on building the corpus at `out`.

    Args:
        card_or_dir: a data card (.yaml), a directory with card.yaml, or a bare directory of videos.
        out: plain path, file://, s3:// or gs://.
        device: where faces are tracked, `cpu` or a torch device; the labels know it.
        workers: parallel workers, the number of CPUs unless given. The bytes do not depend on it.
        stages: instead of the profile's.

    Raises:
        UserError: a wrong card, no footage, or an `out` that belongs to something else.
    """
    workers = workers or os.cpu_count() or 1
    stages = stages_of(profile, device=device, fetch=True) if stages is None else stages
    plan = make_plan(
        card_or_dir, out=out, profile=profile, workers=workers, stages=stages, num_partitions=num_partitions
    )
    store = open_store(out)
    _claim(store, plan.card)
    for partition in plan.unfinished:
        forget_stale(store, partition, plan.stages)
    if plan.unfinished:
        run_partitions(plan.unfinished, plan.stages, uri=out, card=plan.card, workers=workers)
    return commit(
        store,
        card=plan.card,
        profile=plan.profile,
        stages=plan.stages,
        partitions=plan.partitions,
        source_rejects=plan.rejects,
    )


def make_plan(
    card_or_dir: str | Path,
    *,
    out: str,
    profile: str = "small",
    device: str = "cpu",
    workers: int = 1,
    stages: Sequence[Stage] | None = None,
    num_partitions: int = NUM_PARTITIONS,
) -> Plan:
    """Hash the footage and look up what is finished; runs no stage and writes nothing."""
    chosen = tuple(stages) if stages is not None else stages_of(profile, device=device)
    card = load_card(card_or_dir)
    store = open_store(out)
    _check_out(store, card)
    sources, rejects = find_sources(card, num_threads=workers)
    partitions = plan_partitions(
        sources,
        chosen,
        num_partitions=num_partitions,
        shard_fingerprint=lambda members, prints: shard_fingerprint(card, chosen, members, prints),
    )
    done = {stage.name: sum(is_done(store, plan, stage.name) for plan in partitions) for stage in chosen}
    unfinished = tuple(
        plan
        for plan in partitions
        if read_record(store, plan) is None or not all(is_done(store, plan, s.name) for s in chosen)
    )
    done["shard"] = len(partitions) - len(unfinished)
    return Plan(
        card=card,
        profile=profile,
        stages=chosen,
        sources=tuple(sources),
        rejects=tuple(rejects),
        partitions=tuple(partitions),
        done=done,
        unfinished=unfinished,
    )


def _check_out(store: Store, card: Card) -> None:
    """Refuse an output that holds another corpus, or files that are none."""
    owner = None
    if store.exists(OWNER):
        owner = json.loads(store.read(OWNER))
    elif store.exists(NAME):
        owner = {"name": read_manifest(store).name}
    elif names := store.names():
        raise UserError(
            f"{store.uri} holds files that are no corpus (such as {names[0]}); give an empty or new --out."
        )
    if owner is None:
        return
    if owner["name"] != card.name or owner.get("root", str(card.root)) != str(card.root):
        other = f"{owner['name']!r}" + (f" made from {owner['root']}" if "root" in owner else "")
        raise UserError(
            f"{store.uri} holds another corpus, {other}, not {card.name!r} from {card.root}; "
            "give another --out or delete it first."
        )


def _claim(store: Store, card: Card) -> None:
    if store.exists(OWNER):
        return
    try:
        store.write(OWNER, json.dumps({"name": card.name, "root": str(card.root)}).encode())
    except OSError as error:
        raise UserError(
            f"{store.uri} cannot be written ({error.strerror or error}); give an --out that this user may "
            "write to."
        ) from error

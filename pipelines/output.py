"""Output: whose a place is, and what was last committed there. Nothing is built over what is not ours."""

import json

from pipelines.request import OWNER, Request, load_hashes
from pipelines.tombstones import FORGOTTEN
from style2talker.corpus.manifest import NAME, Manifest, NewerSchemaError, read_manifest
from style2talker.corpus.uri import Store
from style2talker.errors import UserError


def committed(store: Store) -> Manifest | None:
    """The manifest of the last finished build; None before the first and where it is damaged.

    Raises:
        NewerSchemaError: it is of a later program.
    """
    try:
        return read_manifest(store)
    except NewerSchemaError:
        raise
    except UserError:
        return None


def check_out(store: Store, request: Request) -> None:
    """Refuse an output that holds another corpus, or files that are none."""
    card = request.card
    previous = committed(store)  # first: a later program's corpus is not even looked into
    owner = _owner(store)
    if owner is None:
        try:
            names = store.names()
        except NotADirectoryError:
            raise UserError(f"{store.uri} is a file; give a folder as --out.") from None
        strangers = [name for name in names if name != FORGOTTEN and not name.startswith("_work/")]
        if not store.exists(NAME) and strangers:
            raise UserError(
                f"{store.uri} holds files that are no corpus (such as {strangers[0]}); give an empty or new "
                "--out."
            )
        owner = {"name": previous.name, "root": card.root} if previous else None
    if owner is None or (owner["name"] == card.name and owner["root"] == card.root):
        return
    if owner["name"] == card.name and _same_footage(store, request):
        return  # the footage moved, or another machine sees it under another path
    raise UserError(
        f"{store.uri} holds another corpus, {owner['name']!r} made from {owner['root']}, not {card.name!r} "
        f"from {card.root}; give another --out or delete it first."
    )


def _owner(store: Store) -> dict[str, str] | None:
    try:
        owner = json.loads(store.read(OWNER))
        return {"name": str(owner["name"]), "root": str(owner["root"])}
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError, TypeError):
        return None


def _same_footage(store: Store, request: Request) -> bool:
    """Whether the recorded hashes and those found now have a recording in common."""
    known = {hashed.sha256 for hashed in load_hashes(store).values()}
    return any(source.source_id in known for source in request.sources)


def claim(store: Store, request: Request) -> None:
    """Write down whose output this is."""
    owner = {"name": request.card.name, "root": request.card.root}
    if _owner(store) == owner:
        return
    try:
        store.write(OWNER, json.dumps(owner).encode())
    except OSError as error:
        raise UserError(
            f"{store.uri} cannot be written ({error.strerror or error}); give an --out that this user may "
            "write to."
        ) from error

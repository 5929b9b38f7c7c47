"""The face models that can be imported, by the name that the command line gives them."""

import difflib
from collections.abc import Callable
from pathlib import Path

from style2talker.errors import UserError
from style2talker.face.importers.assemble import Imported
from style2talker.face.importers.bfm import import_bfm
from style2talker.face.importers.flame import import_flame
from style2talker.face.importers.ict import import_ict
from style2talker.face.importers.surrey import import_surrey

KINDS: dict[str, Callable[[Path], Imported]] = {
    "ict": import_ict,
    "bfm": import_bfm,
    "flame": import_flame,
    "surrey": import_surrey,
}


def import_model(kind: str, path: Path) -> Imported:
    """The model of that kind from the user's own files at `path`. Nothing is ever fetched.

    Raises `UserError` for an unknown kind, or for files that are missing, damaged or of another layout.
    """
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, n=1, cutoff=0.0)[0]
        raise UserError(
            f"there is no kind of face model {kind!r}; the nearest is {near!r}, all are {', '.join(KINDS)}."
        )
    if not path.exists():
        raise UserError(f"{path} does not exist; give the file or folder of {kind} as upstream lays it out.")
    return KINDS[kind](path)

"""A command never writes over the file that it reads."""

from pathlib import Path

from style2talker.errors import UserError


def check_not_over(source: Path, out: Path, *, option: str) -> None:
    """Raise `UserError` where `out`, which `option` gave, is the file `source`: also through a link."""
    if out.exists() and source.exists() and out.samefile(source):
        raise UserError(f"{option} {out} is the file that is read, {source}; give another name to write to.")

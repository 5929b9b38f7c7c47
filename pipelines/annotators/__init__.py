"""The annotators, one in each module, which makes it with `annotator(...)`."""

import importlib
import inspect
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pipelines.annotator import Annotator
from style2talker.errors import UserError

NAMES = ("caption", "voice", "voice_net", "words", "zero_shot")


def annotator_of(name: str, options: Mapping[str, Any], *, device: str) -> Annotator:
    """The annotator `name`, or of a module of the user's own as `package.module`.

    Args:
        options: of its `annotator` function, such as the model's directory.
        device: passed to those that run on one.

    Raises:
        UserError: there is no such annotator, or it takes other options.
    """
    if name not in NAMES and not re.fullmatch(r"\w+(\.\w+)+", name):
        raise UserError(
            f"profile: there is no annotator {name!r}{_near(name, NAMES)}; there are {', '.join(NAMES)}, and "
            "your own as package.module."
        )
    try:
        module = importlib.import_module(name if "." in name else f"{__name__}.{name}")
        make = module.annotator
    except (ImportError, AttributeError) as error:
        raise UserError(
            f"profile: annotator {name}: {error}; a module on the Python path (PYTHONPATH=. for this folder) "
            "with a function `annotator` is needed."
        ) from error
    takes = inspect.signature(make).parameters
    for key in options:
        if key not in takes:
            known = ", ".join(takes) or "none"
            raise UserError(
                f"profile: annotator {name} has no option {key!r}{_near(key, takes)}; it has {known}."
            )
    needed = [key for key, each in takes.items() if each.default is each.empty and key not in options]
    if needed:
        raise UserError(f"profile: annotator {name} needs {', '.join(needed)}.")
    return make(**options, **({"device": device} if "device" in {*takes} - {*options} else {}))


def _near(name: str, names: Any) -> str:
    close = get_close_matches(name, list(names), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""

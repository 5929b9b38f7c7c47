"""What went wrong with a store, as a sentence. What an object store answered, Arrow tells in text only."""

import errno
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from style2talker.errors import UserError

_DENIED = re.compile(
    r"ACCESS_DENIED|INVALID_ACCESS_KEY_ID|INVALID_CLIENT_TOKEN_ID|SIGNATURE_DOES_NOT_MATCH|EXPIRED_TOKEN"
    r"|HTTP status 40[13]|PERMISSION_DENIED|UNAUTHENTICATED"
)
_NO_BUCKET = re.compile(r"NO_SUCH_BUCKET|bucket does not exist|Bucket '.*' not found")
_GAVE_UP = re.compile(
    r"NETWORK_CONNECTION|SLOW_DOWN|THROTTLING|SERVICE_UNAVAILABLE|INTERNAL_FAILURE|REQUEST_TIMEOUT"
    r"|HTTP status (429|5\d\d)|UNAVAILABLE|DEADLINE_EXCEEDED|RESOURCE_EXHAUSTED"
)
FULL = {
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "free some space",
    errno.EROFS: "give another place",
}
CLOSED = {
    errno.EACCES: "give another place, or change its permissions",
    errno.EPERM: "give another place, or change its permissions",
}


@contextmanager
def remote_sentences(what: str) -> Iterator[None]:
    """Raise as `UserError` what an object store refused, or still failed at after all its retries.

    A missing object stays a `FileNotFoundError`, anything unknown what it was.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        text = str(error)
        if _DENIED.search(text):
            raise UserError(
                f"{what}: the store refuses it ({text}); check the credentials and the bucket's policy."
            ) from error
        if _NO_BUCKET.search(text):
            raise UserError(
                f"{what}: there is no such bucket ({text}); create it or correct the URI."
            ) from error
        if _GAVE_UP.search(text):
            raise UserError(
                f"{what}: the store did not answer well in any attempt ({text}); run the same command again "
                "when it can be reached, what is finished is kept."
            ) from error
        raise


@contextmanager
def writing_sentences(what: str, advice: Mapping[int, str] = FULL | CLOSED) -> Iterator[None]:
    """Raise as `UserError` that a disk is full, read-only or closed: what `advice` is given for."""
    try:
        yield
    except OSError as error:
        todo = advice.get(error.errno or 0)
        if todo is None:
            raise
        raise UserError(
            f"{what} cannot be written ({os.strerror(error.errno or 0)}): {todo} and run the same command "
            "again; what is finished is kept."
        ) from error

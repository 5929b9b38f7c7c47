"""The two ways something can go wrong: a bad call, which stops, and a bad row, which is data."""

from typing import Any


class UserError(ValueError):
    """A bad call. The message is one sentence: what, got, expected, how to fix. The command exits 2."""


class Reject(Exception):  # noqa: N818 - a row that is not kept is not an error of the program
    """A row that cannot be kept. Stages raise it; the pipeline writes it to `rejects-*.parquet`.

    Args:
        kind: snake_case reason that is counted in the card (`no_face`, `no_audio`, `decode_failed`).
        message: one sentence with the measured value and the limit it broke.
        span_s: the part of the row that is meant, when it is not all of it.
        attempts: how often the row was tried.
    """

    def __init__(
        self, kind: str, message: str, *, span_s: tuple[float, float] | None = None, attempts: int = 1
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.span_s = span_s
        self.attempts = attempts

    def __reduce__(self) -> tuple[Any, ...]:
        # Ray pickles exceptions between workers.
        return (type(self), (self.kind, self.message), {"span_s": self.span_s, "attempts": self.attempts})

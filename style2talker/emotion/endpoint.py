"""A language model behind an address: any server that speaks OpenAI's protocol, such as vLLM.

It is asked for its likeliest words (temperature 0); a server may still answer otherwise another time, which
is why `style2talker.answers` keeps what it said. Neither prompts nor keys are ever logged.
"""

import hashlib
import http.client
import json
import logging
import os
import random
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import ceil
from typing import Any

from style2talker.emotion.language_model import MOST_TOKENS
from style2talker.errors import UserError

_MOST_ANSWER_BYTES = 1_000_000
_TRY_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_LONGEST_WAIT_S = 30.0

_log = logging.getLogger(__name__)


class Pace:
    """No more than `per_s` requests a second, however many threads ask."""

    def __init__(self, per_s: float) -> None:
        self._gap_s = 1 / per_s
        self._free_s = float("-inf")
        self._lock = threading.Lock()

    def wait_s(self, now_s: float) -> float:
        """How long the next request has to wait; its place is taken with that."""
        with self._lock:
            start_s = max(now_s, self._free_s)
            self._free_s = start_s + self._gap_s
        return start_s - now_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How a server is asked.

    Attributes:
        concurrency: requests under way at once.
        per_s: requests a second, of each worker of a build.
        attempts: for each prompt.
        timeout_s: of one attempt.
        first_wait_s: before the second attempt; it doubles, with chance, up to 30 s. A server's Retry-After
            is obeyed up to that, too.
    """

    concurrency: int = 8
    per_s: float = 20.0
    attempts: int = 6
    timeout_s: float = 60.0
    first_wait_s: float = 1.0

    @classmethod
    def of_environment(cls) -> "Patience":
        """With `STYLE2TALKER_LLM_CONCURRENCY` and `STYLE2TALKER_LLM_PER_S`, which no answer depends on.

        Raises:
            UserError: one of them is no number above zero.
        """
        return cls(
            concurrency=ceil(_above_zero("STYLE2TALKER_LLM_CONCURRENCY", cls().concurrency)),
            per_s=_above_zero("STYLE2TALKER_LLM_PER_S", cls().per_s),
        )


class Endpoint:
    """A server with `/chat/completions`, such as vLLM, llama.cpp or a hosted one.

    Args:
        url: up to and with the version, for instance http://127.0.0.1:8000/v1.
        model: as the server calls it; it stands for the weights, which the server does not show.
        key_variable: the environment variable that holds the key; unset or empty: no key is sent.

    Raises:
        UserError: an address that is none, or a key that is none; by a call, a server that refuses the
            request or, after all attempts, gives no answer. The build stops there and goes on when it is run
            again: whether a server was well must not decide what a corpus says.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        key_variable: str = "STYLE2TALKER_LLM_KEY",
        patience: Patience | None = None,
    ) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise UserError(
                "language model's address: expected http(s)://HOST[:PORT]/v1 without a name, password or "
                f"question mark in it; put a key into the environment variable {key_variable}."
            )
        self.name = model
        self.weights_sha256 = hashlib.sha256(f"endpoint\x1f{model}".encode()).hexdigest()
        self._url = f"{url.rstrip('/')}/chat/completions"
        self._host = parts.hostname
        self._headers = {"Content-Type": "application/json", **_authorization(key_variable)}
        self._patience = patience or Patience.of_environment()
        self._pace = Pace(self._patience.per_s)
        self._opener = urllib.request.build_opener(_NoRedirect)

    def __call__(self, prompts: Sequence[str]) -> Iterator[str]:
        with ThreadPoolExecutor(self._patience.concurrency) as pool:
            yield from pool.map(self._answer, prompts)

    def _answer(self, prompt: str) -> str:
        body = json.dumps(
            {
                "model": self.name,
                "messages": [{"role": "user", "content": prompt}],
                "temperature": 0,
                "seed": 0,
                "max_tokens": MOST_TOKENS,
            }
        ).encode()
        problem = ""
        for attempt in range(self._patience.attempts):
            time.sleep(self._pace.wait_s(time.monotonic()))
            asked_to_wait_s = 0.0
            try:
                request = urllib.request.Request(self._url, body, self._headers, method="POST")
                with self._opener.open(request, timeout=self._patience.timeout_s) as response:
                    return _content(response.read(_MOST_ANSWER_BYTES))
            except urllib.error.HTTPError as error:
                with error:
                    if error.code not in _TRY_AGAIN:
                        raise UserError(
                            f"language model {self.name}: {self._host} answers {error.code} to every request "
                            "of this kind; check the address, the model's name and the key."
                        ) from None
                    problem = f"status {error.code}"
                    asked_to_wait_s = _seconds(error.headers.get("Retry-After"))
            except (OSError, http.client.HTTPException, ValueError) as error:
                # no connection, a time-out, half an answer, or one that is not what the protocol says
                problem = type(getattr(error, "reason", error)).__name__
            if attempt + 1 < self._patience.attempts:
                wait_s = self._patience.first_wait_s * 2**attempt * random.uniform(0.75, 1.25)
                time.sleep(min(max(wait_s, asked_to_wait_s), _LONGEST_WAIT_S))
        _log.warning("%s gave no answer in %d attempts: %s.", self._host, self._patience.attempts, problem)
        raise UserError(
            f"language model {self.name}: {self._host} gave no answer in {self._patience.attempts} attempts "
            f"({problem}); start the server and build again, or leave the paraphraser out."
        )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The key is for this server, not for where it sends us."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _content(body: bytes) -> str:
    answer = json.loads(body)
    try:
        content = answer["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError("no choices in it") from error
    if not isinstance(content, str):
        raise ValueError("no text in it")
    return content


def _authorization(variable: str) -> dict[str, str]:
    key = os.environ.get(variable, "").strip()
    if not key:
        return {}
    if not key.isascii() or not key.isprintable():
        raise UserError(
            f"the key in {variable} has characters that no key has; copy it again, without line breaks in it."
        )
    return {"Authorization": f"Bearer {key}"}


def _above_zero(variable: str, default: float) -> float:
    given = os.environ.get(variable, "").strip()
    try:
        number = float(given) if given else default
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise UserError(f"{variable}: got {given!r}, expected a number above zero, such as {default:g}.")
    return number


def _seconds(header: str | None) -> float:
    return float(header) if header and header.strip().isdecimal() else 0.0

"""The page's server answers this machine's browser, for whoever has the address, and nobody else."""

import http.client
import json
import queue
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from style2talker.corpus.corrections import read_history
from style2talker.corpus.reader import Corpus
from style2talker.errors import UserError
from style2talker.review.server import serve
from style2talker.review.session import Session
from style2talker.review.waiting import waiting


def session_of(corpus: Path, author: str = "Ada") -> Session:
    opened = Corpus.open(str(corpus))
    return Session(corpus=opened, clips=waiting(opened, most=9), author=author, command="style2talker build")


class Served:
    """The server in a thread of this process; `ask` is a program that says what it likes."""

    def __init__(self, corpus: Path) -> None:
        addresses: queue.Queue[str] = queue.Queue()
        session = session_of(corpus)
        self.thread = threading.Thread(
            target=serve, args=(session,), kwargs={"port": 0, "announce": addresses.put}
        )
        self.thread.start()
        parts = urlsplit(addresses.get(timeout=60))
        assert parts.port is not None
        self.port, self.root = parts.port, parts.path.rstrip("/")

    def ask(
        self, path: str, *, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        given = {"content-type": "application/json"} if body is not None else {}
        text = body if isinstance(body, str | None) else json.dumps(body)
        connection.request("GET" if body is None else "POST", path, text, given | (headers or {}))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.headers, content


@pytest.fixture
def served(corpus: Path) -> Iterator[Served]:
    server = Served(corpus)
    yield server
    server.ask(f"{server.root}/close", body={})
    server.thread.join(60)
    assert not server.thread.is_alive()


def test_who_does_not_have_the_address_gets_nothing(served: Served) -> None:
    assert served.ask(f"{served.root}/clip/1")[0] == 200
    for path in ("/", "/clip/1", "/static/review.js", "/movie/val1", f"{served.root[:-1]}/clip/1"):
        assert served.ask(path)[0] == 404, path


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 400),  # a name of another site that is made to point here
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),  # another port of this machine
        ({"content-type": "text/plain"}, 403),  # what a form of another site can send without asking
        ({"content-type": "application/x-www-form-urlencoded"}, 403),
    ],
)
def test_another_site_can_neither_read_nor_correct(
    served: Served, corpus: Path, headers: dict[str, str], status: int
) -> None:
    path = f"{served.root}/say/val1"
    assert served.ask(path, body={"verdict": "drop"}, headers=headers)[0] == status
    assert read_history(Corpus.open(str(corpus)).store) == []
    assert served.ask(path, body={"verdict": "drop"}, headers={"Sec-Fetch-Site": "same-origin"})[0] == 200
    assert len(read_history(Corpus.open(str(corpus)).store)) == 1


def test_it_listens_on_the_loopback_alone(served: Served) -> None:
    ends = [c.laddr for c in psutil.Process().net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert [end.ip for end in ends if end.port == served.port] == ["127.0.0.1"]


def test_every_answer_forbids_what_the_page_does_not_need(served: Served) -> None:
    for path in ("/clip/1", "/finish", "/movie/val1", "/static/review.js", "/nothing"):
        headers = served.ask(served.root + path)[1]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
    page = served.ask(f"{served.root}/clip/1")[2].decode()
    assert "http" not in page
    assert " style=" not in page  # the policy would refuse it


def test_parts_of_a_movie_are_those_of_the_whole(served: Served) -> None:
    path = f"{served.root}/movie/train1"
    status, headers, whole = served.ask(path)
    assert (status, headers["content-type"]) == (200, "video/mp4")
    status, headers, part = served.ask(path, headers={"Range": "bytes=100-1099"})
    assert (status, headers["content-range"]) == (206, f"bytes 100-1099/{len(whole)}")
    assert part == whole[100:1100]
    assert served.ask(path, headers={"Range": f"bytes={len(whole) + 1}-"})[0] == 416


@pytest.mark.parametrize(
    "body",
    [
        "not json",
        [],
        {},
        {"verdict": "keep", "emotion": "joy", "level": 2},
        {"verdict": "keep", "action_units": [[12, "both"]]},
        {"verdict": "keep", "action_units": 3},
        {"verdict": "keep", "transcript": ["a"]},
        {"verdict": "keep", "note": "\ud800"},
        {"verdict": "perhaps"},
    ],
    ids=str,
)
def test_what_is_no_correction_is_refused_in_a_sentence(served: Served, corpus: Path, body: object) -> None:
    status, _, content = served.ask(f"{served.root}/say/val1", body=body)
    assert status == 400
    assert json.loads(content)["error"].endswith(".")
    assert read_history(Corpus.open(str(corpus)).store) == []


def test_a_clip_of_nowhere_is_a_sentence(served: Served) -> None:
    for path in ("/movie/nobody", "/movie/..%2f..%2fetc%2fpasswd"):
        assert served.ask(served.root + path)[0] in (400, 404)
    assert served.ask(f"{served.root}/say/nobody", body={"verdict": "drop"})[0] == 400
    assert served.ask(f"{served.root}/undo", body={"clip_id": "val1"})[0] == 400


def test_a_taken_port_is_a_sentence(corpus: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(UserError, match="--port"):
            serve(session_of(corpus), port=other.getsockname()[1], announce=lambda _: None)

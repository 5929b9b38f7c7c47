"""Servers misbehave, models say anything: neither reaches a corpus, and no key or prompt reaches a log."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from style2talker.answers import Answers
from style2talker.emotion.action_units import ActionUnit
from style2talker.emotion.endpoint import Endpoint, Pace, Patience
from style2talker.emotion.evidence import Sentence
from style2talker.emotion.language_model import LocalModel
from style2talker.emotion.paraphrase import Paraphraser, prompt_of, verified
from style2talker.emotion.parse import violations
from style2talker.emotion.sentences import write_sentences
from style2talker.errors import UserError

CHIN = ActionUnit(unit=17, name="chin raiser", intensity=0.9, level="high")
BROW = ActionUnit(unit=4, name="left brow lowerer", intensity=0.2, level="low")
HASTY = Patience(concurrency=4, per_s=1e4, attempts=4, timeout_s=60, first_wait_s=0.001)
KEY = "sk-secret-0123"


def sentences_of(clip_id: str = "c0ffee") -> list[Sentence]:
    return write_sentences(clip_id=clip_id, emotion="sad", level=2, action_units=[CHIN, BROW])


def other_words(prompt: str) -> str:
    """What an obedient model says: the phrases in a frame that the grammar does not have."""
    first, *moving = prompt.split("by letter: ")[1].split(".\n")[0].split("; ")
    return f"Throughout this scene one sees {first} manner; " + " and ".join(moving) + "."


Behaviour = Callable[[BaseHTTPRequestHandler, str, int], None]


class Server:
    """A real HTTP server on the loopback whose manners are the test's. It counts how often a prompt came."""

    def __init__(self, behave: Behaviour) -> None:
        self.asked: dict[str, int] = {}
        self.headers: list[dict[str, str]] = []
        self.most_at_once = self._now = 0
        self.release = threading.Event()
        lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                prompt = request["messages"][0]["content"]
                with lock:
                    server.headers.append({**self.headers, "path": self.path, "model": request["model"]})
                    server.asked[prompt] = server.asked.get(prompt, 0) + 1
                    server._now += 1
                    server.most_at_once = max(server.most_at_once, server._now)
                try:
                    behave(self, prompt, server.asked[prompt])
                finally:
                    with lock:
                        server._now -= 1

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @contextmanager
    def running(self) -> Iterator["Server"]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.release.set()
            self._server.shutdown()
            thread.join()
            self._server.server_close()


def send(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def say(handler: BaseHTTPRequestHandler, text: str) -> None:
    send(handler, json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode())


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("STYLE2TALKER_LLM_KEY", raising=False)


def test_an_obedient_server_paraphrases_and_each_claim_has_its_words(tmp_path: Path) -> None:
    with Server(lambda handler, prompt, time: say(handler, other_words(prompt))).running() as server:
        paraphrase = Paraphraser(Endpoint(server.url, "obedient", patience=HASTY), Answers(tmp_path / "a"))
        before = {clip: sentences_of(clip) for clip in ("c0ffee", "decaf")}
        after = paraphrase([*before.items()])
    names = [name for clip in after for _, name in clip]
    assert names.count("obedient") >= 2  # more of a clip would be too much alike
    for sentences, replaced in zip(before.values(), after, strict=True):
        for old, (new, name) in zip(sentences, replaced, strict=True):
            assert (name == "grammar") == (new == old)
            assert violations(new.text, new.evidence) == []
            assert {(e.kind, e.value) for e in new.evidence} == {(e.kind, e.value) for e in old.evidence}


def misbehave(handler: BaseHTTPRequestHandler, prompt: str, time: int) -> None:
    """Each prompt meets all of it: too many requests, a broken server, half an answer, then the truth."""
    if time == 1:
        send(handler, b"{}", 429, Retry_After="0")
    elif time == 2:
        send(handler, b"<html>oops</html>", 500)
    elif time == 3:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"choices": [')
        handler.close_connection = True
    else:
        say(handler, other_words(prompt))


def test_a_moody_server_is_asked_again_and_then_never_more(tmp_path: Path) -> None:
    clips = [("c0ffee", sentences_of())]
    with Server(misbehave).running() as server:
        endpoint = Endpoint(server.url, "moody", patience=HASTY)
        first = Paraphraser(endpoint, Answers(tmp_path / "a"))(clips)
        asked = dict(server.asked)
        again = Paraphraser(endpoint, Answers(tmp_path / "a"))(clips)
        assert server.asked == asked
        assert server.headers[0]["path"] == "/v1/chat/completions"
        assert server.headers[0]["model"] == "moody"
    assert set(asked.values()) == {4}
    assert asked.keys() == {prompt_of(sentence) for sentence in clips[0][1]}
    assert first == again
    assert any(name == "moody" for _, name in first[0])


@pytest.mark.parametrize(
    "behave",
    [
        lambda handler, prompt, time: send(handler, b"", 503),
        lambda handler, prompt, time: send(handler, b"\xff\xfe not JSON"),
        lambda handler, prompt, time: send(handler, b'{"choices": []}'),
        lambda handler, prompt, time: send(handler, b'{"choices": [{"message": {"content": null}}]}'),
        lambda handler, prompt, time: send(handler, b'"' + b"x" * 2_000_000 + b'"'),
        lambda handler, prompt, time: handler.connection.close(),
    ],
    ids=["unavailable", "garbage", "no choices", "no text", "too much", "hangs up"],
)
def test_a_server_that_never_answers_stops_the_build(tmp_path: Path, behave: Behaviour) -> None:
    with Server(behave).running() as server:
        paraphrase = Paraphraser(Endpoint(server.url, "ill", patience=HASTY), Answers(tmp_path / "a"))
        with pytest.raises(UserError, match=r"no answer in 4 attempts.*build again"):
            paraphrase([("c0ffee", sentences_of()[:1])])
        assert [*server.asked.values()] == [4]


def test_a_server_that_keeps_us_waiting_is_left(tmp_path: Path) -> None:
    server = Server(lambda handler, prompt, time: server.release.wait(30) and None)
    with server.running():
        hasty = Patience(attempts=2, timeout_s=0.05, first_wait_s=0.001)
        with pytest.raises(UserError, match="no answer in 2 attempts"):
            [*Endpoint(server.url, "slow", patience=hasty)(["hello"])]
        assert server.asked == {"hello": 2}


def test_what_was_answered_before_a_failure_is_kept(tmp_path: Path) -> None:
    sentences = sentences_of()[:2]
    refused = prompt_of(sentences[1])
    well = threading.Event()

    def behave(handler: BaseHTTPRequestHandler, prompt: str, time: int) -> None:
        if prompt == refused and not well.is_set():
            send(handler, b"", 500)
        else:
            say(handler, other_words(prompt))

    with Server(behave).running() as server:
        paraphrase = Paraphraser(Endpoint(server.url, "ill", patience=HASTY), Answers(tmp_path / "a"))
        with pytest.raises(UserError):
            paraphrase([("c0ffee", sentences)])
        well.set()
        assert len(paraphrase([("c0ffee", sentences)])[0]) == 2
        assert server.asked[prompt_of(sentences[0])] == 1


@pytest.mark.parametrize("status", [400, 401, 404, 307])
def test_a_refusal_is_no_mood(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STYLE2TALKER_LLM_KEY", KEY)
    elsewhere = Server(lambda handler, prompt, time: say(handler, "hello"))
    with (
        elsewhere.running(),
        Server(
            lambda handler, prompt, time: send(
                handler, b"", status, Location=f"{elsewhere.url}/chat/completions"
            )
        ).running() as server,
    ):
        with pytest.raises(UserError, match=f"answers {status}"):
            [*Endpoint(server.url, "m", patience=HASTY)(["hello"])]
        assert server.asked == {"hello": 1}
        assert elsewhere.asked == {}  # nor is the key taken anywhere else


def test_neither_key_nor_prompt_is_told_to_anybody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STYLE2TALKER_LLM_KEY", KEY)
    with caplog.at_level(logging.DEBUG), Server(lambda h, p, t: send(h, b"", 500)).running() as server:
        with pytest.raises(UserError) as caught:
            [*Endpoint(server.url, "m", patience=HASTY)(["my prompt"])]
        assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    told = "".join([caplog.text, *capfd.readouterr(), str(caught.value)])
    assert "no answer" in told
    assert KEY not in told
    assert "my prompt" not in told
    monkeypatch.setenv("STYLE2TALKER_LLM_KEY", f"{KEY}\nHost: other")
    with pytest.raises(UserError, match="copy it again") as caught:
        Endpoint("http://127.0.0.1/v1", "m")
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a/v1", "http://me:pw@host/v1", "host/v1", "http://"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UserError, match="expected http") as caught:
        Endpoint(url, "m")
    assert "pw" not in str(caught.value).replace("password", "")


def test_requests_run_side_by_side_but_no_more_than_allowed() -> None:
    gate = threading.Barrier(3)

    def behave(handler: BaseHTTPRequestHandler, prompt: str, time: int) -> None:
        gate.wait(20)  # passes only when three are here at once
        say(handler, prompt.upper())

    with Server(behave).running() as server:
        patience = Patience(concurrency=3, per_s=1e4)
        said = [*Endpoint(server.url, "m", patience=patience)([f"prompt {n}" for n in range(6)])]
        assert server.most_at_once == 3
    assert said == [f"PROMPT {n}" for n in range(6)]


def test_the_pace_spreads_a_crowd_and_forgets_a_pause() -> None:
    pace = Pace(per_s=4)
    assert [pace.wait_s(10.0) for _ in range(3)] == [0, 0.25, 0.5]
    assert pace.wait_s(10.75) == 0
    assert pace.wait_s(99.0) == 0


def test_how_fast_is_asked_is_the_machines_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STYLE2TALKER_LLM_PER_S", "0.5")
    monkeypatch.setenv("STYLE2TALKER_LLM_CONCURRENCY", "2")
    assert (Patience.of_environment().per_s, Patience.of_environment().concurrency) == (0.5, 2)
    for bad in ("0", "-1", "fast", "inf", "nan"):
        monkeypatch.setenv("STYLE2TALKER_LLM_PER_S", bad)
        with pytest.raises(UserError, match=r"STYLE2TALKER_LLM_PER_S.*above zero"):
            Endpoint("http://127.0.0.1/v1", "m")


def test_what_a_model_invents_is_not_taken() -> None:
    sentence = sentences_of()[0]
    said = other_words(prompt_of(sentence))
    assert verified(said, sentence) is not None
    word = sentence.evidence[0].words.lower()
    for bad in (
        "",
        said[:-1],
        f'{said} The words are: "hello".',
        said.replace("one sees", "he sees"),
        said.replace("one sees", "one hardly sees"),
        said.replace(word, "happy"),
        said.replace(word, f"{word} and happy"),
        said.replace(word, "heartbroken"),
        said.replace(".", " and strongly smiles."),
        "I am sorry, but I cannot help with that.",
        said * 9,
    ):
        assert verified(bad, sentence) is None, bad


@pytest.mark.parametrize("chats", [True, False])
def test_a_local_model_is_asked_through_transformers(
    tmp_path: Path, tiny_models: ModuleType, chats: bool
) -> None:
    """A tiny network that has learned one answer by heart and babbles otherwise."""
    sentences = sentences_of()
    prompt = prompt_of(sentences[0])
    directory = tiny_models.save_llama(
        tmp_path / "tiny-llm", prompt=prompt, answer=other_words(prompt), chats=chats
    )
    replaced = Paraphraser(LocalModel(directory), Answers(tmp_path / "answers"))([("c0ffee", sentences)])[0]
    assert replaced[0][1] == "tiny-llm"
    assert replaced[0][0].text == other_words(prompt)
    assert [name for _, name in replaced[1:]] == ["grammar"] * 4
    with pytest.raises(UserError, match="transformers"):
        LocalModel(tmp_path)
    (directory / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match="cannot read it"):
        [*LocalModel(directory)(["hello"])]

"""An S3 server that can be told to fail: moto's, behind a proxy that answers, waits or hangs up in its place.

Nothing here knows what is stored: a fault is chosen by the method and the target of a request.
"""

import http.client
import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

import pytest

BUCKET = "corpora"
CODES = {403: "AccessDenied", 404: "NoSuchBucket", 500: "InternalError", 503: "SlowDown"}


@dataclass(slots=True)
class Fault:
    """What happens to the next `times` requests that `hits` chooses.

    `do` is a status to answer with, `stall` (no answer until the server ends), `cut` (hangs up in the middle
    of what it is sent), `cut_answer` (lets the server do it and hangs up in the middle of the answer) or
    `call`.
    """

    hits: Callable[[str, str], bool]
    do: int | Literal["stall", "cut", "cut_answer"] | Callable[[], None]
    times: int = 1


@dataclass(slots=True)
class FaultyS3:
    """A running server. `seen` are the requests so far, as `METHOD target`."""

    address: str
    client: Any
    faults: list[Fault] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def uri(self, prefix: str = "tiny", *, bucket: str = BUCKET) -> str:
        return f"s3://{bucket}/{prefix}?endpoint_override={self.address}&scheme=http&region=us-east-1"

    def fail(self, do: Any, *, method: str = "", target: str = "", times: int = 1) -> Fault:
        """Let requests fail whose method is `method` and whose path and query hold `target`."""
        fault = Fault(lambda m, t: m.startswith(method) and target in t, do, times)
        self.faults.append(fault)
        return fault

    def objects(self) -> dict[str, bytes]:
        """What anybody can see, but for the empty ones by which Arrow remembers a folder."""
        listed = self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {
            entry["Key"]: self.client.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
            for entry in listed
            if not entry["Key"].endswith("/")
        }

    def clear(self) -> None:
        """No objects, no faults, nothing seen."""
        for key in self.objects():
            self.client.delete_object(Bucket=BUCKET, Key=key)
        self.faults.clear()
        self.seen.clear()

    def next_fault(self, method: str, target: str) -> Fault | None:
        with self.lock:
            self.seen.append(f"{method} {target}")
            for fault in self.faults:
                if fault.times > 0 and fault.hits(method, target):
                    fault.times -= 1
                    return fault
        return None


def _handler(server: FaultyS3, host: str, port: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def pass_on(self) -> None:
            fault = server.next_fault(self.command, self.path)
            do = fault.do if fault else None
            if do == "stall":
                server.over.wait()
                self.close_connection = True
            elif do == "cut":
                self.rfile.read(min(int(self.headers.get("Content-Length", 0)) // 2, 1 << 20))
                self.hang_up()
            elif isinstance(do, int):
                self.read_body()
                text = f"<Error><Code>{CODES[do]}</Code><Message>told to</Message></Error>".encode()
                self.answer(do, {"Content-Type": "application/xml"}, text)
            else:
                if callable(do):
                    do()
                status, headers, body = self.forward()
                if do == "cut_answer":
                    self.answer(status, headers, body[: len(body) // 2], length=len(body))
                    self.hang_up()
                else:
                    self.answer(status, headers, body)

        def read_body(self) -> bytes:
            if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return body

        def forward(self) -> tuple[int, dict[str, str], bytes]:
            connection = http.client.HTTPConnection(host, port)
            body = self.read_body()
            hop = ("connection", "expect", "transfer-encoding", "content-length")
            headers = {key: value for key, value in self.headers.items() if key.lower() not in hop}
            connection.request(
                self.command,
                self.path,
                body,
                {**headers, "Content-Length": str(len(body)), "Connection": "close"},
            )
            response = connection.getresponse()
            kept = {k: v for k, v in response.getheaders() if k.lower() not in hop or self.command == "HEAD"}
            return response.status, kept, response.read()

        def answer(
            self, status: int, headers: dict[str, str], body: bytes, *, length: int | None = None
        ) -> None:
            self.send_response_only(status)
            for key, value in headers.items():
                self.send_header(key, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(body) if length is None else length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def hang_up(self) -> None:
            self.wfile.flush()
            # no farewell: the other side's next read or write fails
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = pass_on  # noqa: N815 - names that the base class calls

    return Handler


@contextmanager
def running() -> Iterator[FaultyS3]:
    """moto's server with one empty bucket, and the proxy in front of it; credentials are set meanwhile."""
    pytest.importorskip("moto.server", reason="moto is not installed (pip install -e '.[dev]')")
    with pytest.MonkeyPatch.context() as patch:
        for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(key, "test")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        with _served() as server:
            yield server


@contextmanager
def _served() -> Iterator[FaultyS3]:
    import boto3
    from moto.server import ThreadedMotoServer

    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1")
    client.create_bucket(Bucket=BUCKET)
    server = FaultyS3(address="", client=client)
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server, host, port))
    proxy.daemon_threads = True
    proxy.handle_error = lambda *_: None  # the other side hung up: that is what we are here for
    server.address = f"127.0.0.1:{proxy.server_address[1]}"
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        proxy.shutdown()
        proxy.server_close()
        thread.join()
        moto.stop()

"""The page's server. It answers this machine's browser only, and only to whoever has the address.

Other sites' pages run in the same browser. They do not know the token in the address; a name of theirs that
is made to point here is refused by the Host header, and what they ask for by Sec-Fetch-Site.
"""

import secrets
import socket
import tempfile
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import uvicorn
from jinja2 import Environment, FunctionLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from style2talker.corpus.intact import LostError
from style2talker.emotion.action_units import UNITS
from style2talker.emotion.facs import UNIT_NAMES
from style2talker.emotion.taxonomy import EMOTIONS
from style2talker.errors import UserError
from style2talker.review.evidence import SHOWN_MEASURES, WIDTH_PX, evidence_of
from style2talker.review.movie import Movies
from style2talker.review.session import Session

HOST = "127.0.0.1"
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; media-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",  # people are to be seen: nothing of them stays in the browser
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}
_LEVEL_WORDS = {1: "mild", 2: "plain", 3: "extreme"}
_TRACK_PX = 34.0


class SameSite:
    """Refuse what another site's page asks for, and put the headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        request = Request(scope)
        site = request.headers.get("sec-fetch-site", "none")  # browsers say it, other programs need not
        is_json = request.headers.get("content-type", "").startswith("application/json")
        if site not in ("same-origin", "none") or (request.method == "POST" and not is_json):
            await Response("Asked for by another site.", 403)(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)


def make_app(session: Session, movies: Movies, *, token: str, stop: Callable[[], None]) -> Starlette:
    """The application; everything lies below the token. `stop` is called when the person is done."""

    def start(_: Request) -> Response:
        place = session.next_place(len(session.clips) - 1, session.holding())
        return RedirectResponse(f"/{token}/finish" if place is None else f"/{token}/clip/{place + 1}")

    def show(request: Request) -> Response:
        place = request.path_params["number"] - 1
        if not 0 <= place < len(session.clips):
            return RedirectResponse(f"/{token}/finish")
        holding = session.holding()
        row = session.row(session.clips[place])
        view = evidence_of(row, height_px=_TRACK_PX)
        following = session.next_place(place, holding)
        return _page(
            "clip.html.j2",
            session=session,
            token=token,
            number=place + 1,
            clip=view,
            row=row,
            num_said=len(holding),
            said=holding.get(row["clip_id"]),
            width_px=WIDTH_PX,
            shown_measures=SHOWN_MEASURES,
            track_px=_TRACK_PX,
            state={
                "root": f"/{token}",
                "clip_id": row["clip_id"],
                "following": None if following is None else session.clips[following].clip_id,
                "duration_s": view.duration_s,
                "emotion": row["emotion"],
                "level": row["emotion_level"],
                "transcript": row["transcript"],
                "units": {unit.unit: [unit.side, unit.level] for unit in view.units},
                "said": None if (said := holding.get(row["clip_id"])) is None else said.row(),
            },
        )

    def movie(request: Request) -> Response:
        clip = session.clips[session.place(request.path_params["clip_id"])]
        return FileResponse(movies.path(clip), media_type="video/mp4")

    async def say(request: Request) -> Response:
        clip_id, values = request.path_params["clip_id"], await _values(request)
        said = session.say(clip_id, values)
        here = session.place(clip_id)
        place = session.next_place(here, session.holding())
        what = f"{said.emotion}, {_LEVEL_WORDS[said.level]}" if said.emotion and said.level else said.verdict
        told = f"Saved. Clip {here + 1}: {what}."
        return JSONResponse({"next": "finish" if place is None else f"clip/{place + 1}", "told": told})

    async def undo(request: Request) -> Response:
        clip_id = session.undo(str((await _values(request)).get("clip_id")))
        number = session.place(clip_id) + 1
        told = f"Taken back: what was said last about clip {number}."
        return JSONResponse({"next": f"clip/{number}", "told": told})

    def finish(_: Request) -> Response:
        holding = session.holding()
        said = [(session.place(clip_id) + 1, correction) for clip_id, correction in holding.items()]
        return _page(
            "finish.html.j2",
            session=session,
            token=token,
            summary=session.summary(),
            said=sorted(said, key=lambda pair: pair[1].time_utc, reverse=True),
        )

    async def close(_: Request) -> Response:
        stop()
        return JSONResponse({})

    async def refuse(request: Request, error: Exception) -> Response:
        if request.method == "POST":
            return JSONResponse({"error": str(error)}, 400)
        if isinstance(error, LostError):  # a build replaced the shard that this session looks at
            return PlainTextResponse(
                "The corpus was built again meanwhile; start `style2talker review` again.", 409
            )
        return PlainTextResponse(str(error), 400)

    routes = [
        Route("/", start),
        Route("/clip/{number:int}", show),
        Route("/movie/{clip_id}", movie),
        Route("/say/{clip_id}", say, methods=["POST"]),
        Route("/undo", undo, methods=["POST"]),
        Route("/finish", finish),
        Route("/close", close, methods=["POST"]),
        Mount("/static", StaticFiles(packages=[("style2talker.review", "static")])),
    ]
    return Starlette(
        routes=[Mount(f"/{token}", routes=routes)],
        middleware=[
            Middleware(SameSite),
            Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"], www_redirect=False),
        ],
        exception_handlers={UserError: refuse},
    )


async def _values(request: Request) -> dict[str, Any]:
    try:
        values = await request.json()
    except ValueError as error:
        raise UserError(f"this is no correction ({error}); load the page again.") from error
    if not isinstance(values, dict):
        raise UserError("this is no correction; load the page again.")
    return values


@cache
def _environment() -> Environment:
    folder = files("style2talker.review") / "templates"
    environment = Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    units = [(unit, UNIT_NAMES[unit]) for unit in UNITS]
    environment.globals.update(emotions=EMOTIONS, level_words=_LEVEL_WORDS, units=units)
    return environment


def _page(name: str, **values: Any) -> Response:
    return HTMLResponse(_environment().get_template(name).render(values))


def serve(session: Session, *, port: int, announce: Callable[[str], None]) -> None:
    """Answer until the person is done or interrupts.

    Args:
        port: 0 takes a free one.
        announce: called with the address once it is open.

    Raises:
        UserError: the port is taken.
    """
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        raise UserError(
            f"port {port} cannot be had ({error.strerror}); give another --port, or none."
        ) from error
    with listening, tempfile.TemporaryDirectory(prefix="style2talker-") as folder:
        listening.listen()
        token = secrets.token_urlsafe(16)
        movies = Movies(session.corpus, Path(folder))
        app = make_app(session, movies, token=token, stop=lambda: setattr(server, "should_exit", True))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off"))
        announce(f"http://{HOST}:{listening.getsockname()[1]}/{token}/")
        server.run(sockets=[listening])

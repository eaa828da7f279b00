"""The pages outside Streamlit: sign-in, first run, own passphrase, sign-out, lock.

Plain HTML without any script, so that they work, and are safe, before anything else is.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from .errors import BadInput, FokusError, StudyExists, WrongPassphrase
from .forms import BACK, button, field, form_of, page, read_form, secret
from .gate import FIRST_RUN, LOCK, LOOK, PASSPHRASE, SIGN_IN, SIGN_OUT
from .key_pages import key_routes
from .keys import LEAST_PASSPHRASE
from .sessions import (
    LONGEST,
    SCOPE,
    Session,
    Sessions,
    session_of,
    sessions_of,
)
from .study import create_study
from .tries import TooManyTries


def gate_routes(home: Path) -> list[BaseRoute]:
    """Give the routes of the pages outside Streamlit."""
    pages = Pages(sessions_of(home))
    return [
        *key_routes(),
        Route(LOOK, pages.look),
        Route(SIGN_IN, pages.sign_in, methods=["GET", "POST"]),
        Route(FIRST_RUN, pages.first_run, methods=["GET", "POST"]),
        Route(PASSPHRASE, pages.passphrase, methods=["GET", "POST"]),
        Route(SIGN_OUT, pages.sign_out, methods=["GET", "POST"]),
        Route(LOCK, pages.lock, methods=["GET", "POST"]),
    ]


class Pages:
    """The pages of one home."""

    def __init__(self, sessions: Sessions) -> None:
        """Sign in to this table."""
        self._sessions = sessions

    async def look(self, request: Request) -> Response:
        """Send the style sheet."""
        text = (Path(__file__).parent / "web" / "look.css").read_text(encoding="utf-8")
        return Response(text, media_type="text/css")

    async def sign_in(self, request: Request) -> Response:
        """Ask for name and passphrase."""
        if request.method != "POST":
            return _sign_in_page()
        form = await read_form(request)
        try:
            return await self._enter(request, form)
        except TooManyTries as error:
            return _sign_in_page(str(error), form.get("name", ""), 429)
        except WrongPassphrase as error:
            return _sign_in_page(str(error), form.get("name", ""), 403)
        except FokusError as error:
            return _sign_in_page(str(error), form.get("name", ""), 400)

    async def first_run(self, request: Request) -> Response:
        """Create the study and its first lead."""
        if request.method != "POST":
            return _first_run_page()
        form = await read_form(request)
        title, name = form.get("title", ""), form.get("name", "")
        try:
            code = form.get("code", "")
            await anyio.to_thread.run_sync(self._sessions.check_setup, code)
            chosen = _chosen(form)
            create = partial(create_study, self._sessions.home, title, name, chosen)
            await anyio.to_thread.run_sync(create)
            return await self._enter(request, form)
        except StudyExists:
            return RedirectResponse(SIGN_IN, 303)
        except FokusError as error:
            status = 429 if isinstance(error, TooManyTries) else 400
            return _first_run_page(str(error), title, name, form.get("code", ""), status)

    async def passphrase(self, request: Request) -> Response:
        """Choose an own passphrase: instead of the one-time one, or of the present one."""
        session = session_of(request)
        study = session.study
        first = study.first_sign_in
        if request.method != "POST":
            return _passphrase_page(first)
        form = await read_form(request)
        try:
            chosen = _chosen(form)
            work: Callable[[], None] = (
                partial(study.choose_passphrase, chosen)
                if first
                else partial(self._sessions.change_passphrase, session, form.get("old", ""), chosen)
            )
            await anyio.to_thread.run_sync(work)
        except FokusError as error:
            return _passphrase_page(first, str(error), 400)
        return RedirectResponse("/", 303)

    async def sign_out(self, request: Request) -> Response:
        """Confirm, then end the session."""
        if request.method != "POST":
            return page("Sign out", f'<form method="post">{button("Sign out")}</form>{BACK}')
        await anyio.to_thread.run_sync(self._sessions.end, session_of(request))
        return self._out()

    async def lock(self, request: Request) -> Response:
        """Confirm, then lock the study for everybody."""
        session = session_of(request)
        if request.method != "POST":
            return _lock_page(self._sessions.signed_in() - 1)
        await anyio.to_thread.run_sync(self._sessions.lock, session)
        return self._out()

    def _out(self) -> Response:
        answer = RedirectResponse(SIGN_IN, 303)
        # A browser lets go of a cookie with the prefix only if told to with its attributes.
        secure = self._sessions.behind_tls
        answer.delete_cookie(
            self._sessions.cookie, path="/", httponly=True, samesite="strict", secure=secure
        )
        return answer

    async def _enter(self, request: Request, form: dict[str, str]) -> Response:
        name, passphrase = form.get("name", ""), form.get("passphrase", "")
        code = "" if request.url.path == FIRST_RUN else form.get("code", "").strip()
        enter = partial(self._sessions.sign_in, name, passphrase, code)
        token = await anyio.to_thread.run_sync(enter)
        former = request.scope.get(SCOPE)
        if isinstance(former, Session):
            await anyio.to_thread.run_sync(self._sessions.end, former)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            self._sessions.cookie, token, max_age=int(LONGEST), path="/", httponly=True,
            samesite="strict", secure=self._sessions.behind_tls,
        )  # fmt: skip
        return answer


def _chosen(form: dict[str, str]) -> str:
    chosen = form.get("passphrase", "")
    if chosen != form.get("again", ""):
        raise BadInput("The two passphrases differ. Type the same one twice.")
    return chosen


def _sign_in_page(error: str = "", name: str = "", status: int = 200) -> Response:
    fields = field("name", "Name", name, "username", first=not name)
    fields += secret("passphrase", "Passphrase", "current-password", first=bool(name))
    fields += (
        '<label for="code">One-time code <small>(only if you set this up)</small></label>'
        '<input id="code" name="code" maxlength="20" inputmode="numeric"'
        ' autocomplete="one-time-code">'
    )
    return page("Sign in", form_of(error, fields, "Sign in"), status)


def _first_run_page(
    error: str = "", title: str = "", name: str = "", code: str = "", status: int = 200
) -> Response:
    fields = field("code", "Set-up code", code, "off", first=True)
    fields += field("title", "Title of the study", title, "off")
    fields += field("name", "Your name (you become its lead)", name, "username")
    said = (
        "<p>There is no study in this folder yet. Create it here; everything in it is "
        "encrypted with keys that only its members can open. Nobody can restore a lost "
        "passphrase, so keep it safe.</p>"
        "<p>The set-up code stands in the window in which the server was started.</p>"
    )
    form = form_of(error, fields + _twice(), "Create the study")
    return page("Create a study", said + form, status)


def _lock_page(others: int) -> Response:
    who = {0: "Nobody else is", 1: "One other person is"}.get(others, f"{others} others are")
    said = (
        "<p>This signs everybody out at once, in every browser, and the server forgets the "
        f"keys. {who} signed in now. What is saved stays saved.</p>"
    )
    form = f'<form method="post">{button("Lock now")}</form>'
    return page("Lock the study", said + form + BACK)


def _passphrase_page(first: bool, error: str = "", status: int = 200) -> Response:
    old = "" if first else secret("old", "Present passphrase", "current-password", first=True)
    said = (
        "<p>You signed in with a one-time passphrase. Choose one of your own; the one-time "
        "passphrase then stops working.</p>"
        if first
        else "<p>Wherever else you are signed in, you will have to sign in again.</p>"
    )
    form = form_of(error, old + _twice(), "Save the passphrase")
    return page("Choose a passphrase", said + form + ("" if first else BACK), status)


def _twice() -> str:
    label = f"Passphrase (at least {LEAST_PASSPHRASE} characters; a few words are best)"
    return secret("passphrase", label, "new-password") + secret(
        "again", "The same passphrase again", "new-password"
    )

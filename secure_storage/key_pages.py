"""Pages outside Streamlit that show a secret once: the recovery kit, one-time codes.

Streamlit keeps what it draws for a session and would hand a picture out under an address
of its own; these pages go to the one browser that asked and are kept nowhere.
"""

from collections.abc import Callable
from functools import partial
from html import escape
from typing import Final

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from . import one_time_codes
from .errors import FokusError, NotAllowed, WrongPassphrase
from .events import now
from .forms import BACK, form_of, page, read_form, secret
from .recovery import has_kit, make_kit
from .sessions import Session, session_of, sessions_of
from .study import Study
from .tries import TooManyTries

KIT: Final = "/recovery-kit"
CODES: Final = "/one-time-codes"


def key_routes() -> list[BaseRoute]:
    """Give the routes of these pages."""
    return [
        Route(KIT, _kit, methods=["GET", "POST"]),
        Route(CODES, _codes, methods=["GET", "POST"]),
    ]


async def _kit(request: Request) -> Response:
    session = session_of(request)
    if request.method != "POST":
        return await _told("Recovery kit", partial(_kit_asked, session.study))
    passphrase = (await read_form(request)).get("passphrase", "")
    return await _told("Recovery kit", partial(_kit_made, session, passphrase))


async def _codes(request: Request) -> Response:
    session = session_of(request)
    if request.method != "POST":
        return await _told("One-time codes", partial(_codes_page, session.study))
    code = (await read_form(request)).get("code", "")
    return await _told("One-time codes", partial(_codes_changed, session, code))


async def _told(title: str, work: Callable[[], Response]) -> Response:
    try:
        return await anyio.to_thread.run_sync(work)
    except FokusError as error:
        status = 403 if isinstance(error, NotAllowed) else 400
        return page(title, f'<p role="alert">{escape(str(error))}</p>{BACK}', status)


def _kit_asked(study: Study, error: str = "", status: int = 200) -> Response:
    again = has_kit(study)
    present = (
        "<p><strong>There is a kit already.</strong> A new one replaces it. The old "
        "paper then opens older copies of the study, such as backups, and together with the key "
        "file of one (study.json) also the present study, until its keys are changed. If the "
        "old paper was lost, or somebody may have seen it, make the new kit and then change the "
        'keys on the page <a href="/members">Members &amp; security</a>.</p>'
        if again
        else "<p><strong>There is no kit yet.</strong></p>"
    )
    said = (
        "<p>The recovery kit is one page of paper that opens the study when no lead can sign "
        "in any more, because a passphrase is forgotten or a phone lost. Without it nobody "
        "can help: the keys exist nowhere else.</p>"
        f"{present}<p>The next page shows the kit once. Have a printer ready; do not save it "
        "on a disk or take a picture of it.</p>"
    )
    label = "Make a new kit" if again else "Make the kit"
    asked = secret("passphrase", "Your passphrase", "current-password", first=True)
    return page("Recovery kit", said + form_of(error, asked, label) + BACK, status)


def _kit_made(session: Session, passphrase: str) -> Response:
    study = session.study
    study.require("members")
    try:
        # Whoever finds a session open must not walk away with the keys.
        sessions_of(study.home).confirm(session, passphrase)
    except (WrongPassphrase, TooManyTries) as error:
        status = 429 if isinstance(error, TooManyTries) else 403
        return _kit_asked(study, str(error), status)
    groups = "".join(f"<li><code>{group}</code></li>" for group in make_kit(study).split("-"))
    member, day = escape(study.member.name), now()[:10]
    body = (
        '<p class="only-screen" role="status">Print this page now (Ctrl+P). It is shown only '
        "this once.</p>"
        f"<dl><dt>Study</dt><dd>{escape(study.title)}</dd>"
        f"<dt>Made</dt><dd>{day} by {member}</dd></dl>"
        f'<ol class="kit">{groups}</ol>'
        "<p>Whoever holds this page and the study folder can open the whole study. Keep it "
        "sealed in a safe, away from the computer. Every use of it stands in the journal.</p>"
        "<p>To use it, stop the server and type on its machine:</p>"
        "<p><code>fokus study recover --home FOLDER</code></p>"
        "<p>Type the eight groups in their order; a wrong character is noticed. A lead then "
        "gets a new one-time passphrase. The kit stays good, also after the keys are changed, "
        "until a new one is made. A backup opens with the kit of its day.</p>"
        f'<div class="only-screen">{BACK}</div>'
    )
    return page("Recovery kit", body)


def _codes_page(study: Study, error: str = "", status: int = 200) -> Response:
    if study.member.uses_codes:
        said = (
            "<p>Your sign-ins ask for a one-time code besides your passphrase. To switch this "
            "off, type a code of your app; each code works once. If the phone is lost, a lead "
            "can switch it off for you.</p>"
        )
        form = form_of(error, _code_field(), "Switch off")
        return page("One-time codes", said + form + BACK, status)
    enrolment = one_time_codes.propose(study)
    secret = " ".join(enrolment.secret[at : at + 4] for at in range(0, len(enrolment.secret), 4))
    said = (
        "<p>With one-time codes a sign-in needs your passphrase and a code that an app on your "
        "phone shows. The app works without internet.</p>"
        "<p>Scan this with an authenticator app, or type the secret into it "
        "(time-based, 6 digits):</p>"
        f'<p class="code-picture">{_picture(enrolment.address)}</p>'
        f"<p><code>{secret}</code></p>"
        "<p>Then type the code that the app shows.</p>"
    )
    form = form_of(error, _code_field(), "Switch on")
    return page("One-time codes", said + form + BACK, status)


def _codes_changed(session: Session, code: str) -> Response:
    study = session.study
    try:
        if study.member.uses_codes:
            sessions_of(study.home).switch_off_codes(session, code)
        else:
            one_time_codes.switch_on(study, code)
    except NotAllowed:
        raise
    except FokusError as error:
        return _codes_page(study, str(error), 429 if isinstance(error, TooManyTries) else 400)
    return RedirectResponse("/members", 303)


def _code_field() -> str:
    return (
        '<label for="code">Code</label><input id="code" name="code" required maxlength="20"'
        ' inputmode="numeric" autocomplete="one-time-code" autofocus>'
    )


def _picture(address: str) -> str:
    import segno

    # Drawn in the page itself, dark on light in dark mode too, or phones cannot read it.
    return str(
        segno.make(address, error="m").svg_inline(
            scale=5, dark="#000000", light="#ffffff", svgclass=None, lineclass=None, omitsize=False
        )
    )

"""Fokus: the console command, the ASGI app, and the router of its pages.

The file is read in two ways. Imported, it gives ``build`` (the ASGI app: our gate in
front of our routes and Streamlit) and ``main`` (the command ``fokus``). Run by
Streamlit as a script, it draws the page asked for. ``streamlit run app.py`` has no
gate in front of it, so no study belongs to the request and nothing is shown.
"""

import argparse
import sys
import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import secure_storage
import transcribe

if TYPE_CHECKING:
    from streamlit import App
    from streamlit.navigation.page import StreamlitPage

DEFAULT_HOME = Path("fokus-study")
Page = Callable[[secure_storage.Study], None]


def build(home: Path) -> "App":
    """Make the ASGI app of the study in ``home``, its gate included."""
    import streamlit as st
    from starlette.middleware import Middleware

    import coding.api
    import themes.api
    import transcribe.api

    secure_storage.assert_switches()
    routes = [
        *secure_storage.gate_routes(home),
        *secure_storage.audio_routes(),
        *secure_storage.export_routes(),
        *transcribe.api.routes(),
        *coding.api.routes(),
        *themes.api.routes(),
    ]
    gate = Middleware(secure_storage.Gate, home=home)
    return st.App(Path(__file__), routes=routes, middleware=[gate])


def draw() -> None:
    """Draw the page asked for, for the member whose study the gate handed over."""
    import streamlit as st

    from secure_storage.page import custodian_page, way_out

    st.set_page_config(page_title="Fokus", page_icon="🎧", layout="wide")
    try:
        study = secure_storage.web_session(st.context.headers)
    except secure_storage.NotSignedIn:
        st.stop()
    try:
        if transcribe.may(study, "read"):
            draw_pages(study)
        else:
            custodian_page(study)
    except secure_storage.FokusError as error:
        st.text(textwrap.fill(str(error), 100))
        way_out()


def draw_pages(study: secure_storage.Study) -> None:
    """Draw the navigation, who is signed in, and the page."""
    import streamlit as st

    import coding.page
    import secure_storage.page
    import themes.page
    import transcribe.page

    transcribe.tend(study)
    work: list[tuple[Page, str, str]] = [
        (themes.page.study_page, "Study", "dashboard"),
        (transcribe.page.recordings_page, "Recordings", "mic"),
        (transcribe.page.participants_page, "Participants", "groups"),
        (transcribe.page.transcript_page, "Transcript", "subject"),
        (transcribe.page.group_page, "Group", "forum"),
        (transcribe.page.pseudonymise_page, "Pseudonymise", "visibility_off"),
        (coding.page.coding_page, "Coding", "sell"),
        (coding.page.codebook_page, "Codebook", "menu_book"),
        (themes.page.themes_page, "Themes", "account_tree"),
        (themes.page.quotes_page, "Quotes", "format_quote"),
        (themes.page.export_page, "Export", "description"),
    ]
    security: list[tuple[Page, str, str]] = [
        (secure_storage.page.members_page, "Members & security", "shield_person"),
        (secure_storage.page.exports_page, "Exports", "outbox"),
    ]
    if transcribe.may(study, "audit"):
        security.append((secure_storage.page.audit_page, "Audit", "history"))
    if transcribe.may(study, "erase") or transcribe.may(study, "approve"):
        secure_storage.continue_erasures(study)
        security.append((secure_storage.page.erasure_page, "Erasure", "person_remove"))

    def offered(rows: "Sequence[tuple[Page, str, str]]") -> "list[StreamlitPage]":
        return [
            st.Page(
                partial(show, study),
                title=title,
                icon=f":material/{icon}:",
                url_path=title.split()[0].lower(),
                default=title == "Study",
            )
            for show, title, icon in rows
        ]

    page = st.navigation({"": offered(work), "Security": offered(security)}, position="top")
    secure_storage.page.signed_in(study)
    secure_storage.page.dates_notice(study)
    page.run()


def serve(options: argparse.Namespace) -> int:
    """Serve the study in a home folder, leading through its creation when it is empty."""
    home: Path = options.home
    place = secure_storage.where(secure_storage.read_settings(home), options.port)
    print(f"Fokus: {place}", flush=True)
    if code := secure_storage.setup_code(home):
        print(
            f"There is no study yet. The first page asks for this set-up code: {code}", flush=True
        )
    for told in secure_storage.told_at_start(home):
        print(f"Note: {told}", flush=True)
    print("Stop with Ctrl+C. Running transcriptions go on and are taken in later.", flush=True)
    secure_storage.serve(partial(build, home), home, options.port)
    return 0


def demo(options: argparse.Namespace) -> int:
    """Build the sample study, unless it is there, print its sign-ins and serve it."""
    from demo import study

    study.build(options.home, say=partial(print, flush=True))
    return 0 if options.no_serve else serve(options)


def doctor(options: argparse.Namespace) -> int:
    """Check what the workbench needs and say what is wrong."""
    checks = [*secure_storage.doctor(options.home), *transcribe.doctor()]
    for check in checks:
        mark = ("note" if check.note else "ok  ") if check.ok else "FAIL"
        print(f"{mark}  {check.name}: {check.detail}")
    return 0 if all(check.ok for check in checks) else 1


def parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    fokus = argparse.ArgumentParser(
        prog="fokus", description="From a focus-group recording to quotes in a manuscript, offline."
    )
    commands = fokus.add_subparsers(required=True, metavar="COMMAND")

    def add(within: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: object,
            text: str) -> argparse.ArgumentParser:  # fmt: skip
        command = within.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    def place(command: argparse.ArgumentParser, home: Path, *, port: bool = False) -> None:
        command.add_argument("--home", type=Path, default=home, metavar="DIR", help="study folder")
        if port:
            command.add_argument("--port", type=int, default=8501, metavar="N")

    show = add(commands, "demo", demo, "Build the sample study and serve it.")
    place(show, Path("fokus-demo"), port=True)
    show.add_argument("--no-serve", action="store_true", help="build, write the Word file, stop")

    place(add(commands, "serve", serve, "Serve the workbench on this machine."), DEFAULT_HOME,
          port=True)  # fmt: skip

    secure_storage.add_commands(commands)
    transcribe.add_commands(commands)
    place(add(commands, "doctor", doctor, "Check this machine and say what is wrong."),
          DEFAULT_HOME)  # fmt: skip
    return fokus


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the console command ``fokus``."""
    options = parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except secure_storage.FokusError as error:
        print(f"fokus: {error}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, EOFError):
        print("fokus: stopped", file=sys.stderr)
        return 130
    except Exception as error:
        # The words of an exception may be a participant's; its kind and place are ours.
        fault = secure_storage.told_without_words(error)
        print(f"fokus: a fault of ours: {fault}", file=sys.stderr)
        print("Please report this line; it holds nothing of the study.", file=sys.stderr)
        return 1
    return code


if __name__ == "__main__":
    draw()

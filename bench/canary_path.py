"""The whole path with canaries for every word a person may write; run by ``bench.canary``.

    python -m bench.canary_path WORK STRINGS

Everything here goes through the doors that people use: the stages' own functions, the
worker process, and the real server over HTTP, mistakes included.
"""

import asyncio
import http.client
import json
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urlencode

import pyrage  # type: ignore[import-untyped]
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

import coding
import demo
import secure_storage
import themes
import transcribe
from secure_storage import FLOOR, FokusError, Study

PASSPHRASE = "kanari passphrase of the lead"
LEAD, CODER, CUSTODIAN = "Kanarilead", "Kanaricoder", "Kanaricustodian"
PER_TRANSCRIPT = 1000
PAGES = (
    "", "recordings", "transcript", "coding", "codebook", "themes", "quotes", "export", "members",
    "exports", "audit", "erasure",
)  # fmt: skip


class Words:
    """Gives canaries, and remembers them."""

    def __init__(self, work: Path) -> None:
        """Write what was given to ``work/given.txt``, for the search."""
        self._file = (work / "given.txt").open("w", encoding="ascii")
        self._file.write("\n".join((LEAD, CODER, CUSTODIAN, PASSPHRASE.split()[1])) + "\n")

    def __call__(self) -> str:
        """Give the next one."""
        word = "kanari" + secrets.token_hex(8)
        self._file.write(word + "\n")
        return word

    def close(self) -> None:
        """Write the last."""
        self._file.close()


def join(home: Path, lead: Study, name: str, role: secure_storage.Role) -> Study:
    once = lead.invite(name, role)
    member = secure_storage.unlock(home, name, once)
    member.choose_passphrase(PASSPHRASE)
    return member


def imported(study: Study, words: Words, sentences: int) -> list[int]:
    """Import transcripts that hold so many canary sentences, one word each."""
    made = []
    for start in range(0, sentences, PER_TRANSCRIPT):
        lines = ["WEBVTT\n"]
        for number in range(min(PER_TRANSCRIPT, sentences - start)):
            clock = f"{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}"
            who = f"Voice {number % 6}"
            lines.append(f"{clock}.000 --> {clock}.900\n<v {who}>We said {words()} to them.\n")
        data = "\n".join(lines).encode()
        read = transcribe.read_import(data, "talk.vtt")
        made.append(transcribe.save_import(study, read, data, title=words(), group=1))
    return made


def transcribed(study: Study, words: Words) -> int:
    """Have the sample transcribed in a worker; its sentences are canaries too."""
    inbox = study.home / "inbox" / f"{words()}.opus"
    inbox.write_bytes(demo.SAMPLE_AUDIO.read_bytes())
    found = transcribe.add_recording(study, words(), 2, [inbox])
    inbox.unlink()
    job = transcribe.start_job(study, found, transcribe.TranscribeOptions(language="en"))
    while next(one for one in transcribe.jobs(study) if one.id == job).state in (
        "queued", "running",
    ):  # fmt: skip
        time.sleep(0.2)
        transcribe.take_in(study)
    return next(one.id for one in transcribe.list_transcripts(study) if one.recording_id == found)


def analysed(lead: Study, coder: Study, transcripts: list[int], words: Words) -> None:
    """Code, build themes, mark quotes, link participants."""
    for transcript_id in transcripts:
        sentences = transcribe.sentences(lead, transcript_id)
        code = coding.add_code(coder, words(), words())
        for sentence in sentences[:20]:
            coding.set_coding(coder, transcript_id, sentence.id, sentence.id, code.id)
        theme = themes.add_theme(lead, words(), words())
        themes.add_code(lead, theme, code.id)
        themes.mark_quote(lead, transcript_id, sentences[0].id, sentences[1].id)
        edited = sentences[2]
        transcribe.edit_sentence(coder, edited.id, words(), edited.version, secrets.token_hex(8))
        speaker = transcribe.speakers(lead, transcript_id)[0]
        group = transcribe.transcript(lead, transcript_id).group
        person = transcribe.add_participant(lead, group, words(), words())
        transcribe.link_speaker(lead, speaker.id, person)
        transcribe.rename_speaker(lead, speaker.id, words())


def mistaken(lead: Study, words: Words, transcripts: list[int]) -> None:
    """Do wrong what can be done wrong; every refusal is a chance to let a word slip."""
    broken = lead.home / "inbox" / f"{words()}.wav"
    broken.write_bytes(b"RIFF" + words().encode() * 50)
    first = transcribe.sentences(lead, transcripts[0])[0]
    for wrong in (
        lambda: transcribe.add_recording(lead, words(), 3, [broken]),
        lambda: transcribe.read_import(words().encode(), "talk.vtt"),
        lambda: transcribe.read_import(f"WEBVTT\n\n{words()}".encode(), "talk.vtt"),
        lambda: transcribe.edit_sentence(lead, first.id, words(), 99, secrets.token_hex(8)),
        lambda: lead.invite(LEAD, "coder"),
        lambda: lead.change_passphrase(words(), words() + words()),
        lambda: secure_storage.unlock(lead.home, words(), words()),
        lambda: themes.export_manuscript(lead, [10**6], words(), words()),
        lambda: coding.add_code(lead, words() * 50, words()),
    ):
        with suppress(FokusError):
            wrong()
    broken.unlink()


def exported(lead: Study, coder: Study, transcripts: list[int], words: Words) -> None:
    """Ask for an export, and have a second person approve it."""
    asked = themes.export_manuscript(lead, transcripts[:1], words(), words())
    with suppress(FokusError):
        secure_storage.approve_export(coder, asked.id)


def linked(custodian: Study, words: Words) -> None:
    """Enter real names into the linking store."""
    store = secure_storage.create_linking(custodian)
    for _ in range(5):
        person = secure_storage.Person(1, words(), f"{words()} {words()}", (words(),), words())
        store.save_person(person)
    store.people(words())


@contextmanager
def served(home: Path, log: Path) -> Iterator[int]:
    """The real server, its words caught in ``log``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-c", "import app, sys; sys.exit(app.main())", "serve",
             "--home", str(home), "--port", str(port)], stdout=out, stderr=out,
        )  # fmt: skip
    try:
        for _ in range(600):
            with suppress(OSError):
                if ask(port, "GET", "/_stcore/health", {})[0] == 200:
                    break
            time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(30)


def ask(
    port: int, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        own = {"Origin": f"http://127.0.0.1:{port}", "X-Fokus": "1"}
        connection.request(method, path, body or None, {**own, **headers})
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, told, answer.read()
    finally:
        connection.close()


async def drawn(port: int, cookie: str) -> None:
    """Have every page drawn as a browser would."""
    for name in PAGES:
        async with websockets.connect(
            f"ws://127.0.0.1:{port}/_stcore/stream", max_size=None,
            subprotocols=[websockets.Subprotocol("streamlit"),
                          websockets.Subprotocol("PLACEHOLDER")],
            additional_headers={"cookie": cookie},
            origin=websockets.Origin(f"http://127.0.0.1:{port}"),
        ) as page:  # fmt: skip
            message = BackMsg()
            message.rerun_script.page_name = name
            await page.send(message.SerializeToString())
            elements = 0
            while True:
                frame = ForwardMsg()
                frame.ParseFromString(await page.recv())
                elements += frame.WhichOneof("type") == "delta"
                if frame.WhichOneof("type") == "script_finished":
                    break
            assert elements > 3, name


def tended(lead: Study, words: Words) -> None:
    """Keep, rekey and put away the study."""
    secure_storage.fresh_backup(lead)
    secure_storage.rotate_keys(lead)
    archive = lead.home.parent / f"{words()}.tar.age"
    key = pyrage.x25519.Identity.generate()
    secure_storage.make_archive(lead, archive, recipients=(str(key.to_public()),))
    # Its name holds a word, for it is typed like any file's; what is in it is searched first.
    archive.replace(lead.home.parent / "archive.tar.age")


def withdrawn(lead: Study, coder: Study) -> None:
    """Erase somebody; a second person confirms."""
    person = secure_storage.participants_to_erase(lead)[0]
    asked = secure_storage.ask_erasure(lead, person.id, "redact")
    secure_storage.confirm_erasure(coder, asked)
    secure_storage.carry_out_erasure(lead, asked)


def on_the_console(home: Path, words: Words) -> None:
    """Use the command, wrongly too; its answers are for who typed, its faults are searched."""
    for arguments in (
        ["member", "list"], ["member", "invite", words(), "--role", "coder"],
        ["member", "remove", words()], ["verify"], ["backup", "drill"], ["backup", "list"],
        ["backup", "now"], ["doctor"],
    ):  # fmt: skip
        subprocess.run(
            [sys.executable, "-c", "import app, sys; sys.exit(app.main())", *arguments,
             "--home", str(home),
             *(["--as", LEAD, "--passphrase-fd", "0"]
               if arguments[0] in ("member", "verify") or "drill" in arguments else [])],
            input=PASSPHRASE.encode(), stdout=subprocess.DEVNULL, check=False,
        )  # fmt: skip


def visited(port: int, words: Words, transcript_id: int) -> int:
    """Use the server as browsers do, with words in every place; gives answers seen."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    def sign_in(name: str, passphrase: str) -> tuple[int, dict[str, str], bytes]:
        fields = urlencode({"name": name, "passphrase": passphrase}).encode()
        return ask(port, "POST", "/sign-in", form, fields)

    sign_in(words(), words())
    sign_in(LEAD, words())
    status, told, _ = sign_in(LEAD, PASSPHRASE)
    assert status == 303, status
    cookie = {"Cookie": told["set-cookie"].split(";")[0]}
    status, _, data = ask(port, "GET", f"/api/transcript/{transcript_id}", cookie)
    assert status == 200, status
    line = json.loads(data)["sentences"][3]

    def got(path: str, **headers: str) -> int:
        return ask(port, "GET", path, {**cookie, **headers})[0]

    def posted(path: str, **fields: object) -> int:
        fields.setdefault("client_id", secrets.token_hex(8))
        return ask(port, "POST", path, cookie, json.dumps(fields).encode())[0]

    asyncio.run(drawn(port, cookie["Cookie"]))
    correction = {
        "transcript": transcript_id, "act": "edit", "sentence": line["id"],
        "version": line["version"],
    }  # fmt: skip
    answers = [
        posted("/api/act", text=words(), **correction),
        posted("/api/act", text=words(), **correction),
        posted("/api/code", name=words(), definition=words()),
        posted("/api/code", name=words() * 100, definition=words()),
        posted("/api/coding", transcript=words(), first=words()),
        posted("/api/repair", repair=1, to=words()),
        posted("/api/upload", name=f"{words()}.wav", size=10, title=words(), group=1),
        posted("/api/upload", name=f"{words()}.exe", size=10, title=words(), group=1),
        posted("/api/board/code", theme=words(), code=words()),
        posted("/api/quote", transcript=words()),
        ask(port, "POST", "/api/code", cookie, f'{{"name": "{words()}'.encode())[0],
        got(f"/api/transcript/{words()}"),
        got(f"/api/nothing?search={words()}"),
        got(f"/{quote(words())}?q={words()}", Accept="text/html"),
        got(f"/media/{words()}"),
        got("/audio/1", Range="bytes=0-99999"),
        got("/api/codings/1"),
        got("/api/board"),
        ask(port, "POST", "/sign-out", {**cookie, **form}, b"x=1")[0],
    ]
    assert answers[0] == answers[2] == 200, answers
    assert answers[1] == 409, answers
    return len(answers)


def main() -> None:
    work, strings = Path(sys.argv[1]), int(sys.argv[2])
    home, words = work / "home", Words(work)
    secure_storage.create_study(home, words(), LEAD, PASSPHRASE, cost=FLOOR)
    with secure_storage.held(home):
        lead = secure_storage.unlock(home, LEAD, PASSPHRASE)
        coder = join(home, lead, CODER, "coder")
        custodian = join(home, lead, CUSTODIAN, "custodian")
        transcripts = [*imported(lead, words, strings), transcribed(lead, words)]
        analysed(lead, coder, transcripts, words)
        exported(lead, coder, transcripts, words)
        mistaken(lead, words, transcripts)
        linked(custodian, words)
        withdrawn(lead, coder)
        tended(lead, words)
        for member in (custodian, coder, lead):
            member.close()
    with served(home, work / "server.log") as port:
        visited(port, words, transcripts[0])
    on_the_console(home, words)
    words.close()


if __name__ == "__main__":
    main()

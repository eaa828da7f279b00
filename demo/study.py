"""Builds the demo study: the sample from sound to a Word file, through the product's own doors.

Nothing here reaches around the stages: members are invited, the recording is added and
transcribed by the same worker process, codes and themes are written as a coder's would
be. The passphrases of the made-up members are drawn anew for each demo study and kept
beside it, readable by its owner only, so that ``fokus demo`` can print them again.
"""

import json
import os
import secrets
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import coding
import demo
import secure_storage
import themes
import transcribe
from demo.analysis import Place, Plan, Spoken, at, plan, spoken
from secure_storage import FokusError, Study

Say = Callable[[str], None]

TITLE = "Home care and its machines (made-up sample)"
LEAD, CODER = "Ingrid", "Jonas"
SIGN_INS = "demo-sign-ins.json"


class DemoFailed(FokusError):
    """The demo study could not be built; the message says at which step."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who can sign in to the demo study, and with what."""

    name: str
    role: str
    passphrase: str


@dataclass(frozen=True, slots=True)
class Made:
    """A transcript of the demo study and what was spoken in it (empty for a text)."""

    group: int
    transcript_id: int
    truth: tuple[Spoken, ...]


def build(home: Path, say: Say) -> None:
    """Build the demo study in ``home`` unless it is there; say who can sign in.

    It is made beside and moved into place when it is whole, so that an interrupted demo
    can simply be started again.
    """
    if not (home / SIGN_INS).exists():
        if home.exists() and any(home.iterdir()):
            raise DemoFailed(
                f"{home} holds something else. Name another folder with --home, or remove this one."
            )
        began = time.monotonic()
        making = home.with_name(f".{home.name}.making")
        for left in (making, making.with_name(f"{making.name}-kept")):
            shutil.rmtree(left, ignore_errors=True)
        making.parent.mkdir(parents=True, exist_ok=True)
        signs = _make(making, say)
        _write_private(making / SIGN_INS, json.dumps([_row(sign) for sign in signs], indent=1))
        _bring_along(making, home)
        making.replace(home)
        say(f"The demo study was built in {time.monotonic() - began:.0f} s.")
    for file in sorted((home / "exports").glob("*.docx")):
        say(f"Word file: {file}")
    say(f"Everybody in the sample is made up. Sign in to {home} as:")
    for sign in _sign_ins(home):
        say(f"  {sign.name:<8} ({sign.role})   passphrase: {sign.passphrase}")


def _bring_along(making: Path, home: Path) -> None:
    """Move what lies beside a home, its anchors, to beside the one it gets."""
    beside = making.with_name(f"{making.name}-kept")
    if beside.exists():
        # Into what may be there: it can hold what is kept of a study of the same name.
        shutil.copytree(beside, home.with_name(f"{home.name}-kept"), dirs_exist_ok=True)
        shutil.rmtree(beside)


def _row(sign: SignIn) -> dict[str, str]:
    return {"name": sign.name, "role": sign.role, "passphrase": sign.passphrase}


def _sign_ins(home: Path) -> list[SignIn]:
    return [SignIn(**row) for row in json.loads((home / SIGN_INS).read_text("utf-8"))]


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n")


def _make(home: Path, say: Say) -> list[SignIn]:
    signs = [
        SignIn(LEAD, "lead", f"demo-{secrets.token_hex(8)}"),
        SignIn(CODER, "coder", f"demo-{secrets.token_hex(8)}"),
    ]
    secure_storage.create_study(home, TITLE, LEAD, signs[0].passphrase)
    with ExitStack() as stack:
        stack.enter_context(secure_storage.held(home))
        lead = stack.enter_context(_opened(home, signs[0]))
        _join(home, lead, signs[1])
        coder = stack.enter_context(_opened(home, signs[1]))
        made = [_sample(lead, say), _second_group(lead)]
        _analyse({"lead": lead, "coder": coder}, made, plan())
        asked = themes.export_manuscript(
            lead,
            [one.transcript_id for one in made],
            purpose="The sample's manuscript",
            recipient="Whoever tries the demo",
        )
        # Nobody looked for names in it, so a second person has to agree.
        secure_storage.approve_export(coder, asked.id)
        _table(lead, made, say)
    return signs


@contextmanager
def _opened(home: Path, sign: SignIn) -> Iterator[Study]:
    study = secure_storage.unlock(home, sign.name, sign.passphrase)
    try:
        yield study
    finally:
        study.close()


def _join(home: Path, lead: Study, sign: SignIn) -> None:
    once = lead.invite(sign.name, "coder")
    with _opened(home, SignIn(sign.name, sign.role, once)) as invited:
        invited.change_passphrase(once, sign.passphrase)


def _sample(study: Study, say: Say) -> Made:
    """Add the sample recording, transcribe it in a worker process, name its speakers."""
    truth = spoken(demo.SAMPLE_STM)
    recording = transcribe.add_recording(study, "Focus group 1", 1, [demo.SAMPLE_AUDIO])
    job = transcribe.start_job(study, recording, transcribe.TranscribeOptions(language="en"))
    _wait(study, job, say)
    transcript_id = next(
        row.id for row in transcribe.list_transcripts(study) if row.recording_id == recording
    )
    _name_speakers(study, transcript_id, _voices(study, transcript_id, truth))
    return Made(1, transcript_id, truth)


def _wait(study: Study, job: int, say: Say) -> None:
    said = ""
    while True:
        transcribe.take_in(study)
        row = next(row for row in transcribe.jobs(study) if row.id == job)
        steps = " and ".join(step.name for step in row.steps)
        line = f"Transcribing the sample: {steps}"
        if line != said and steps:
            say(line)
            said = line
        if row.state == "done":
            return
        if row.state not in {"queued", "running"}:
            why = row.message or "the worker process was ended"
            raise DemoFailed(f"The sample could not be transcribed: {why}. Start the demo again.")
        time.sleep(0.2)


def _voices(study: Study, transcript_id: int, truth: Sequence[Spoken]) -> dict[int, str]:
    """Which person each voice is, as a listener would tell: who speaks most when it does."""
    heard: dict[int, Counter[str]] = {}
    for sentence in transcribe.sentences(study, transcript_id):
        if sentence.speaker_id is None or sentence.start is None or sentence.end is None:
            continue
        for one in truth:
            shared = min(one.end, sentence.end) - max(one.start, sentence.start)
            if shared > 0:
                heard.setdefault(sentence.speaker_id, Counter())[one.speaker] += int(shared * 1000)
    return {voice: people.most_common(1)[0][0] for voice, people in heard.items()}


def _second_group(study: Study) -> Made:
    data = demo.GROUP2_VTT.read_bytes()
    read = transcribe.read_import(data, demo.GROUP2_VTT.name)
    transcript_id = transcribe.save_import(study, read, data, title="Focus group 2", group=2)
    labels = {row.id: row.label for row in transcribe.speakers(study, transcript_id)}
    _name_speakers(study, transcript_id, labels)
    return Made(2, transcript_id, ())


def _name_speakers(study: Study, transcript_id: int, voices: dict[int, str]) -> None:
    group_number = transcribe.transcript(study, transcript_id).group
    group = next(group for group in demo.groups() if group.number == group_number)
    people = {
        person.label: transcribe.add_participant(
            study,
            group.number,
            person.pseudonym,
            person.profession,
            "moderator" if person.moderator else "participant",
        )
        for person in group.people
    }
    for speaker_id, label in voices.items():
        if label in people:
            transcribe.link_speaker(study, speaker_id, people[label])


def _analyse(by: dict[str, Study], made: Sequence[Made], planned: Plan) -> None:
    """Mark the guide, code, build themes and mark quotes as the two made-up coders did."""
    groups = {one.group: one for one in made}
    lead = by["lead"]
    _mark_questions(lead, groups, planned)
    codes = {
        code.name: coding.add_code(
            by[code.by], name=code.name, definition=code.definition, kind=code.kind
        ).id
        for code in planned.codes
    }
    for one in planned.codings:
        first, last = _between(lead, groups[one.place.group], one.place)
        coding.set_coding(
            by[one.by], groups[one.place.group].transcript_id, first, last, codes[one.code]
        )
    named = {}
    for theme in planned.themes:
        named[theme.name] = themes.add_theme(lead, theme.name, theme.concept)
        for name in theme.codes:
            themes.add_code(lead, named[theme.name], codes[name])
    for quote in planned.quotes:
        first, last = _between(lead, groups[quote.place.group], quote.place)
        quote_id = themes.mark_quote(lead, groups[quote.place.group].transcript_id, first, last)
        for name in quote.themes:
            themes.add_quote_to_theme(lead, quote_id, named[name])


def _mark_questions(study: Study, groups: Mapping[int, Made], planned: Plan) -> None:
    transcribe.save_guide(study, [one.text for one in planned.guide], [])
    for question, one in zip(transcribe.questions(study), planned.guide, strict=True):
        for place in one.asked:
            made = groups[place.group]
            first, _ = _between(study, made, place)
            transcribe.mark_question(study, made.transcript_id, first, question.id)


def _between(study: Study, made: Made, place: Place) -> tuple[int, int]:
    heard = transcribe.sentences(study, made.transcript_id)
    first, last = (at(phrase, heard, made.truth) for phrase in (place.first, place.last))
    return heard[min(first, last)].id, heard[max(first, last)].id


def _table(study: Study, made: Sequence[Made], say: Say) -> None:
    rows = [("transcript", "minutes", "speakers", "sentences", "codings")]
    for one in made:
        row = transcribe.transcript(study, one.transcript_id)
        heard = transcribe.sentences(study, one.transcript_id)
        end = max((sentence.end or 0.0 for sentence in heard), default=0.0)
        rows.append(
            (
                row.title,
                f"{end / 60:.1f}",
                str(len(transcribe.speakers(study, one.transcript_id))),
                str(len(heard)),
                str(len(coding.codings(study, one.transcript_id))),
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row_ in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row_, widths, strict=True)))
    say(
        f"{len(coding.list_codes(study))} codes, {len(themes.list_themes(study))} themes, "
        f"{len(themes.quotes(study))} quotes, {len(study.members())} members"
    )

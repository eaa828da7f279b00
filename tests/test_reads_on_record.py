"""Whoever reads participants' words leaves an event, and events hold none of them.

Every public function that hands out words is found by calling it on a study full of
marked words. It records the reading itself, or it is named here with who does.
"""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import secure_storage
from secure_storage import FLOOR, Study, create_study, unlock  # isort: split

import coding
import themes
import transcribe

ROOT = Path(__file__).parent.parent
STAGES: tuple[ModuleType, ...] = (secure_storage, transcribe, coding, themes)
CANARY = "zanzibarian"

ARGUMENTS: dict[str, object] = {
    "transcript_id": 1, "transcript_ids": [1], "sentence_id": 1, "code_id": 1, "segment_id": 1,
    "theme_id": 1, "recording_id": 1, "export_id": 1, "participant_id": 1, "speaker_id": 1,
    "texts": [], "text": "", "right": "read",
}  # fmt: skip
"""What a reading function may ask for; the study below has one of each (no recording)."""

NOT_CALLED = {
    "secure_storage.on_event": "tells pages that were opened on record",
    "secure_storage.who_can_release": "names members only",
    "secure_storage.cells_with": "gives counts of texts, none of them",
    "transcribe.where_it_stands": "tells what became of a file that was asked for",
    "transcribe.shown": "tells the component which transcript to fetch",
}
"""Functions that ask for more; whoever adds one says here why it hands out no words."""

CHANGING = (
    "add_", "approve_", "ask_", "cancel_", "carry_out_", "clear_", "confirm_", "continue_",
    "create_", "discard_", "edit_", "forget_", "fresh_", "link_", "make_", "mark_", "open_",
    "refuse_", "remove_", "rename_", "request_", "resume_", "rotate_", "save_", "set_", "start_",
    "take_in", "tend", "unmark_", "withdraw_", "export_", "choose_",
)  # fmt: skip
"""How the names of functions begin that change something, which is an event of its own."""

RECORDED_BY: dict[str, str] = {
    "transcribe.doubts": "beside the transcript, whose opening its route records",
    "transcribe.heard": "called by nobody but tests and exports",
    "transcribe.sentence": "answers a stale correction of a transcript that is open",
    "transcribe.sentences": "GET /api/transcript, exports",
    "transcribe.words": "called by nobody but tests and exports",
    "coding.segment_text": "called by nobody but tests and exports",
    "coding.segments_of": "the page Codebook",
    "themes.excerpts_of_code": "GET /api/board/code",
    "themes.excerpts_of_theme": "the page Themes",
    "themes.quotes": "the page Quotes",
    "themes.gather": "the export, which is recorded",
}
"""Functions that hand out words without recording it, and who records it."""

READING_MODULES = {
    "transcribe/api.py": "read.transcript",
    "themes/api.py": "read.excerpts",
    "transcribe/page/guide.py": "opened",
    "coding/page/codebook.py": "opened",
    "themes/page/themes.py": "opened",
    "themes/page/quotes.py": "opened",
}
"""Doors that show words, with what they record."""

SHOWN_BESIDE = {
    "transcribe/page/deciding.py": "part of the page Pseudonymise, which records the opening",
    "transcribe/page/transcript.py": "draws the component, which fetches GET /api/transcript",
    "themes/page/overview.py": "shows numbers only",
    "transcribe/page/sound.py": "shows numbers only",
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    home = tmp_path_factory.mktemp("reads") / "home"
    create_study(home, "Home care", "Ada Lead", "correct horse battery", cost=FLOOR)
    study = unlock(home, "Ada Lead", "correct horse battery")
    said = transcribe.Sentence(
        f"We {CANARY} stay.", 0.0, 2.0, (transcribe.Word(CANARY, 0.0, 1.0, 0.9),)
    )
    talk = transcribe.Transcription(
        language="en",
        turns=(transcribe.Turn("S1", (said, said, said)),),
        doubts=(transcribe.Doubt(0.0, 1.0, CANARY, "no speech"),),
        provenance=(("recogniser", "by hand"),),
    )
    transcribe.add_participant(study, 1, "P1", "nurse")
    transcript = transcribe.save_transcription(
        study, talk, title="Group 1", group=1, recording_id=None
    )
    first = transcribe.sentences(study, transcript)[0].id
    coding.add_code(study, "Staying", "", "semantic", "c-1")
    coding.set_coding(study, transcript, first, first, 1, "c-2")
    themes.add_theme(study, "Hands stay with the person")
    themes.add_code(study, 1, 1)
    themes.mark_quote(study, transcript, first, first, client_id="c-3")
    yield study
    study.close()


def readers() -> Iterator[tuple[str, str]]:
    for stage in STAGES:
        for name in stage.__all__:
            made = getattr(stage, name)
            if not inspect.isfunction(made) or name.startswith(CHANGING):
                continue
            asked = list(inspect.signature(made).parameters)
            if asked and asked[0] == "study" and f"{stage.__name__}.{name}" not in NOT_CALLED:
                yield stage.__name__, name


def words_of(study: Study, stage: str, name: str) -> bool | None:
    """Tell whether a function hands out words; None where there is nothing to hand out."""
    made = getattr(next(one for one in STAGES if one.__name__ == stage), name)
    given = {
        key: ARGUMENTS[key]
        for key, one in list(inspect.signature(made).parameters.items())[1:]
        if one.default is inspect.Parameter.empty and key in ARGUMENTS
    }
    try:
        return CANARY in repr(made(study, **given))
    except secure_storage.FokusError:
        return None


@pytest.mark.parametrize(("stage", "name"), list(readers()))
def test_what_hands_out_words_is_on_record(study: Study, stage: str, name: str) -> None:
    before = study.recent_events(1)[0].seq
    if not words_of(study, stage, name):
        assert f"{stage}.{name}" not in RECORDED_BY, "it hands out no words any more"
        return
    recorded = [one for one in study.events(before) if one.is_read]
    assert recorded or f"{stage}.{name}" in RECORDED_BY


def test_only_functions_that_exist_are_named() -> None:
    assert set(RECORDED_BY) <= {f"{stage}.{name}" for stage, name in readers()}


def doors() -> Iterator[Path]:
    for stage in ("transcribe", "coding", "themes"):
        yield from sorted((ROOT / stage / "page").glob("*.py"))
        yield ROOT / stage / "api.py"


@pytest.mark.parametrize("door", list(doors()), ids=lambda one: str(one.relative_to(ROOT)))
def test_a_door_that_shows_words_records_it(door: Path) -> None:
    source = door.read_text("utf-8")
    names = {one.partition(".")[2] for one in RECORDED_BY}
    called = {
        node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)
    }
    place = door.relative_to(ROOT).as_posix()
    if called & names and place not in SHOWN_BESIDE:
        assert READING_MODULES[place] in source and called & {"note", "opened"}


def event_calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call that writes an event: action first, then object."""
    for stage in STAGES:
        for path in sorted((ROOT / stage.__name__).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                    name, receiver = node.func.attr, ast.unparse(node.func.value)
                    if (name in {"record", "note"} and len(node.args) >= 2) or (
                        name == "opened" and receiver.endswith("study")
                    ):
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def fixed(node: ast.expr) -> bool:
    """Tell whether a word is one of ours: a literal, a choice of such, or handed down."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and " " not in node.value
    if isinstance(node, ast.IfExp):
        return fixed(node.body) and fixed(node.orelse)
    if isinstance(node, ast.JoinedStr):
        start, *rest = node.values
        plain = isinstance(start, ast.Constant) and str(start.value).endswith((":", "."))
        values = [ast.unparse(one.value) for one in rest if isinstance(one, ast.FormattedValue)]
        return (
            plain
            and len(rest) == 1
            and not any(TELLING & set(value.split(".")) for value in values)
        )
    return isinstance(node, ast.Name) and node.id in {"action", "object"}


TELLING = {"text", "label", "title", "pseudonym", "query", "search", "file_name", "purpose"}
"""Names of values that hold what people typed or said; none belongs in an object."""


@pytest.mark.parametrize(
    ("place", "call"), [pytest.param(*one, id=one[0]) for one in event_calls()]
)
def test_actions_and_objects_hold_no_words(place: str, call: ast.Call) -> None:
    assert all(fixed(one) for one in call.args[:2]), ast.unparse(call)


def test_no_word_of_a_participant_is_in_an_action_or_object(study: Study) -> None:
    for event in study.events(0, 10_000):
        assert CANARY not in event.action + event.object
        assert " " not in event.action + event.object

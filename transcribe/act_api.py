"""The routes by which a page acts on a transcript, and reads again what an act touched.

``POST /api/act`` {transcript, act, ...fields, me, client_id} does one act of ``ACTS``. The
answer: ``put`` (lines as they are now), ``gone`` (ids), ``speakers`` (null when they are as
they were), ``revision``, ``head`` (the act's event), ``undo`` and ``redo`` (how many acts
the member could take back, and do again), ``said`` (what was done), ``lost`` (how many coded
passages it put on the repair list). Offsets are code points.
"""

from collections.abc import Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from secure_storage import BadInput, BuiltOn, Repeated, StaleWrite, Study

from . import store
from .edge import Asked, posting, reading, refused, sent
from .editing import Replacement
from .lines import all_speakers, some_lines
from .speaking_api import SPEAKING
from .store import editing, rewriting
from .store.acting import outcome

Do = Callable[[Study, int, Asked], object]
_MOST_LINES: Final = 5000


def act_routes() -> list[BaseRoute]:
    """Give the routes of this module."""
    return [posting("/api/act", _act), reading("/api/transcript/{id:int}/lines", _lines)]


def _edit(study: Study, transcript_id: int, asked: Asked) -> None:
    written = asked.flag("written") if "written" in asked.fields else False
    editing.correct(
        study, transcript_id, asked.whole("sentence"), asked.text("text"),
        asked.whole("version"), asked.client_id(), written=written,
    )  # fmt: skip


def _split(study: Study, transcript_id: int, asked: Asked) -> None:
    editing.split_sentence(
        study, transcript_id, asked.whole("sentence"), asked.whole("version"), asked.whole("at"),
        asked.client_id(),
    )  # fmt: skip


def _merge(study: Study, transcript_id: int, asked: Asked) -> None:
    named = [(number, version) for number, version in asked.rows("sentences", 2)]
    editing.merge_sentences(study, transcript_id, named, asked.client_id())


def _insert(study: Study, transcript_id: int, asked: Asked) -> None:
    rewriting.insert_sentence(
        study, transcript_id, _number(asked, "after"), asked.text("text"), asked.seconds("start"),
        asked.seconds("end"),
        _number(asked, "speaker") if "speaker" in asked.fields else rewriting.SAME,
        asked.client_id(),
    )  # fmt: skip


def _remove(study: Study, transcript_id: int, asked: Asked) -> None:
    named = [(number, version) for number, version in asked.rows("sentences", 2)]
    rewriting.remove_sentences(study, transcript_id, named, asked.client_id())


def _replace(study: Study, transcript_id: int, asked: Asked) -> None:
    text = asked.text("with")
    places = [
        Replacement(number, version, start, end, text)
        for number, version, start, end in asked.rows("places", 4)
    ]
    rewriting.replace_words(study, transcript_id, places, asked.client_id())


def _times(study: Study, transcript_id: int, asked: Asked) -> None:
    rewriting.set_times(
        study, transcript_id, asked.whole("sentence"), asked.whole("version"),
        asked.seconds("start"), asked.seconds("end"), asked.client_id(),
    )  # fmt: skip


def _verbatim(study: Study, transcript_id: int, asked: Asked) -> None:
    rewriting.set_verbatim(
        study, transcript_id, asked.whole("sentence"), asked.whole("version"),
        asked.text("text"), asked.client_id(),
    )  # fmt: skip


def _split_turn(study: Study, transcript_id: int, asked: Asked) -> None:
    at, version = (asked.whole("at"), asked.whole("version")) if asked.fields.get("at") else (0, 0)
    rewriting.split_turn(
        study, transcript_id, asked.whole("sentence"), at, version, asked.client_id()
    )


def _merge_turn(study: Study, transcript_id: int, asked: Asked) -> None:
    rewriting.merge_turn(study, transcript_id, asked.whole("sentence"), asked.client_id())


def _undo(study: Study, transcript_id: int, asked: Asked) -> None:
    leaving = asked.flag("leaving") if "leaving" in asked.fields else False
    store.undo(study, transcript_id, asked.client_id(), leaving=leaving)


def _redo(study: Study, transcript_id: int, asked: Asked) -> None:
    store.redo(study, transcript_id, asked.client_id())


ACTS: Final[Mapping[str, Do]] = {
    # sentence, version, text; written (optional): the text before is kept as what was said
    "edit": _edit,
    # after (an id, or null: before all), text, start, end (seconds or null); speaker (an id or
    # null for nobody known; left out: whoever speaks there)
    "insert": _insert,
    # sentences: [[id, version], ...]: those that follow go into the first
    "merge": _merge,
    # sentence: its turn is joined to the turn before
    "merge_turn": _merge_turn,
    "redo": _redo,
    # sentences: [[id, version], ...]
    "remove": _remove,
    # places: [[sentence, version, start, end], ...]; with: the text that is put there
    "replace": _replace,
    # sentence, version, at
    "split": _split,
    # sentence: a turn begins with it; at and version (optional): begins there within it
    "split_turn": _split_turn,
    # sentence, version, start, end (seconds or null)
    "times": _times,
    # leaving (optional): an act that cannot be taken back is left, the one before it is taken back
    "undo": _undo,
    **SPEAKING,
    # sentence, version, text ("": none is kept)
    "verbatim": _verbatim,
}
"""What each act does, and the fields it reads besides ``transcript`` and ``client_id``."""


def _act(study: Study, asked: Asked) -> Response:
    transcript_id, do = asked.whole("transcript"), ACTS.get(asked.text("act"))
    if do is None:
        raise BadInput("This request cannot be read: there is no such act.")
    try:
        do(study, transcript_id, asked)
    except Repeated:
        pass  # the answer was lost; what was done is told again
    except (StaleWrite, BuiltOn) as error:
        now = some_lines(study, transcript_id, _named(asked))
        return refused(error, revision=store.transcript(study, transcript_id).revision, **now)
    return sent(_answer(study, transcript_id, asked.client_id()))


def _answer(study: Study, transcript_id: int, client_id: str) -> dict[str, object]:
    done = outcome(study, client_id)
    undo, redo = store.undo_state(study, transcript_id)
    return {
        "revision": store.transcript(study, transcript_id).revision,
        "head": done.seq,
        **some_lines(study, transcript_id, done.touched),
        "speakers": all_speakers(study, transcript_id) if done.speakers else None,
        "undo": undo,
        "redo": redo,
        "said": done.said,
        "lost": done.lost,
    }


def _named(asked: Asked) -> list[int]:
    """Sentences that an act was about: how they stand now is told when it is refused."""
    ids = [asked.whole(name) for name in ("sentence", "next") if name in asked.fields]
    ids += (
        [number for number, _ in asked.rows("sentences", 2)] if "sentences" in asked.fields else []
    )
    ids += [row[0] for row in asked.rows("places", 4)] if "places" in asked.fields else []
    return ids


def _number(asked: Asked, name: str) -> int | None:
    return None if asked.fields.get(name) is None else asked.whole(name)


def _lines(study: Study, request: Request) -> Response:
    transcript_id = int(request.path_params["id"])
    ids = [one for one in request.query_params.get("ids", "").split(",") if one.isdecimal()]
    if len(ids) > _MOST_LINES:
        raise BadInput("These are too many lines at once. Reload the transcript.")
    # Read first: what is committed meanwhile is then told again, not missed.
    head = study.head()
    undo, redo = store.undo_state(study, transcript_id)
    return sent(
        {
            "revision": store.transcript(study, transcript_id).revision,
            "head": head,
            **some_lines(study, transcript_id, [int(one) for one in ids if len(one) < 19]),
            "speakers": all_speakers(study, transcript_id),
            "undo": undo,
            "redo": redo,
        }
    )

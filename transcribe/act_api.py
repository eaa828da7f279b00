"""The routes by which a page acts on a transcript, and reads again what an act touched.

``POST /api/act`` {transcript, act, ...fields, me, client_id} does one act of ``ACTS``. The
answer: ``put`` (lines as they are now), ``gone`` (ids), ``speakers`` (null when they are as
they were), ``revision``, ``head`` (the act's event), ``undo`` and ``redo`` (how many acts
the member could take back, and do again), ``said`` (what was done). Offsets are code points.
"""

from collections.abc import Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from secure_storage import BadInput, BuiltOn, Repeated, StaleWrite, Study

from . import store
from .edge import Asked, posting, reading, refused, sent
from .lines import all_speakers, some_lines
from .store import editing
from .store.acting import outcome

Do = Callable[[Study, int, Asked], object]
_MOST_LINES: Final = 5000


def act_routes() -> list[BaseRoute]:
    """Give the routes of this module."""
    return [posting("/api/act", _act), reading("/api/transcript/{id:int}/lines", _lines)]


def _edit(study: Study, transcript_id: int, asked: Asked) -> None:
    written = asked.flag("written") if "written" in asked.fields else False
    editing.edit_sentence(
        study, asked.whole("sentence"), asked.text("text"), asked.whole("version"),
        asked.client_id(), written=written,
    )  # fmt: skip


def _split(study: Study, transcript_id: int, asked: Asked) -> None:
    editing.split_sentence(
        study, transcript_id, asked.whole("sentence"), asked.whole("version"), asked.whole("at"),
        asked.client_id(),
    )  # fmt: skip


def _merge(study: Study, transcript_id: int, asked: Asked) -> None:
    editing.merge_sentences(
        study, transcript_id, asked.whole("sentence"), asked.whole("version"),
        asked.whole("next"), asked.whole("next_version"), asked.client_id(),
    )  # fmt: skip


def _undo(study: Study, transcript_id: int, asked: Asked) -> None:
    store.undo(study, transcript_id, asked.client_id())


def _redo(study: Study, transcript_id: int, asked: Asked) -> None:
    store.redo(study, transcript_id, asked.client_id())


ACTS: Final[Mapping[str, Do]] = {
    "edit": _edit,
    "merge": _merge,
    "redo": _redo,
    "split": _split,
    "undo": _undo,
}
"""What each act does; its fields are those that its function reads."""


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
    }


def _named(asked: Asked) -> list[int]:
    """Sentences that an act was about: how they stand now is told when it is refused."""
    return [asked.whole(name) for name in ("sentence", "next") if name in asked.fields]


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

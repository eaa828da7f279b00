"""What ``POST /api/act`` does to speakers, and to the marks of the guide's questions."""

from collections.abc import Callable, Mapping
from typing import Final, cast

from secure_storage import Study

from . import store
from .edge import Asked
from .store import Extent


def _give(study: Study, transcript_id: int, asked: Asked) -> None:
    store.give_speaker(
        study, transcript_id, asked.whole("sentence"), _extent(asked), _one(asked, "speaker"),
        asked.client_id(), through=_one(asked, "through"),
    )  # fmt: skip


def _new(study: Study, transcript_id: int, asked: Asked) -> None:
    sentence = _one(asked, "sentence")
    store.new_speaker(
        study, transcript_id, asked.text("label"), asked.client_id(),
        sentence_id=sentence, extent="sentence" if sentence is None else _extent(asked),
    )  # fmt: skip


def _merge(study: Study, transcript_id: int, asked: Asked) -> None:
    store.merge_speakers(study, asked.whole("speaker"), asked.whole("into"), asked.client_id())


def _rename(study: Study, transcript_id: int, asked: Asked) -> None:
    store.rename_speaker(study, asked.whole("speaker"), asked.text("label"), asked.client_id())


def _link(study: Study, transcript_id: int, asked: Asked) -> None:
    store.link_speaker(study, asked.whole("speaker"), _one(asked, "participant"), asked.client_id())


def _mark(study: Study, transcript_id: int, asked: Asked) -> None:
    store.mark_question(
        study, transcript_id, asked.whole("sentence"), _one(asked, "question"), asked.client_id()
    )


def _one(asked: Asked, name: str) -> int | None:
    return None if asked.fields.get(name) is None else asked.whole(name)


def _extent(asked: Asked) -> Extent:
    return cast("Extent", asked.text("extent"))  # judged by the act itself


SPEAKING: Final[Mapping[str, Callable[[Study, int, Asked], None]]] = {
    "give": _give,
    "link_speaker": _link,
    "mark_question": _mark,
    "merge_speakers": _merge,
    "new_speaker": _new,
    "rename_speaker": _rename,
}
"""What each act does; its fields are those that its function reads."""

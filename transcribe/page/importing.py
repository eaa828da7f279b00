"""Importing transcripts and documents that were made elsewhere, looked at before they are kept."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from secure_storage import BadInput, Study

from ..importing import ENDINGS, Kind, Preview, read_import
from ..languages import NAMES
from ..store import save_import, study_defaults
from ..transcript import UNKNOWN
from .telling import clock, told, trouble

_TURN: Final = "import_turn"
_DONE: Final = "import_done"
_READ: Final = "import_read"
_SHOWN: Final = 300
"""Sentences of a preview; a person looks whether they are right, and reads them elsewhere."""
_KINDS: Final[dict[str, Kind | None]] = {
    "Find out": None, "People talking": "transcript", "A document": "document"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _File:
    """A file that was chosen, and what its reading gave."""

    name: str
    data: bytes
    preview: Preview | None
    refused: str = ""

    @property
    def title(self) -> str:
        return self.name.rpartition(".")[0][:120] or self.name[:120]


def import_part(study: Study) -> None:
    """Choose files, look at what is in them, keep them."""
    st.caption(
        "Transcripts from meeting software, transcribers and other programs (WebVTT, SubRip, text "
        "or Word with «Name:» lines, oTranscribe, Whisper, SegLST, RTTM, STM), and documents such "
        "as field notes, free text of questionnaires and articles (Word, OpenDocument, text, "
        "Markdown, PDF). Replace names by pseudonyms before importing."
    )
    if st.session_state.pop(_DONE, False):
        st.toast("It is in the study. Open it on the page Transcript.")
    # A new key empties the widget: what is imported is not offered for import again.
    turn = st.session_state.setdefault(_TURN, 0)
    given = st.file_uploader(
        "Transcripts and documents", type=[*ENDINGS, "htm", "markdown"],
        accept_multiple_files=True, max_upload_size=20, key=f"import-{turn}",
    )  # fmt: skip
    if not given:
        st.caption("Choose one or more files. You see what was understood before anything is kept.")
        return
    language, kind = _how(study)
    files = _read(given, language, kind)
    for file in files:
        if file.refused:
            trouble(f"{file.name}: {file.refused}")
    readable = [file for file in files if file.preview]
    if readable:
        _look(readable)
        _keep(study, readable)


def _how(study: Study) -> tuple[str, Kind | None]:
    codes = list(NAMES)
    columns = st.columns([1, 2])
    language = columns[0].selectbox(
        "Language", codes, index=codes.index(study_defaults(study).allowed[0]),
        format_func=NAMES.__getitem__, key="import_language",
        help="Tells where sentences end: abbreviations differ.",
    )  # fmt: skip
    read_as = columns[1].radio(
        "Read as", list(_KINDS), horizontal=True, key="import_kind",
        help="In a document nobody in particular speaks: its paragraphs are coded like turns.",
    )  # fmt: skip
    return language, _KINDS[read_as]


def _read(given: Sequence[UploadedFile], language: str, kind: Kind | None) -> list[_File]:
    """Read each file once; what was read goes when the files do."""
    before: dict[tuple[str, str, str, Kind | None], _File] = st.session_state.get(_READ, {})
    now = {}
    with st.spinner("Reading …"):
        for one in given:
            data = one.getvalue()
            key = (one.name, hashlib.sha256(data).hexdigest(), language, kind)
            now[key] = before.get(key) or _read_one(one.name, data, language, kind)
    st.session_state[_READ] = now
    return list(now.values())


def _read_one(name: str, data: bytes, language: str, kind: Kind | None) -> _File:
    try:
        return _File(name, data, read_import(data, name, language, kind))
    except BadInput as error:
        return _File(name, data, None, str(error))


def _look(files: Sequence[_File]) -> None:
    chosen = files[0]
    if len(files) > 1:
        at = st.selectbox(
            "File to look at", range(len(files)), format_func=lambda at: files[at].name
        )
        chosen = files[at]
    assert chosen.preview is not None
    preview = chosen.preview
    turns = preview.transcription.turns
    every = [(turn.speaker, one) for turn in turns for one in turn.sentences]
    talking = preview.kind == "transcript"
    names = {turn.speaker for turn in turns} - {UNKNOWN}
    with st.container(horizontal=True):
        st.metric(
            "Speakers" if talking else "Paragraphs", len(names if talking else turns), border=True
        )
        st.metric("Sentences", len(every), border=True)
        if length := max((one.end or 0.0 for _, one in every), default=0.0):
            st.metric("Length", clock(length), border=True)
        st.metric("To look at", len(preview.notes), border=True)
    read_as = "people talking" if talking else "a document"
    st.text(", ".join(filter(None, [preview.form, preview.encoding, f"read as {read_as}"])))
    if talking:
        _speakers(preview)
    if preview.notes:
        st.caption("Not understood, or worth a look")
        st.dataframe(
            {
                "Where": [note.place or "whole file" for note in preview.notes],
                "What": [note.said for note in preview.notes],
                "Words": [note.text for note in preview.notes],
            },
            hide_index=True,
            column_config={"What": st.column_config.TextColumn(width="large")},
        )
    with st.expander("Sentences as they will be kept"):
        st.dataframe(
            {
                "Speaker": [name if name != UNKNOWN else "" for name, _ in every[:_SHOWN]],
                "Time": [
                    "" if one.start is None else clock(one.start) for _, one in every[:_SHOWN]
                ],
                "Sentence": [one.text for _, one in every[:_SHOWN]],
            },
            hide_index=True,
            column_config={"Sentence": st.column_config.TextColumn(width="large")},
        )
        if len(every) > _SHOWN:
            st.caption("The rest is not shown here.")


def _speakers(preview: Preview) -> None:
    turns = preview.transcription.turns
    shares = {
        name: [turn for turn in turns if turn.speaker == name]
        for name in dict.fromkeys(turn.speaker for turn in turns)
    }
    st.dataframe(
        {
            "Speaker": [name if name != UNKNOWN else "(nobody named)" for name in shares],
            "Turns": [len(theirs) for theirs in shares.values()],
            "Sentences": [sum(len(t.sentences) for t in theirs) for theirs in shares.values()],
            "First words": [theirs[0].sentences[0].text[:80] for theirs in shares.values()],
        },
        hide_index=True,
    )


def _keep(study: Study, files: Sequence[_File]) -> None:
    with st.form("import"):
        columns = st.columns([3, 1])
        alone = len(files) == 1
        if alone:
            title = columns[0].text_input("Title", value=files[0].title, max_chars=120)
        else:
            columns[0].text("Each is named like its file.")
        group = columns[1].number_input("Group", 1, 999, value=1)
        origin = st.text_input(
            "Where it is from", max_chars=200, placeholder="A transcriber, meeting software, …",
            help="Goes into the ledger of imports on the page Exports.",
        )  # fmt: skip
        if not st.form_submit_button("Import", type="primary"):
            return
    how = "upload in the browser" + (f": {origin}" if origin.strip() else "")
    kept = 0
    for file in files:
        with told():
            assert file.preview is not None
            save_import(
                study, file.preview, file.data, title=title if alone else file.title,
                group=int(group), source=how,
            )  # fmt: skip
            kept += 1
    if kept == len(files):
        st.session_state[_DONE] = True
        st.session_state[_TURN] += 1
        st.session_state.pop(_READ, None)
        st.rerun()

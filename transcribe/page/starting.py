"""Starting transcriptions: which recordings, which model, which language, how many speakers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from secure_storage import Study

from ..job_view import WORKING, Job
from ..jobs import start_jobs
from ..languages import NAMES
from ..models import DEMO, installed_models
from ..options import TranscribeOptions
from ..slurm_jobs import offered
from ..store import RecordingRow, StudyDefaults, study_defaults
from .telling import clock, labels, told

_MOST_SPEAKERS: Final = 30
_STYLES: Final = {
    "clean": "Clean: as the model writes",
    "verbatim": "Verbatim: hesitations and false starts, as far as the model can",
    "translated": "Translated into English",
}


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What is asked for, as it stands in the form."""

    model: str
    language: str
    least: int | None
    most: int | None
    style: str
    drop_phrases: bool


def starting_part(study: Study, rows: list[RecordingRow], every: list[Job]) -> None:
    """Offer the recordings that are not being transcribed."""
    busy = {job.recording_id for job in every if job.state in WORKING}
    free = {row.id: row for row in rows if row.id not in busy}
    if not free:
        if rows:
            st.caption("Every recording is being transcribed.")
        else:
            st.caption("Add a recording first; then it can be transcribed here.")
        return
    defaults = study_defaults(study)
    first, second = st.columns([3, 2])
    with first:
        wanted = _recordings(free, labels(rows))
    with second:
        model = choose_model()
    chosen = _choices(model, defaults)
    if any(free[one].transcript_id is not None for one in wanted):
        st.caption(
            "Of these, some have a transcript. A new one is added beside it; the codings stay "
            "on the old one."
        )
    on_slurm = offered(study) and st.checkbox(
        "On the cluster (Slurm)",
        value=True,
        help="All chosen recordings go to the cluster as one job array, several to a task.",
    )
    pressed = st.button(
        "Transcribe", type="primary", icon=":material/play_arrow:", key="transcribe",
        disabled=not wanted,
    )  # fmt: skip
    if pressed:
        with told(), st.spinner("Sealing the sound for the worker …"):
            options = _options(chosen, defaults)
            start_jobs(study, wanted, options, on_slurm=on_slurm)
            st.rerun()


def _recordings(free: dict[int, RecordingRow], names: dict[int, str]) -> list[int]:
    # What has no transcript yet comes first.
    order = sorted(free, key=lambda one: (free[one].transcript_id is not None, one))
    # Without a key: when the recordings that can be chosen change, the choice begins anew.
    return st.multiselect(
        "Recordings",
        order,
        default=order[:1],
        format_func=lambda one: f"{names[one]} ({clock(free[one].duration)})",
        help="Several are transcribed one after the other, the model loaded once.",
    )


def choose_model() -> str:
    """Let a model be chosen."""
    models: Sequence[str] = [*(model.name for model in installed_models()), DEMO]
    chosen = st.selectbox("Model", models)
    if models == [DEMO]:
        st.caption(
            "No recognition model is installed, only the demo model, which knows nothing but the "
            "words and voices of the sample. `fokus doctor` says how to get one."
        )
    return str(chosen)


def _choices(model: str, defaults: StudyDefaults) -> _Chosen:
    first, second = st.columns([3, 2])
    least, most = second.columns(2)
    language = first.selectbox(
        "Language",
        ["", *_offered(defaults.allowed)],
        format_func=lambda code: NAMES[code] if code else _found_out(defaults.allowed),
    )
    lowest = least.number_input(
        "Speakers, at least", 1, _MOST_SPEAKERS, value=None, placeholder="Estimated",
        help="Everybody who speaks, the moderator included.",
    )  # fmt: skip
    highest = most.number_input(
        "At most", 1, _MOST_SPEAKERS, value=None, placeholder="Estimated",
        help="The same number in both: exactly so many. Both empty: estimated from the voices.",
    )  # fmt: skip
    style = st.radio(
        "Text",
        list(_STYLES),
        index=1 if defaults.verbatim else 0,
        format_func=_STYLES.__getitem__,
        horizontal=True,
    )
    drop = st.checkbox(
        "Leave out known inventions (subtitle credits) where hardly anybody speaks",
        value=True,
        help="What is left out is listed beside the transcript.",
    )
    st.caption(
        "The study's own words and names are expected; see «Words, style and languages»."
        if defaults.prompt
        else "No names or terms are expected yet: give them under «Words, style and languages»."
    )
    return _Chosen(model, language, lowest, highest, style, drop)


def _options(chosen: _Chosen, defaults: StudyDefaults) -> TranscribeOptions:
    exact = chosen.least if chosen.least == chosen.most else None
    return TranscribeOptions(
        model=chosen.model,
        language=chosen.language or None,
        speakers=exact,
        min_speakers=None if exact else chosen.least,
        max_speakers=None if exact else chosen.most,
        allowed=defaults.allowed,
        prompt=defaults.prompt,
        verbatim=chosen.style == "verbatim",
        translate=chosen.style == "translated",
        drop_phrases=chosen.drop_phrases,
    )


def _offered(allowed: Sequence[str]) -> list[str]:
    """The study's languages first, then all others."""
    return [*allowed, *(code for code in NAMES if code not in allowed)]


def _found_out(allowed: Sequence[str]) -> str:
    return "Found out among " + ", ".join(NAMES[code] for code in allowed)

"""Starting a transcription: which recording, which model, how many speakers, what language."""

from typing import Final

import streamlit as st

from secure_storage import Study

from ..job_view import WORKING, Job
from ..jobs import start_job
from ..models import DEMO, installed_models
from ..options import TranscribeOptions
from ..store import RecordingRow
from .telling import clock, labels, told

_LANGUAGES: Final = {
    "": "Found out from the sound",
    "da": "Danish",
    "en": "English",
    "no": "Norwegian (Bokmål)",
    "nn": "Norwegian (Nynorsk)",
    "sv": "Swedish",
}


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
    models = [*(model.name for model in installed_models()), DEMO]
    if models == [DEMO]:
        st.caption(
            "No recognition model is installed, only the demo model, which knows nothing but the "
            "words and voices of the sample. Copy a checkpoint in openai-whisper's format into "
            "the models folder (the command `fokus doctor` names it)."
        )
    names = labels(rows)
    # What has no transcript yet comes first.
    options = sorted(free, key=lambda one: (free[one].transcript_id is not None, one))
    first, second = st.columns([3, 2])
    chosen = first.selectbox(
        "Recording",
        options,
        format_func=lambda one: f"{names[one]} ({clock(free[one].duration)})",
        key="to_transcribe",
    )
    model = second.selectbox("Model", models)
    language = first.selectbox("Language", list(_LANGUAGES), format_func=_LANGUAGES.__getitem__)
    speakers = second.number_input(
        "Speakers", 1, 30, value=None, placeholder="Estimated",
        help="Everybody who speaks, the moderator included. Leave it empty to have it estimated.",
    )  # fmt: skip
    if free[chosen].transcript_id is not None:
        st.caption(
            "This recording has a transcript. A new one is added beside it; the codings stay on "
            "the old one."
        )
    if st.button("Transcribe", type="primary", icon=":material/play_arrow:", key="transcribe"):
        with told(), st.spinner("Sealing the sound for the worker …"):
            start_job(
                study,
                chosen,
                TranscribeOptions(
                    model=model,
                    language=language or None,
                    speakers=None if speakers is None else int(speakers),
                ),
            )
            st.rerun()

"""The study at a glance: how far each transcript is, and which codes carry most."""

from typing import Final

import streamlit as st

import coding
from secure_storage import Study

from .. import store
from .telling import demo_words

_MOST: Final = 14


def study_page(study: Study) -> None:
    """Draw the overview."""
    st.title("Overview")
    st.text(study.title)
    rows = store.progress(study)
    if not rows:
        st.caption(
            "There is no transcript yet. Open **Recordings** to add your first recording, or "
            "to import a transcript that exists already."
        )
        return
    codes, counts = coding.list_codes(study), coding.coding_counts(study)
    with st.container(horizontal=True):
        st.metric("Transcripts", len(rows), border=True)
        st.metric("Sentences", f"{sum(row.sentences for row in rows):,}", border=True)
        st.metric("Codes", len(codes), border=True)
        st.metric("Coded sentences", f"{sum(row.coded for row in rows):,}", border=True)
        st.metric("Themes", len(store.list_themes(study)), border=True)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.subheader("Transcripts")
        _transcripts(rows)
        if any(row.demo for row in rows):
            st.caption(
                ":material/science: **Demo model**: text so marked was recognised by a model that "
                "knows only the sample's vocabulary and voices."
            )
    with right:
        st.subheader("Codes used most")
        _codes(study, codes, counts)


def _transcripts(rows: list[store.Progress]) -> None:
    st.dataframe(
        {
            "Transcript": [row.title for row in rows],
            "Group": [row.group for row in rows],
            "Minutes": [None if row.seconds is None else row.seconds / 60 for row in rows],
            "Sentences": [row.sentences for row in rows],
            "Coded": [100 * row.share for row in rows],
            "Coders": [row.coders for row in rows],
            "Model": [demo_words(row.demo) for row in rows],
        },
        hide_index=True,
        height="content",
        column_config={
            "Group": st.column_config.NumberColumn(width="small"),
            "Minutes": st.column_config.NumberColumn(format="%.0f min", width="small"),
            "Sentences": st.column_config.NumberColumn(width="small"),
            "Coded": st.column_config.ProgressColumn(format="%.0f%%", min_value=0, max_value=100),
        },
    )


def _codes(study: Study, codes: list[coding.Code], counts: dict[int, int]) -> None:
    used = sorted((code for code in codes if counts.get(code.id)), key=lambda c: -counts[c.id])
    if not used:
        st.caption("Nothing is coded yet. Open **Coding**, choose a sentence and give it a code.")
        return
    themes = {code: theme.name for theme in store.list_themes(study) for code in theme.codes}
    top = {
        "Code": [code.name for code in used[:_MOST]],
        "Codings": [counts[code.id] for code in used[:_MOST]],
        "Theme": [themes.get(code.id, "In no theme") for code in used[:_MOST]],
    }
    st.vega_lite_chart(
        top,
        {
            "mark": {"type": "bar", "cornerRadiusEnd": 3},
            "height": 26 * min(len(used), _MOST) + 20,
            "encoding": {
                "x": {
                    "field": "Codings",
                    "type": "quantitative",
                    "title": None,
                    "axis": {"tickMinStep": 1, "format": "d"},
                },
                "y": {
                    "field": "Code",
                    "type": "nominal",
                    "sort": "-x",
                    "title": None,
                    "axis": {"labelLimit": 220},
                },
                "color": {"field": "Theme", "type": "nominal", "legend": None},
                "tooltip": [{"field": field} for field in top],
            },
        },
    )

"""Quotes: what was marked, who it may be attributed to, and which theme it speaks for."""

import streamlit as st

from secure_storage import Study

from .. import store
from ..theme import STATUSES, Quote, Theme, printed
from .telling import allowed, demo_mark, demo_words, told


def quotes_page(study: Study) -> None:
    """Draw the page Quotes."""
    st.title("Quotes")
    themes = store.list_themes(study)
    found = store.quotes(study)
    if not found:
        st.caption(
            "There is no quote yet. Open **Coding**, choose the sentences that say it best, and "
            "press **q** to mark them as a quote. They are then listed here with their "
            "attribution, ready to be placed in themes."
        )
        return
    study.opened("quotes")
    shown = _chosen(found, themes)
    picked = _table(shown, themes)
    if picked is None:
        st.caption("Choose a row to read the quote in its context and to place it in themes.")
        return
    _reading(picked)
    if allowed(study.member.role):
        _placing(study, picked, themes)


def _chosen(found: list[Quote], themes: list[Theme]) -> list[Quote]:
    """Let the reader narrow the table down."""
    names = {theme.id: theme.name for theme in themes}
    options: list[int | None] = [None, 0, *names]
    words = {None: "All quotes", 0: "In no theme"}
    which = st.selectbox(
        "Show",
        options,
        format_func=lambda one: words[one] if one in words else names[int(one or 0)],
        width=360,
    )
    if which is None:
        return found
    if which == 0:
        return [quote for quote in found if not quote.themes]
    return [quote for quote in found if which in quote.themes]


def _table(shown: list[Quote], themes: list[Theme]) -> Quote | None:
    if not shown:
        st.caption("No quote is in this theme yet. Show all quotes and place one here.")
        return None
    names = {theme.id: theme.name for theme in themes}
    table = {
        "Quote": [quote.excerpt.text for quote in shown],
        "Attribution": [quote.excerpt.voices for quote in shown],
        "Themes": ["; ".join(names[one] for one in quote.themes) for quote in shown],
        "Status": [quote.status for quote in shown],
        "Transcript": [quote.excerpt.transcript for quote in shown],
        "Model": [demo_words(quote.excerpt.demo) for quote in shown],
        "Sentence": [quote.excerpt.first for quote in shown],
    }
    event = st.dataframe(
        table,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="quotes-table",
        column_config={
            "Quote": st.column_config.TextColumn(width="large"),
            "Sentence": st.column_config.NumberColumn(width="small"),
            "Status": st.column_config.TextColumn(width="small"),
            "Model": st.column_config.TextColumn(width="small"),
        },
    )
    rows = event["selection"]["rows"]
    return shown[rows[0]] if rows and rows[0] < len(shown) else None


def _reading(quote: Quote) -> None:
    with st.container(border=True):
        if quote.excerpt.demo:
            demo_mark()
        if quote.excerpt.before:
            st.caption("Before")
            st.text(quote.excerpt.before)
        st.caption("Quote, as a manuscript prints it")
        for line in printed(quote.excerpt):
            st.text(line)
        if quote.excerpt.after:
            st.caption("After")
            st.text(quote.excerpt.after)


def _placing(study: Study, quote: Quote, themes: list[Theme]) -> None:
    names = {theme.id: theme.name for theme in themes}
    with st.form(f"quote-{quote.id}"):
        left, right = st.columns([3, 1])
        chosen = left.multiselect(
            "Speaks for the themes",
            list(names),
            default=list(quote.themes),
            format_func=names.__getitem__,
            placeholder="In no theme" if names else "There is no theme yet",
        )
        status = right.selectbox("Status", STATUSES, index=STATUSES.index(quote.status))
        if st.form_submit_button("Save", type="primary"):
            with told():
                for theme_id in set(chosen) - set(quote.themes):
                    store.add_quote_to_theme(study, quote.id, theme_id)
                for theme_id in set(quote.themes) - set(chosen):
                    store.remove_quote_from_theme(study, quote.id, theme_id)
                store.set_quote_status(study, quote.id, status)
                st.rerun()
    if st.button("Take the mark off", help="The coded sentences stay as they are."):
        with told():
            store.remove_quote(study, quote.id)
            st.rerun()

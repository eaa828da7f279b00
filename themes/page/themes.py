"""Themes: a board of candidate themes, and each theme's central organising concept."""

from typing import Final

import streamlit as st

import coding
from secure_storage import Study

from .. import store
from ..board_component import board
from ..naming import nudge
from ..theme import Theme, printed
from .telling import allowed, demo_mark, demo_words, told

_PICKED: Final = "theme-picked"


def themes_page(study: Study) -> None:
    """Draw the page Themes."""
    st.title("Themes")
    may = allowed(study.member.role)
    codes = coding.list_codes(study)
    if not codes:
        st.caption(
            "There is no code yet. Open **Coding** and code some sentences first: themes are "
            "developed from codes. A first idea of a theme can be written down here all the same."
        )
    if may:
        _adding(study)
    themes = store.list_themes(study)
    if codes:
        picked = board(study.head(), may_change=may, key="board")
        if picked is not None:
            st.session_state[_PICKED] = picked
    if themes:
        _writing(study, themes, codes, may=may)
    else:
        st.caption(
            "There is no theme yet. A theme is a pattern of shared meaning, held together by one "
            "idea; several codes usually speak for it. Name the first one above."
        )


def _adding(study: Study) -> None:
    with st.form("new-theme", clear_on_submit=True, border=False):
        left, right = st.columns([5, 1], vertical_alignment="bottom")
        name = left.text_input(
            "New candidate theme",
            max_chars=200,
            placeholder="What holds it together, as a statement",
        )
        if right.form_submit_button("Add theme", width="stretch"):
            with told():
                st.session_state[_PICKED] = store.add_theme(study, name)


def _writing(study: Study, themes: list[Theme], codes: list[coding.Code], *, may: bool) -> None:
    st.subheader("One theme")
    numbers = [theme.id for theme in themes]
    names = {theme.id: theme.name for theme in themes}
    if st.session_state.get(_PICKED) not in numbers:
        st.session_state[_PICKED] = numbers[0]
    picked = st.selectbox("Theme", numbers, format_func=names.__getitem__, key=_PICKED)
    theme = next(theme for theme in themes if theme.id == picked)
    hint = nudge(theme.name)
    if hint:
        st.caption(":material/lightbulb: A thought on the name")
        st.text(hint)
    left, right = st.columns(2, gap="medium")
    with left:
        if may:
            _text(study, theme)
            _codes(study, theme, codes)
        else:
            st.caption("Central organising concept")
            st.text(theme.concept or "Not written yet.")
    with right:
        _speaking_for(study, theme)
    if may:
        _removing(study, theme)


def _text(study: Study, theme: Theme) -> None:
    """Write name and concept; whoever read an old version sees both and decides."""
    name, concept, read = (f"theme-{part}-{theme.id}" for part in ("name", "concept", "read"))
    if name not in st.session_state:
        _take(theme)
    with st.form(f"theme-text-{theme.id}"):
        st.text_input("Name", key=name, max_chars=200)
        st.text_area(
            "Central organising concept",
            key=concept,
            height=140,
            help="The one idea that holds the theme together, and where it ends: what it is, and "
            "what it is not.",
        )
        saved = st.form_submit_button("Save", type="primary")
    if saved:
        with told():
            state = st.session_state
            done = store.edit_theme(study, theme.id, state[name], state[concept], state[read])
            state[read] = done.version
            st.rerun()
    if theme.version != st.session_state[read]:
        with st.container(border=True):
            st.caption(":material/group: **Somebody else has changed this theme.** Their version:")
            st.text(theme.name)
            st.text(theme.concept)
            st.button("Take theirs", on_click=_take, args=(theme,))
            st.button(
                "Keep mine", on_click=_answer, args=(theme,), help="Save then replaces theirs."
            )


def _take(theme: Theme) -> None:
    """Fill the form with the theme as it is."""
    st.session_state[f"theme-name-{theme.id}"] = theme.name
    st.session_state[f"theme-concept-{theme.id}"] = theme.concept
    _answer(theme)


def _answer(theme: Theme) -> None:
    """Remember that this version was read, so that saving replaces it."""
    st.session_state[f"theme-read-{theme.id}"] = theme.version


def _codes(study: Study, theme: Theme, codes: list[coding.Code]) -> None:
    """Put codes in and out without the board (a keyboard, a screen reader)."""
    names = {code.id: code.name for code in codes}
    with st.form(f"theme-codes-{theme.id}"):
        chosen = st.multiselect(
            "Codes in this theme",
            list(names),
            default=[code for code in theme.codes if code in names],
            format_func=names.__getitem__,
            help="A code may be in several themes.",
        )
        if st.form_submit_button("Save codes"):
            with told():
                for code in set(chosen) - set(theme.codes):
                    store.add_code(study, theme.id, code)
                for code in set(theme.codes) - set(chosen):
                    store.remove_code(study, theme.id, code)
                st.rerun()


def _speaking_for(study: Study, theme: Theme) -> None:
    quotes, excerpts = store.quotes(study, theme.id), store.excerpts_of_theme(study, theme.id)
    if quotes or excerpts:
        study.opened(f"theme:{theme.id}")
    st.caption("Quotes")
    for quote in quotes:
        with st.container(border=True):
            for line in printed(quote.excerpt):
                st.text(line)
            if quote.excerpt.demo:
                demo_mark()
    if not quotes:
        st.caption("None yet. Mark quotes on the page **Coding** and place them under **Quotes**.")
    st.caption("Excerpts under its codes")
    if not excerpts:
        st.caption("None yet. Put codes into the theme, on the board or at the left.")
        return
    st.dataframe(
        {
            "Excerpt": [one.text for one in excerpts],
            "Attribution": [one.voices for one in excerpts],
            "Model": [demo_words(one.demo) for one in excerpts],
        },
        hide_index=True,
        height=min(420, 38 + 35 * len(excerpts)),
        column_config={
            "Excerpt": st.column_config.TextColumn(width="large"),
            "Model": st.column_config.TextColumn(width="small"),
        },
    )


def _removing(study: Study, theme: Theme) -> None:
    sure = st.checkbox("I want to remove this theme", key=f"theme-remove-{theme.id}")
    if sure and st.button("Remove the theme", help="Its codes and quotes stay."):
        with told():
            store.remove_theme(study, theme.id)
            st.rerun()

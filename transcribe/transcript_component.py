"""The transcript component, and how components of ours are delivered.

Their code is plain ES modules that import each other, so each module needs an address.
Streamlit serves the asset folders of components that an installed distribution declares,
but finds none of ours: it looks for one import package named like the distribution,
which ours, with its four, is not. So the declaration is made here, in the same words.
The addresses (below ``/_stcore/bidi-components/``) lie behind the gate like all others.

Streamlit is imported only when a component is drawn: this module is re-exported from the
package's root, which the command line loads too.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from secure_storage import NotAllowed, Right, Study

from .store import TranscriptRow, list_transcripts

_PREFIX: Final = "fokus"
_WEB: Final = Path(__file__).with_name("web")
_STYLE: Final = "transcript.css"
_CHOSEN: Final = "chosen_transcript"
_BOX: Final = "transcript_box"
"""Key of the box it is chosen in: with it, a choice is not lost when the default changes."""


def choose_transcript(study: Study) -> TranscriptRow | None:
    """Let a transcript be chosen, and keep the choice from page to page."""
    import streamlit as st

    rows = {row.id: row for row in list_transcripts(study)}
    if not rows:
        st.caption(
            "There is no transcript yet. Open **Recordings** to transcribe a recording or to "
            "import a transcript that was made elsewhere."
        )
        return None
    known = st.session_state.get(_CHOSEN)
    options = list(rows)
    if st.session_state.get(_BOX) not in rows:
        st.session_state[_BOX] = known if known in rows else options[0]
    choice, notice = st.columns([1, 2], vertical_alignment="bottom")
    chosen = choice.selectbox(
        "Transcript",
        options,
        format_func=lambda one: f"{rows[one].title} (group {rows[one].group})",
        key=_BOX,
    )
    st.session_state[_CHOSEN] = chosen
    if rows[chosen].demo:
        notice.warning(
            "Made by the **demo model**, which knows only the sample's words and voices.",
            icon=":material/science:",
        )
    return rows[chosen]


def remember_transcript(transcript_id: int) -> None:
    """Let the next page that offers transcripts begin with this one."""
    import streamlit as st

    st.session_state[_CHOSEN] = transcript_id
    st.session_state.pop(_BOX, None)


def show_transcript(study: Study, row: TranscriptRow, *, written: bool = False) -> None:
    """Draw a transcript to read, hear and correct; ``written`` keeps what was said beside."""
    component("transcript", _WEB, "editing.js", [_WEB / _STYLE, _WEB / "editing.css"])(
        key="transcript", data={**shown(study, row), **({"written": True} if written else {})}
    )


def on_transcript(name: str, web: Path, script: str, style: str) -> Callable[..., Any]:
    """Give a component that builds on the transcript, with code and style of its own."""
    _declare("transcript", _WEB)
    return component(name, web, script, [_WEB / _STYLE, web / style])


def shown(study: Study, row: TranscriptRow) -> Mapping[str, object]:
    """What the component is told by the page; all else it fetches."""
    return {"transcript": row.id, "may_edit": may(study, "transcribe")}


def may(study: Study, right: Right) -> bool:
    """Tell whether the member may, to offer only what will work. The stores decide."""
    try:
        study.require(right)
    except NotAllowed:
        return False
    return True


def component(name: str, web: Path, script: str, styles: Sequence[Path]) -> Callable[..., Any]:
    """Give what draws one of our components."""
    import streamlit as st

    key = _declare(name, web)
    return st.components.v2.component(
        key,
        html='<div class="fokus"></div>',
        css="\n".join(style.read_text("utf-8") for style in styles),
        js=script,
    )


def _declare(name: str, web: Path) -> str:
    from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
    from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

    key = f"{_PREFIX}.{name}"
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(key) is None:
        manifest = ComponentManifest(_PREFIX, "0", [ComponentConfig(name, web.name)])
        manager.register_from_manifest(manifest, web.parent)
    return key

"""Ends what Streamlit keeps of people who are signed out.

Cutting a socket alone leaves Streamlit's session, with all its state, in a store for half
a minute, and its script running. Streamlit knows each of its sessions by the header that
the gate adds, which is the handle of one of ours: where ours is over, Streamlit's is
closed whole. A running script is stopped by Streamlit at its next call of Streamlit; a
study refuses it too, so what it does in between reads nothing and reaches nobody.
"""

from collections.abc import Callable


def close_scripts(alive: Callable[[str], bool]) -> None:
    """Close every session of Streamlit whose handle is not alive; on the event loop's thread."""
    from streamlit import runtime

    if not runtime.exists():
        return
    running = runtime.get_instance()
    for one in running._session_mgr.list_sessions():
        handle = one.session._user_info.get("session")
        if not isinstance(handle, str) or not alive(handle):
            running.close_session(one.session.id)

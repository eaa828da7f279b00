"""Where a file stands that was asked for: drawn by every page that asks for one.

Streamlit is imported only when it is drawn: this module is re-exported from the package's
root, which the command line loads too.
"""

from secure_storage import Request, Study, list_requests, who_can_release


def where_it_stands(study: Study, request_id: int | None) -> None:
    """Draw what became of a request, read anew: somebody may have decided meanwhile."""
    import streamlit as st

    for one in list_requests(study):
        if one.id == request_id:
            with st.container(border=True):
                _what_next(study, one)


def _what_next(study: Study, asked: Request) -> None:
    import streamlit as st

    if asked.names_found:
        st.caption(":material/warning: **Names found.** Read the file through, and take them out.")
    elif not asked.names_checked:
        st.caption(
            ":material/warning: **Names not checked.** No names are registered to look for. "
            "Read the file through before it is passed on."
        )
    if asked.state == "released":
        st.caption(":material/check_circle: Released, written to the study's exports folder:")
        st.text(asked.file_name)
        if study.member.may_release:
            st.link_button("Fetch the file", f"/export/{asked.export_id}", type="primary")
    elif asked.state == "waiting":
        st.caption(":material/hourglass: Sealed in the study. It waits on the page **Exports**.")
        st.text(asked.file_name)
        able = [member.name for member in who_can_release(study, asked)]
        if able:
            st.text("It leaves when one of these agrees: " + ", ".join(able))
        else:
            st.caption(
                "Nobody else can agree to it yet. The page **Exports** says what is missing."
            )
    else:
        st.text(f"{asked.file_name} was {asked.state}. {asked.reason}")

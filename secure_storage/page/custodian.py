"""The page of a custodian: the linking store, and nothing of the study but pseudonyms."""

import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

from ..errors import FokusError
from ..linking import (
    Linking,
    Person,
    create_linking,
    linking_state,
    open_linking,
    own_fingerprint,
    pseudonyms,
    recover_linking,
)
from ..study import Study
from .account import your_account
from .person import NEW, enter_person, withdrawal_and_removal
from .telling import plain
from .way_out import signed_in

HISTORY = 100


def custodian_page(study: Study) -> None:
    """Draw the store, or how to get into it."""
    signed_in(study)
    st.title("Linking store")
    state = linking_state(study)
    if not state.exists:
        _create(study)
    elif not state.mine:
        _ask_to_be_let_in(study, outdated=state.outdated)
    else:
        _store(study, open_linking(study))
    your_account(study)


def _create(study: Study) -> None:
    st.caption(
        "Who the pseudonyms are is kept here, apart from the study: in an encrypted file of its "
        "own, with a key that no lead or coder has. There is no linking store yet. The study "
        "works without one, but exports then cannot be checked for names."
    )
    if st.button("Create the linking store", type="primary", icon=":material/add_link:"):
        create_linking(study)
        st.rerun()


def _ask_to_be_let_in(study: Study, *, outdated: bool) -> None:
    st.caption(
        "You were let in with a key that you no longer have. Ask another custodian to let you in "
        "again."
        if outdated
        else "There is a linking store, and it is not open to you yet. A custodian who has it "
        "lets you in on this page of theirs. Let them compare the fingerprint of your key:"
    )
    st.code(own_fingerprint(study), language=None)
    st.subheader("Nobody can let you in?")
    with st.form("kit", clear_on_submit=True):
        text = st.text_input("Recovery kit of the linking store", autocomplete="off")
        if not st.form_submit_button("Open with the kit", icon=":material/key:"):
            return
    try:
        recover_linking(study, text)
    except FokusError as error:
        st.error(plain(str(error)))
    else:
        st.rerun()


def _store(study: Study, linking: Linking) -> None:
    if linking.published() is None:
        # New, or the study's key was changed: the hashes made with the old one match nothing.
        linking.tell_study()
    people, words, published, keys, journal = st.tabs(
        ["People", "Replaced words", "Name check", "Custodians", "Journal"]
    )
    with people:
        _people(study, linking)
    with words:
        _replaced(linking)
    with published:
        _published(linking)
    with keys:
        _custodians(study, linking)
        _kit(linking)
        _destroy(linking)
    with journal:
        _journal(study, linking)


def _people(study: Study, linking: Linking) -> None:
    everybody = linking.people()
    in_study = [(one.group_number, one.pseudonym) for one in pseudonyms(study)]
    if not everybody:
        st.caption("Nobody is registered yet. Choose a pseudonym below and enter who it is.")
    else:
        search = st.text_input("Search names and pseudonyms", key="linking-search")
        shown = linking.people(search)
        st.dataframe(_table(shown, set(in_study)), hide_index=True, width="stretch")
        if not shown:
            st.caption("Nobody fits the search.")
    known = {(one.group_number, one.pseudonym): one for one in everybody}
    open_ones = [one for one in in_study if one not in known]
    if open_ones:
        st.text(f"{len(open_ones)} pseudonyms of the study are not registered yet.")
    choices = [NEW, *sorted({*known, *in_study})]
    chosen = st.selectbox(
        "Person to enter or change", choices, index=0, key="linking-person",
        format_func=lambda one: "Another pseudonym" if one == NEW else _label(one),
    )  # fmt: skip
    registered = known.get(chosen)
    person = linking.person(registered.id) if registered else Person(chosen[0], chosen[1], "")
    enter_person(linking, person, fixed=chosen != NEW)
    if registered:
        withdrawal_and_removal(linking, person)


def _replaced(linking: Linking) -> None:
    st.caption(
        "What was taken out of transcripts for good, and what stands there now. Only custodians "
        "can tell; looking is on record."
    )
    if not st.toggle("Show them"):
        return
    found = linking.originals()
    if not found:
        st.caption("Nothing was replaced yet.")
        return
    st.dataframe(
        {
            "In the text": [one.label for one in found],
            "Stood there": [one.text for one in found],
            "Transcript": [one.transcript_id for one in found],
            "When": [one.at[:10] for one in found],
        },
        hide_index=True,
    )


def _label(one: tuple[int, str]) -> str:
    return f"Group {one[0]}: {one[1]}"


def _table(people: list[Person], in_study: set[tuple[int, str]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Group": [one.group_number for one in people],
            "Pseudonym": [one.pseudonym for one in people],
            "Name": [one.name for one in people],
            "Other names": [", ".join(one.other_names) for one in people],
            "Consent": [one.consent for one in people],
            "Withdrew": [one.withdrawn_on or "" for one in people],
            "In the study": [
                "yes" if (one.group_number, one.pseudonym) in in_study else "not yet"
                for one in people
            ],
        }
    )


def _published(linking: Linking) -> None:
    st.caption(
        "So that texts and exports can be checked for names, the study holds keyed hashes of the "
        "names, not the names. They are renewed whenever a person is saved."
    )
    found = linking.published()
    if found is None:
        st.caption("Nothing is published: register somebody first. Until then nothing is checked.")
    else:
        when = found.at.replace("T", " ")[:16]
        st.text(f"Published {when} UTC: {found.rows} hashes, those that fill up included.")
    if st.button("Publish again", icon=":material/publish:"):
        with st.spinner("Publishing"):
            count = linking.publish()
        st.text(f"Published: {count} forms of names, numbers and addresses.")


def _custodians(study: Study, linking: Linking) -> None:
    custodians = linking.custodians()
    st.dataframe(
        pd.DataFrame(
            {
                "Name": [one.name for one in custodians],
                "Let in": ["yes" if one.admitted else "no" for one in custodians],
                "Has signed in": ["yes" if one.ready else "not yet" for one in custodians],
                "Fingerprint of key": [one.fingerprint for one in custodians],
            }
        ),
        hide_index=True,
        width="stretch",
    )
    others = {one.member_id: one for one in custodians if one.member_id != study.member.id}
    if not others:
        st.caption(
            "You are the only custodian. Ask a lead to invite another one, or print the recovery "
            "kit: without either, nobody can open the store when you are gone."
        )
        return
    with st.form("custodians", clear_on_submit=True):
        chosen = st.selectbox("Custodian", list(others), format_func=lambda key: others[key].name)
        st.caption(
            "Before you let somebody in, let them read out the fingerprint that their page shows. "
            "Shutting out gives the store a new key; what they saw before they may remember."
        )
        sure = st.checkbox("I compared the fingerprint, or am shutting this person out")
        with st.container(horizontal=True):
            admit = st.form_submit_button("Let in", icon=":material/person_add:")
            dismiss = st.form_submit_button("Shut out", icon=":material/person_off:")
    if not (admit or dismiss):
        return
    if not sure:
        st.error("Tick the box to confirm.")
        return
    try:
        (linking.admit if admit else linking.dismiss)(chosen)
    except FokusError as error:
        st.error(plain(str(error)))
    else:
        st.rerun()


def _kit(linking: Linking) -> None:
    st.subheader("Recovery kit")
    st.caption(
        "A kit is printed and lies in a safe, not with the study's own kit. With it a custodian "
        "whom nobody can let in opens the store."
        if linking.has_kit()
        else "There is no kit yet. Make one, print it or write it down, and put it in a safe."
    )
    if st.button("Make a recovery kit", icon=":material/print:"):
        st.code(linking.make_kit(), language=None)
        st.caption("It is shown only now. A kit made before opens the store no more.")


def _destroy(linking: Linking) -> None:
    st.subheader("End of the project")
    with st.form("destroy"):
        st.caption(
            "Destroys the linking store and its keys for every custodian. What is left in the "
            "study can then not be linked to anybody through it. Backups made before hold it "
            "until they expire."
        )
        word = st.text_input("Type destroy to confirm", autocomplete="off")
        if not st.form_submit_button("Destroy the linking store", icon=":material/delete_forever:"):
            return
    if word.strip().casefold() != "destroy":
        st.error("Nothing was destroyed: type the word destroy to confirm.")
        return
    linking.destroy()
    st.rerun()


def _journal(study: Study, linking: Linking) -> None:
    check = linking.verified()
    if check.ok:
        st.caption("The store's journal is unbroken. It names fields and numbers, never people.")
    else:
        st.error("The store's journal was tampered with: " + plain(check.problem))
    names = {one.id: one.name for one in study.members()}
    events = linking.history(HISTORY)
    st.dataframe(
        pd.DataFrame(
            {
                "No.": [one.seq for one in events],
                "Time (UTC)": [one.at.replace("T", " ")[:19] for one in events],
                "Who": [names.get(one.actor or 0, "") for one in events],
                "What": [one.action for one in events],
                "On": [one.object for one in events],
                "Fields": [", ".join((one.after or {}).get("fields", [])) for one in events],
            }
        ),
        hide_index=True,
        width="stretch",
    )

"""The pages Coding and Codebook, run by Streamlit's own test runner on a real study."""

import json
from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from coding import add_code, edit_code, list_codes, set_coding
from secure_storage import Study, unlock

from .conftest import PASSPHRASE, Desk


def run(script: Callable[[Study], None], study: Study) -> AppTest:
    at = AppTest.from_function(script, args=(study,), default_timeout=30).run()
    assert not at.exception
    return at


def coding_script(study: "Study") -> None:
    from coding.page import coding_page

    coding_page(study)


def codebook_script(study: "Study") -> None:
    from coding.page import codebook_page

    codebook_page(study)


def words(at: AppTest) -> str:
    return "\n".join(one.value for one in (*at.text, *at.caption))


def told(at: AppTest) -> dict[str, object]:
    (component,) = at.get("bidi_component")
    data: dict[str, object] = json.loads(component.proto.json)
    return data


def test_the_coder_is_told_which_transcript_and_what_is_allowed(desk: Desk) -> None:
    at = run(coding_script, desk.bo)
    assert told(at) == {"transcript": desk.transcript, "may_edit": True, "may_code": True}
    (component,) = at.get("bidi_component")
    assert component.proto.js_source_path == "coder.js"


def test_a_reader_is_offered_no_coding(desk: Desk) -> None:
    once = desk.ann.invite("Rea Dahl", "reader")
    reader = unlock(desk.ann.home, "Rea Dahl", once)
    reader.change_passphrase(once, PASSPHRASE)
    at = run(coding_script, reader)
    assert told(at) == {"transcript": desk.transcript, "may_edit": False, "may_code": False}
    assert "Your role can read" in words(at)
    assert not run(codebook_script, reader).text_input
    reader.close()


def test_an_empty_codebook_says_what_to_do_and_makes_the_first_code(desk: Desk) -> None:
    at = run(codebook_script, desk.ann)
    assert "There are no codes yet" in words(at)
    at.text_input[0].input("Comfort")
    at.text_area[0].input("Being at ease.")
    at.button[0].click().run()
    (code,) = list_codes(desk.ann)
    assert (code.name, code.definition) == ("Comfort", "Being at ease.")
    assert list(at.dataframe[0].value["Code"]) == ["Comfort"]


def chosen(desk: Desk, code_id: int) -> AppTest:
    at = AppTest.from_function(codebook_script, args=(desk.ann,), default_timeout=30)
    at.session_state["codebook_selected"] = code_id
    at.run()
    assert not at.exception
    return at


def button(at: AppTest, label: str) -> None:
    next(one for one in at.button if one.label == label).click().run()
    assert not at.exception


def test_a_code_shows_its_segments_as_plain_text(desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort ![x](http://evil.test/x.png)")
    set_coding(desk.bo, desk.transcript, desk.lines[1], desk.lines[1], code.id)
    at = chosen(desk, code.id)
    assert "The alarm is a comfort." in words(at)
    assert "… What works at home?" in words(at)
    assert "Coded by BL" in words(at)
    assert not any("evil.test" in one.value for one in [*at.markdown, *at.caption])


def test_a_segment_names_the_demo_model(desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort")
    set_coding(desk.bo, desk.transcript, desk.lines[1], desk.lines[1], code.id)
    assert "demo model" not in words(chosen(desk, code.id))
    with desk.ann.change() as change:
        change.db.execute("UPDATE transcripts SET demo = 1")
        change.record("transcript.added", f"transcript:{desk.transcript}")
    assert "demo model" in words(chosen(desk, code.id))


def test_opening_what_stands_under_a_code_is_on_the_record_once(desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort")
    chosen(desk, code.id)
    set_coding(desk.bo, desk.transcript, desk.lines[1], desk.lines[1], code.id)
    for _ in range(2):
        chosen(desk, code.id).run()
    found = [(one.object, one.actor) for one in desk.bo.events() if one.action == "read.opened"]
    assert found == [(f"code:{code.id}", desk.ann.member.id)]


def test_a_definition_is_changed(desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort")
    at = chosen(desk, code.id)
    at.text_area[-1].input("Ease.")
    button(at, "Save")
    assert list_codes(desk.ann)[0].definition == "Ease."


def test_a_change_of_what_was_not_read_shows_both(desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort")
    at = chosen(desk, code.id)
    edit_code(desk.bo, code.id, "Ease", "Theirs.", "semantic", code.version)
    at.text_area[-1].input("Mine.")
    button(at, "Save")
    assert "Theirs." in words(at)
    assert list_codes(desk.ann)[0].definition == "Theirs."
    button(at, "Keep mine")
    assert list_codes(desk.ann)[0].definition == "Mine."


def test_a_code_in_use_is_removed_after_a_confirmation(desk: Desk) -> None:
    code = add_code(desk.ann, "Comfort")
    set_coding(desk.bo, desk.transcript, desk.lines[1], desk.lines[1], code.id)
    at = chosen(desk, code.id)
    assert next(one for one in at.button if one.label == "Remove this code").disabled
    at.checkbox[0].check().run()
    button(at, "Remove this code")
    assert list_codes(desk.ann) == []

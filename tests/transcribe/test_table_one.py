"""Table 1: counted as a published one, told as the team wants, released through the one door."""

import html
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from streamlit.testing.v1 import AppTest

from secure_storage import BadInput, Role, StaleWrite, Study, list_requests
from transcribe import (
    GroundsRow,
    GroupRow,
    TableOneSettings,
    add_attribute,
    add_participant,
    add_recording,
    attributes,
    edit_group,
    export_table_one,
    gather_table_one,
    grounds,
    groups,
    list_transcripts,
    participants,
    set_grounds,
    set_table_one,
    table_one_settings,
)
from transcribe.page.people import edits
from transcribe.page.table_one import rules_in
from transcribe.questionnaire.mapping import guess
from transcribe.questionnaire.saving import save_questionnaire
from transcribe.questionnaire.table import Table, parse
from transcribe.store import AttributeRow
from transcribe.table_one import Line, Property, Rule, share, table_one

PROFESSIONS = {
    "Physiotherapist": 8, "Occupational therapist": 6, "Public health nurse": 2,
    "Child and youth worker": 2, "Assistant nurse": 2, "Palliative care nurse": 1,
    "Social worker": 1,
}  # fmt: skip
YEARS = (
    "6 months", "18 mnd", "2", "3", "4 år", "5", "6", "7", "8", "9", "10",
    "12", "13", "14", "15", "16", "17", "18", "20", "22", "25", "30 years",
)  # fmt: skip
SIZES = (3, 4, 5, 5, 5)
BINS = {"0–1 year": 0, "1–5 years": 1, "6–10 years": 6, "11–20 years": 11, ">21 years": 21}
"""The counts of the Table 1 of doi 10.1186/s12904-024-01464-w, on people made up for them."""


def questionnaire() -> bytes:
    jobs = [name for name, count in PROFESSIONS.items() for _ in range(count)]
    teams = [number for number, size in enumerate(SIZES, 1) for _ in range(size)]
    lines = zip(range(1, 23), teams, jobs, YEARS, strict=True)
    return ("participant;group;profession;years_of_experience\n" + "\n".join(
        f"P{number:02};{team};{job};{years}" for number, team, job, years in lines
    )).encode()  # fmt: skip


@pytest.fixture
def filled(study: Study) -> Study:
    data = questionnaire()
    header, rows = json.loads(parse(io.BytesIO(data), ""))
    table = Table(tuple(header), tuple(map(tuple, rows)))
    save_questionnaire(study, data, table, guess(table, ()), add_unknown=True)
    (years,) = attributes(study)
    labels = ("Physiotherapists", "Occupational therapists")
    set_table_one(study, TableOneSettings(3, (
        *((None, Rule(label, label[:-1].lower())) for label in labels),
        *((years.id, Rule(label, least=least)) for label, least in BINS.items()),
    )))  # fmt: skip
    return study


def test_the_published_table_comes_out_equal(filled: Study) -> None:
    table = gather_table_one(filled)
    professions, years = table.blocks
    assert table.participants == 22
    assert {line.label.removesuffix("s"): line.count for line in professions.lines} == PROFESSIONS
    assert [line.label for line in professions.lines][:2] == [
        "Physiotherapists", "Occupational therapists",
    ]  # fmt: skip
    assert [(line.label, line.count) for line in years.lines] == [
        ("0–1 year", 1), ("1–5 years", 5), ("6–10 years", 5), ("11–20 years", 8), (">21 years", 3),
    ]  # fmt: skip
    assert years.spread == "median 11 years, range 6 months to 30 years"
    assert tuple(line.count for line in table.groups.lines) == SIZES
    small = [line.label for block in table.blocks for line in block.lines if line.identifying]
    assert small == [*sorted(name for name, n in PROFESSIONS.items() if n == 2),
                     "Palliative care nurse", "Social worker", "0–1 year"]  # fmt: skip


def test_moderators_pilots_and_who_withdrew_are_not_counted(filled: Study) -> None:
    add_participant(filled, 1, "Mo", "Researcher", "moderator")
    add_participant(filled, 6, "P99", "Nurse")
    assert gather_table_one(filled).participants == 23
    pilot = next(one for one in groups(filled) if one.number == 6)
    edit_group(filled, pilot, GroupRow(6, " A  pilot ", "2026-03-24", True))
    assert gather_table_one(filled).participants == 22
    assert groups(filled)[-1] == GroupRow(6, "A pilot", "2026-03-24", True, 1)
    assert groups(filled)[-1].name == "Group 6, A pilot"
    with pytest.raises(StaleWrite):
        edit_group(filled, pilot, GroupRow(6, "Other"))
    with pytest.raises(BadInput, match="2026-03-24"):
        edit_group(filled, groups(filled)[-1], GroupRow(6, held_on="yesterday"))
    shown = [block.name for block in gather_table_one(filled, [None]).blocks]
    assert shown == ["Profession"]


def test_the_lengths_of_the_groups_are_told() -> None:
    one = table_one([], {"Group 1": 5}, [63.2, 87.4], 3)
    assert one.groups.spread == "63 to 87 minutes"
    assert table_one([], {}, [60], 0).groups.spread == "60 minutes"


def test_what_was_not_answered_or_fits_no_bin_is_told() -> None:
    years = Property("Years", "years", ("0.5", "", "3", "4"), (Rule("1 and more", least=1),))
    jobs = Property("Job", "text", ("nurse", " Nurse ", "nurse", "?"), ())
    block, by_job = table_one([years, jobs], {"Group 1": 4}, [], 2).blocks
    assert [(line.label, line.count) for line in block.lines] == [
        ("1 and more", 2), ("Below the first bin", 1), ("Not stated", 1),
    ]  # fmt: skip
    assert by_job.lines == (Line("nurse", 3), Line("?", 1, True))


def test_an_answer_that_is_also_a_label_is_counted_with_it() -> None:
    answers = ("nurse", "Nurses", "nurses", "guard", "watch")
    rules = (Rule("Nurses", "nurse"), Rule("guard", "watch"), Rule("watch", "guard"))
    (block,) = table_one([Property("Job", "text", answers, rules)], {"Group 1": 5}, [], 0).blocks
    assert block.lines == (Line("Nurses", 3), Line("guard", 1), Line("watch", 1))


def test_a_half_per_cent_is_rounded_up() -> None:
    assert [share(count, 8) for count in (0, 1, 3, 5, 8)] == [
        "0 %", "13 %", "38 %", "63 %", "100 %",
    ]  # fmt: skip
    assert share(0, 0) == ""


@given(some.lists(some.sampled_from(["", "a", "A", "B", "b", "c ", "d"])), some.integers(0, 5))
def test_everybody_is_counted_once(answers: list[str], threshold: int) -> None:
    (block,) = table_one(
        [Property("x", "text", tuple(answers), tuple(
            Rule(label, value) for label, value in ("Aa", "AB", "bc"))
        )],
        {"Group 1": len(answers)}, [], threshold,
    ).blocks  # fmt: skip
    assert sum(line.count for line in block.lines) == len(answers)


def test_how_the_table_is_told_is_replaced_whole_and_not_over_others(filled: Study) -> None:
    before = table_one_settings(filled)
    set_table_one(filled, TableOneSettings(5, (), before.version))
    assert table_one_settings(filled) == TableOneSettings(5, (), before.version + 1)
    for wrong in (
        TableOneSettings(5, (), before.version), TableOneSettings(-1, (), before.version + 1),
        TableOneSettings(3, ((99, Rule("a", "b")),), before.version + 1),
        TableOneSettings(3, ((None, Rule(" ", "b")),), before.version + 1),
    ):  # fmt: skip
        with pytest.raises((StaleWrite, BadInput)):
            set_table_one(filled, wrong)


def test_the_table_leaves_as_word_and_excel_through_the_door(filled: Study) -> None:
    wanted = {"docx": "word/document.xml", "xlsx": "xl/worksheets/sheet1.xml"}
    for form, part in wanted.items():
        asked = export_table_one(filled, form, "Table 1 of the article", "The journal")
        assert (asked.state, asked.form) == ("waiting", form)
        assert asked.file_id is not None
        with filled.files.open(asked.file_id) as sealed:
            data = sealed.read(0, sealed.size)
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            text = html.unescape(packed.read(part).decode())
        for words in ("Physiotherapists", "6–10 years", "6 months to 30 years", "Group 5"):
            assert words in text
        assert "P01" not in text and ("†" in text or "Fewer than 3" in text)
    assert len(list_requests(filled)) == 2
    with pytest.raises(BadInput, match="docx, xlsx"):
        export_table_one(filled, "pdf", "x", "y")


def test_nobody_to_count_is_no_table(study: Study) -> None:
    assert gather_table_one(study).blocks == ()
    with pytest.raises(BadInput, match="nobody to count"):
        export_table_one(study, "docx", "x", "y")


def test_a_recording_tells_on_what_it_rests(study: Study, tone: Callable[..., Path]) -> None:
    made = add_recording(study, "One", 1, [tone()])
    assert grounds(study) == [GroundsRow(made)]
    wanted = GroundsRow(made, "REK 2026/1234", "written", "public interest")
    set_grounds(study, wanted)
    assert grounds(study) == [wanted]
    with pytest.raises(BadInput, match="does not exist"):
        set_grounds(study, GroundsRow(made + 1))


def page(study: Study) -> AppTest:
    def script(study: "Study") -> None:  # noqa: UP037  (it runs without our imports)
        from transcribe.page import participants_page

        participants_page(study)

    return AppTest.from_function(script, args=(study,), default_timeout=30).run()


def said(at: AppTest) -> str:
    return "\n".join(one.value for one in [*at.caption, *at.text])


def test_an_empty_study_says_what_to_do_next(
    study: Study, sign_in: Callable[[str, Role], Study]
) -> None:
    at = page(study)
    assert not at.exception
    for words in ("No participants yet", "No groups yet", "Choose a file", "Nobody to count yet"):
        assert words in said(at)
    at = page(sign_in("Rita", "reader"))
    assert not at.exception and not at.button and not at.file_uploader


def test_a_participant_is_typed_in(study: Study) -> None:
    at = page(study)
    at.text_input(key="pseudonym").input("Berit")
    at.text_input(key="profession").input("Nurse")
    at.button(key="FormSubmitter:participant-Add participant").click().run()
    assert not at.exception
    assert [(row.pseudonym, row.profession) for row in participants(study)] == [("Berit", "Nurse")]
    at.text_input(key="attribute_name").input("Years of experience")
    at.button(key="FormSubmitter:attribute-Add attribute").click().run()
    assert [one.name for one in attributes(study)] == ["Years of experience"]


def test_the_grid_tells_what_was_changed_added_and_taken_out(study: Study) -> None:
    for name in ("Anna", "Berit", "Carl"):
        add_participant(study, 1, name)
    anna, berit, carl = participants(study)
    asked = (AttributeRow(7, "id", "text"),)
    nothing = float("nan")
    found = edits(
        (anna, berit, carl), asked,
        [
            {"id": anna.id, "Group": 1, "Pseudonym": "Anna", "Role": "participant",
             "Profession": "", "answer 7": ""},
            {"id": carl.id, "Group": 2, "Pseudonym": "Carl", "Role": "moderator",
             "Profession": None, "answer 7": "leads"},
            {"id": nothing, "Group": None, "Pseudonym": "Dag", "Role": None},
        ],
    )  # fmt: skip
    assert [(old and old.pseudonym, new and new.pseudonym) for old, new in found] == [
        ("Berit", None), ("Carl", "Carl"), (None, "Dag"),
    ]  # fmt: skip
    changed = found[1][1]
    assert changed is not None
    assert (changed.group, changed.role, changed.answers) == (2, "moderator", ((7, "leads"),))


def test_bins_and_labels_are_read_off_their_grids() -> None:
    bins = {"From": [0, None, 6.0], "Label": ["0–5", "lost", "6–10"]}
    assert rules_in(bins) == [Rule("0–5", least=0.0), Rule("6–10", least=6.0)]
    labels = {"Answer": ["nurse", "cook", "guard"], "Label": ["Nurses", "cook", None]}
    assert rules_in(labels) == [Rule("Nurses", "nurse")]


def test_a_questionnaire_is_looked_at_before_it_is_kept(study: Study) -> None:
    add_participant(study, 9, "Silent", "Nurse")
    gone = add_participant(study, 1, "Participant 2")
    with study.change("transcribe") as change:
        change.db.execute(
            "UPDATE participants SET withdrawn_at = ? WHERE id = ?", [change.now, gone]
        )
        change.record("participant.withdrawn", f"participant:{gone}")
    at = page(study)
    at.file_uploader[0].upload("answers.csv", questionnaire(), "text/csv").run()
    assert not at.exception
    assert "22 of these people are not in the study." in said(at)
    assert "Silent (group 9)" in said(at) and "Somebody withdrew" in said(at)
    assert len(participants(study)) == 2
    at.checkbox(key="add_unknown").check().run()
    next(one for one in at.button if one.label == "Import the answers").click().run()
    assert not at.exception
    assert "22 added" in said(at) and "median 11 years" in said(at)
    assert len(participants(study)) == 24
    assert list_transcripts(study) == []


def test_the_page_stands_where_nobody_has_answered(study: Study) -> None:
    add_participant(study, 1, "Berit")
    for kind in ("text", "years", "number"):
        add_attribute(study, kind, kind)
    at = page(study)
    assert "Nobody has answered this yet." in said(at) and not at.exception
    for kind in ("text", "years", "number"):
        next(one for one in at.selectbox if one.label == "Characteristic").select(kind).run()
        assert not at.exception


def test_what_two_people_write_of_a_group_is_not_lost(study: Study) -> None:
    add_participant(study, 1, "Berit")
    at = page(study)
    title = next(one for one in at.text_input if one.label == "Name")
    edit_group(study, groups(study)[0], GroupRow(1, "Theirs"))
    title.input("Mine")
    at.button(key="group_save").click().run()
    assert "Somebody else has changed group 1" in said(at)
    assert groups(study)[0].title == "Theirs"
    at.button(key="group_save").click().run()
    assert not at.exception
    assert groups(study)[0].title == "Mine"


def test_what_two_people_write_of_the_table_is_not_lost(filled: Study) -> None:
    at = page(filled)
    before = table_one_settings(filled)
    set_table_one(filled, TableOneSettings(4, (), before.version))
    at.number_input(key=f"threshold-{before.version}").set_value(7)
    at.button(key="save_rules").click().run()
    assert "Somebody else has changed how Table 1 is told" in said(at)
    assert table_one_settings(filled).threshold == 4
    at.button(key="save_rules").click().run()
    assert not at.exception
    assert table_one_settings(filled).threshold == 7
    set_table_one(filled, TableOneSettings(1, (), before.version + 2))
    at.run()
    assert at.number_input(key=f"threshold-{before.version + 3}").value == 1


def test_table_one_is_asked_for_on_the_page(filled: Study) -> None:
    at = page(filled)
    at.text_input[-2].input("Table 1"), at.text_input[-1].input("The journal")
    at.button(key="FormSubmitter:table_one_export-Ask for the file").click().run()
    assert not at.exception
    (asked,) = list_requests(filled)
    assert asked.file_name.startswith("table 1 ") and asked.file_name in said(at)

"""Questionnaires: what people write for years, tables from outside, whose answers they are."""

import io
import json
import zipfile
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some

from secure_storage import BadInput, StaleWrite, Study, list_imports, verify_chain
from transcribe import (
    add_attribute,
    add_participant,
    attributes,
    excel,
    participants,
    remove_attribute,
    save_participants,
)
from transcribe.excel import Sheet, read_workbook, write_workbook
from transcribe.questionnaire import table as tables
from transcribe.questionnaire.mapping import Column, coded, guess, in_words
from transcribe.questionnaire.matching import match, missing
from transcribe.questionnaire.saving import Saved, save_questionnaire, with_made_up
from transcribe.questionnaire.table import Table, parse, read_table
from transcribe.questionnaire.values import read_number, read_years, said_years
from transcribe.store import ParticipantRow


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("6 months", 0.5), ("2,5 år", 2.5), ("0.5", 0.5), ("½ år", 0.5), ("1½ years", 1.5),
        ("1 år og 6 mnd.", 1.5), ("3 years, 3 months", 3.25), ("18 mnd", 1.5), ("ca. 10 år", 10.0),
        ("half a year", 0.5), ("to år", 2.0), ("3/4 year", 0.75), ("2yrs", 2.0), ("30", 30.0),
        # What can be read in two ways, or not at all, is asked about.
        ("5-10", None), ("under 1", None), ("10+", None), ("2 years 3", None), ("-3", None),
        ("1,200", None), ("several", None), ("1 year 1 year", None), ("", None), ("9" * 5000, None),
    ],
)  # fmt: skip
def test_years_are_read_as_people_write_them(text: str, years: float | None) -> None:
    found = read_years(text)
    assert found == years if years is None else found == pytest.approx(years)


def test_numbers_are_read_with_either_mark() -> None:
    assert [read_number(one) for one in ("2,5", "1 200", "0,125", "1.25")] == [
        2.5,
        1200,
        0.125,
        1.25,
    ]
    assert [read_number(one) for one in ("6 months", "1,200", "a", "1e9")] == [None] * 4


@given(some.integers(0, 1200))
def test_years_that_are_said_can_be_read_again(months: int) -> None:
    again = read_years(said_years(months / 12))
    assert again is not None and abs(again - months / 12) <= 0.051


@given(some.text(max_size=80))
def test_no_text_stops_the_reading(text: str) -> None:
    for found in (read_years(text), read_number(text)):
        assert found is None or abs(found) < 1e12


NETTSKJEMA = (
    "$submission_id,$created,Deltaker,Gruppe,Yrke,Års erfaring,Fritekst\r\n"
    '27685292,2026-03-01T20:57:15+02:00,P1,1,Sykepleier,"2,5 år","Jeg, ""alltid""."\r\n'
    "27685302,2026-03-01T20:58:33+02:00,P2,1,Fysioterapeut,6 mnd,\r\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_is_read_whatever_program_wrote_it(encoding: str, delimiter: str) -> None:
    text = "Deltaker,Års erfaring\r\nP1,To\r\nPå,3\r\n".replace(",", delimiter)
    found = tables.Table(*_read(text.encode(encoding)))
    assert found.header == ("Deltaker", "Års erfaring")
    assert found.rows == (("P1", "To"), ("På", "3"))


def _read(data: bytes) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    header, rows = json.loads(parse(io.BytesIO(data), ""))
    return tuple(header), tuple(tuple(row) for row in rows)


def test_nettskjema_and_excel_are_read_alike_in_the_guarded_child() -> None:
    csv_table = read_table(NETTSKJEMA.encode())
    assert csv_table.rows[0][-2:] == ("2,5 år", 'Jeg, "alltid".')
    book = write_workbook("Answers", [Sheet("Answers", csv_table.header, csv_table.rows, ())])
    assert read_table(book) == csv_table
    assert [(one.target, one.kind) for one in guess(csv_table, ())] == [
        ("", "text"), ("", "text"), ("pseudonym", "text"), ("group", "text"),
        ("profession", "text"), ("attribute", "years"), ("attribute", "text"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "header", "rows"),
    [
        ("Deltaker;Hvor lenge, omtrent, har du jobbet?\nP1;10 år\nP2;3\n",
         ("Deltaker", "Hvor lenge, omtrent, har du jobbet?"), (("P1", "10 år"), ("P2", "3"))),
        ('id,"Why;\nthen?"\nP1,"a\nb"\n', ("id", "Why; then?"), (("P1", "a\nb"),)),
        ("sep=|\rid|a;b;c\rP1|2\r", ("id", "a;b;c"), (("P1", "2"),)),
        ("a,a (3),a\n1,2,3\n", ("a", "a (3)", "a (3) (3)"), (("1", "2", "3"),)),
    ],
)  # fmt: skip
def test_questions_may_hold_what_divides_columns(
    text: str, header: tuple[str, ...], rows: tuple[tuple[str, ...], ...]
) -> None:
    assert _read(text.encode()) == (header, rows)


def test_people_behind_a_lost_quotation_mark_are_not_swallowed() -> None:
    with pytest.raises(BadInput, match="near line 4, a quotation mark"):
        _read(b'id;job\nP1;"nurse\nP2;guard\nP3;cook\n')


def test_columns_by_which_people_are_known_are_left_out() -> None:
    header = ("Deltaker", "Navn", "E-post", "E-mail address", "Your full name", "Mobilnummer",
              "Fødselsnummer", "Kontakt", "Nummer hjemme", "Utdanning")  # fmt: skip
    row = ("P1", "Kari", "a@b.no", "a@b.no", "Kari", "1", "2", "kari@post.no", "+47 912 34 567",
           "Bachelor")  # fmt: skip
    found = guess(Table(header, (row,)), ())
    assert [one.header for one in found if one.target] == ["Deltaker", "Utdanning"]


def test_names_of_attributes_are_compared_in_single_spaces(study: Study) -> None:
    table = Table(("id", "Years__of work"), (("P1", "3"),))
    for columns in (
        guess(table, ()),
        (
            Column("id", "pseudonym"),
            Column("Years__of work", "attribute", "Years   of work", "years"),
        ),
    ):
        save_questionnaire(study, b"", table, columns, 1, add_unknown=True)
    assert [one.name for one in attributes(study)] == ["Years of work"]
    assert participants(study)[0].answers == ((1, "3"),)


def test_what_excel_keeps_as_numbers_and_days_becomes_text() -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["a", None, "a", "b"])
    book.active.append([3, 2.5, True, date(2026, 3, 24)])
    book.active.append([None, "#N/A", None, None])
    made = io.BytesIO()
    book.save(made)
    assert list(read_workbook(io.BytesIO(made.getvalue()))) == [
        ["a", "", "a", "b"], ["3", "2.5", "yes", "2026-03-24"],
    ]  # fmt: skip
    assert _read(made.getvalue())[0] == ("a", "Column 2", "a (3)", "b")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "nothing in this file"),
        (b"only,a,header\n", "nothing in this file"),
        (b'a,b\n1,"' + b"x" * 200_000, "damaged"),
        (b"a;" * 600 + b"\n1\n", "too large"),
        (b"PK\x03\x04broken", "damaged"),
        (b"\x00\x01\x02\x03" * 99, "no text"),
    ],
)
def test_what_is_no_questionnaire_is_said_to_be_none(data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        parse(io.BytesIO(data), "")


def test_workbooks_that_lie_are_refused() -> None:
    with pytest.raises(BadInput, match=r"\.xlsx"):
        read_table(b"\xd0\xcf\x11\xe0")
    good = write_workbook("A", [Sheet("A", ("a",), (("b",),), ())])
    with zipfile.ZipFile(io.BytesIO(good)) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    for changed in (
        {"xl/worksheets/sheet1.xml": b"<worksheet>" + b"\0" * (40 << 20)},
        {"xl/worksheets/sheet1.xml": b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"},
        {"xl/workbook.xml": b"<nothing/>"},
    ):
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as target:
            for name, content in {**parts, **changed}.items():
                target.writestr(name, content)
        with pytest.raises(BadInput):
            list(read_workbook(io.BytesIO(made.getvalue())))
            _read(made.getvalue())


def test_a_workbook_is_scrubbed_and_the_same_each_time() -> None:
    sheet = Sheet("T/1", ("What", "n"), (("=1+1", 3), ("#N/A", 2.5), ("a\x00b", None)), (9, 9))
    first, second = (write_workbook("=T", [sheet]) for _ in range(2))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as packed:
        text = {name: packed.read(name).decode() for name in packed.namelist()}
    assert "openpyxl" not in "".join(text.values()).lower()
    assert "<f>" not in text["xl/worksheets/sheet1.xml"] and "=1+1" in "".join(text.values())
    assert "creator" not in text["docProps/core.xml"]
    with pytest.raises(BadInput, match="cell of Excel"):
        write_workbook("T", [Sheet("T", ("x" * (excel.LONGEST_CELL + 1),), (), ())])


PEOPLE = (
    ParticipantRow(1, 1, "P1", "Nurse", "participant"),
    ParticipantRow(2, 1, "P2", "", "participant", (), True),
    ParticipantRow(3, 2, "Same", "", "participant"),
    ParticipantRow(4, 3, "Same", "", "participant"),
    ParticipantRow(5, 2, "Mo", "", "moderator"),
)


def test_people_are_found_and_what_is_wrong_is_said() -> None:
    table = Table(
        ("who", "group", "role"),
        (
            ("p1", "FG 1", "Sekretær"), ("P2", "1", ""), ("Same", "", ""), ("New", "Group 4", "x"),
            ("", "1", ""), ("Twice", "4", ""), ("twice", "FG4", ""), ("P9", "1-2", ""),
            ("P8", "", ""), ("P7", "0", ""),
        ),
    )  # fmt: skip
    columns = (Column("who", "pseudonym"), Column("group", "group"), Column("role", "role"))
    found = match(table, columns, PEOPLE, (), None)
    assert [one.state for one in found] == ["changed", "refused", "refused", "new"] + [
        "refused"
    ] * 6
    assert found[0].wanted is not None and found[0].wanted.role == "secretary"
    said = " ".join(problem for one in found for problem in one.problems)
    for words in ("withdrew", "Several groups", "«x» is not understood", "no pseudonym",
                  "several lines", "«1-2» is no number", "«0» is no number",
                  "Nobody in the study"):  # fmt: skip
        assert words in said
    assert [one.line for one in found][:2] == [2, 3]
    assert [one.id for one in missing(found, PEOPLE)] == [3, 4]


def test_one_person_found_in_two_ways_is_told(study: Study) -> None:
    table = Table(("who", "group"), (("P1", ""), ("p1", "1"), ("P3", "1")))
    columns = (Column("who", "pseudonym"), Column("group", "group"))
    found = match(table, columns, PEOPLE, (), 1)
    assert [one.state for one in found] == ["refused", "refused", "new"]
    assert "several lines" in found[0].problems[0] and found[0].wanted is None
    assert save_questionnaire(study, b"", table, columns, 1, add_unknown=True).added == 1


def test_who_is_called_exactly_so_is_meant() -> None:
    people = (PEOPLE[0], ParticipantRow(9, 1, "p1", "", "participant"))
    columns = (Column("who", "pseudonym"),)
    (found,) = match(Table(("who",), (("p1",),)), columns, people, (), 1)
    assert found.known is not None and found.known.id == 9


def test_everybodys_group_can_be_said_beside_the_file() -> None:
    table = Table(("who",), (("Same",), ("P1",)))
    found = match(table, (Column("who", "pseudonym"),), PEOPLE, (), 3)
    assert [(one.state, one.group) for one in found] == [("same", 3), ("new", 3)]
    assert found[0].known is not None and found[0].known.id == 4


def test_answers_come_in_whole_and_unknown_people_only_when_asked_for(study: Study) -> None:
    known = add_participant(study, 1, "P1", "Nurse")
    data = NETTSKJEMA.encode()
    table = Table(*_read(data))
    columns = guess(table, ())
    assert save_questionnaire(study, data, table, columns) == Saved(0, 1, 0, 1)
    (row,) = participants(study)
    assert (row.id, row.profession) == (known, "Sykepleier")
    assert [(one.name, one.kind) for one in attributes(study)] == [
        ("Års erfaring", "years"), ("Fritekst", "text"),
    ]  # fmt: skip
    assert dict(row.answers)[attributes(study)[0].id] == "2,5 år"
    again = save_questionnaire(study, data, table, columns, add_unknown=True, source="by mail")
    assert again == Saved(1, 0, 1, 0)
    assert [(one.kind, one.source) for one in list_imports(study)][0] == (
        "questionnaire",
        "by mail",
    )
    with pytest.raises(BadInput, match="pseudonyms"):
        save_questionnaire(study, data, table, [Column("Yrke", "profession")])
    long = Table(("id", "Yrke", "Nytt"), (("P1", "x" * 81, "a"),))
    columns = (
        Column("id", "pseudonym"), Column("Yrke", "profession"),
        Column("Nytt", "attribute", "Nytt"),
    )  # fmt: skip
    with pytest.raises(BadInput, match="80"):
        save_questionnaire(study, data, long, columns, 1)
    assert len(attributes(study)) == 2


def test_a_value_that_is_not_understood_is_left_out_and_told() -> None:
    table = Table(("id", "Years", "Job"), (("P1", "5-10", "2"),))
    columns = (
        Column("id", "pseudonym"), Column("Years", "attribute", "Years", "years"),
        Column("Job", "profession", meanings=(("2", "Social worker"),)),
    )  # fmt: skip
    (found,) = match(table, columns, PEOPLE, with_made_up(columns, ()), 1)
    assert found.problems == ("Years: «5-10» is not understood.",)
    assert found.wanted is not None
    assert (found.wanted.profession, found.wanted.answers) == ("Social worker", ())


def test_several_columns_may_hold_numbers_of_a_codebook() -> None:
    table = Table(
        ("id", "Yrke", "Utdanning", "Alder"),
        (("1", "2", "10", "47"), ("2", "1", "9", "31"), ("3", "Annet", "10", "58")),
    )
    columns = guess(table, ())
    places = coded(table, columns)
    assert places == [
        ("Yrke", "1"), ("Yrke", "2"), ("Utdanning", "9"), ("Utdanning", "10"),
        *(("Alder", age) for age in ("31", "47", "58")),
    ]  # fmt: skip
    means = ["Nurse", "Guard", "Bachelor", "", "31", "47", "58"]
    put = in_words(columns, places, means)
    assert [(one.kind, one.meanings) for one in put] == [
        ("text", ()), ("text", (("1", "Nurse"), ("2", "Guard"))),
        ("text", (("9", "Bachelor"), ("10", ""))), ("number", ()),
    ]  # fmt: skip
    found = match(table, put, (), with_made_up(put, ()), 1)
    assert [(one.wanted.profession, len(one.wanted.answers)) for one in found if one.wanted] == [
        ("Guard", 1), ("Nurse", 2), ("Annet", 1),
    ]  # fmt: skip
    assert not any(one.problems for one in found)


def test_nothing_is_left_of_who_was_entered_by_mistake(study: Study) -> None:
    years = add_attribute(study, "Years", "years")
    add_participant(study, 1, "Wrongly", "Beekeeper")
    (first,) = participants(study)
    second = replace(first, pseudonym="P1", answers=((years, "41,5"),))
    save_participants(study, [(first, second)])
    save_participants(study, [(second, None)])
    told = str(study.db.execute("SELECT before, after FROM events").fetchall())
    assert all(words not in told for words in ("Wrongly", "Beekeeper", "P1", "41,5"))
    assert verify_chain(study).ok


def test_participants_are_changed_all_or_none(
    study: Study,
) -> None:
    years = add_attribute(study, "Years", "years")
    for name in ("Anna", "Berit"):
        add_participant(study, 1, name)
    anna, berit = participants(study)
    wanted = ParticipantRow(anna.id, 2, "Anne", "Nurse", "secretary", ((years, " 2,5  år "),))
    bad = ParticipantRow(berit.id, 1, "Berit", "", "participant", ((years, "lots"),))
    with pytest.raises(BadInput, match="«lots» is not understood"):
        save_participants(study, [(anna, wanted), (berit, bad)])
    assert participants(study) == [anna, berit]
    save_participants(study, [(anna, wanted), (berit, None), (None, ParticipantRow(
        0, 1, "Carl", "", "participant"))])  # fmt: skip
    carl, anne = participants(study)
    assert (anne.group, anne.role, anne.answers) == (2, "secretary", ((years, "2,5 år"),))
    assert carl.pseudonym == "Carl"
    with pytest.raises(StaleWrite, match="Somebody else"):
        save_participants(study, [(anna, wanted)])
    with pytest.raises(BadInput, match="not in the study"):
        save_participants(study, [(berit, None)])
    remove_attribute(study, years)
    assert participants(study)[1].answers == ()
    assert add_attribute(study, "Education", "text") > years
    with pytest.raises(BadInput, match="already"):
        add_attribute(study, "education", "text")

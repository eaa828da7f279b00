"""Table 1 from the study, and as a Word or Excel file through the one door.

Counted are participants, not moderators or secretaries; not who withdrew; and nobody of a
group that is left out of the analysis.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Final

from secure_storage import BadInput, NameCheck, Request, Study, check_names, request_export

from . import store
from .excel import Sheet, Value, write_workbook
from .store import ParticipantRow
from .table_one import Block, Property, Rule, TableOne, per_cent, share, table_one
from .word import WIDTH_PORTRAIT, Cell, Run, WordDocument, cell

TABLE_ONE_FORMS: Final = ("docx", "xlsx")
PROFESSION: Final = None
"""In place of the number of an attribute."""
_TITLE: Final = "Table 1. Participants"
_MARK: Final = " †"
_WIDTHS: Final = (0.7, 0.15, 0.15)


def gather_table_one(study: Study, shown: Collection[int | None] | None = None) -> TableOne:
    """Count the study's participants; ``shown`` are attributes (None stands for all)."""
    study.require("read")
    settings = store.table_one_settings(study)
    groups = [one for one in store.groups(study) if not one.left_out]
    numbers = {one.number for one in groups}
    people = [
        one for one in store.participants(study)
        if one.role == "participant" and not one.withdrawn and one.group in numbers
    ]  # fmt: skip
    return table_one(
        [
            one
            for number, one in _properties(study, people, settings.rules)
            if shown is None or number in shown
        ],
        {one.name: one.participants for one in groups if one.participants},
        [one.seconds / 60 for one in groups if one.participants and one.seconds],
        settings.threshold,
    )


def export_table_one(
    study: Study, form: str, purpose: str, recipient: str,
    shown: Collection[int | None] | None = None,
) -> Request:  # fmt: skip
    """Write Table 1 in one of ``TABLE_ONE_FORMS`` and ask for the file to be released."""
    study.require("export")
    if form not in TABLE_ONE_FORMS:
        raise BadInput(f"Table 1 is exported as one of {', '.join(TABLE_ONE_FORMS)}.")
    table = gather_table_one(study, shown)
    if not table.participants:
        raise BadInput("There is nobody to count yet. Add participants first.")
    texts = tuple(_texts(table))
    note = _about_names(check_names(study, texts))
    day = datetime.now(UTC).date().isoformat()
    return request_export(
        study,
        data=_word(table, note) if form == "docx" else _excel(table, note),
        form=form,
        file_name=f"table 1 {day}.{form}",
        purpose=purpose,
        recipient=recipient,
        texts=texts,
    )


def about_flags(threshold: int) -> str:
    """Say what a marked count is."""
    return (
        f"Fewer than {threshold} participants: somebody who knows the field could tell who they "
        "are. Put them under a wider label, or leave the line out."
    )


def _properties(
    study: Study, people: list[ParticipantRow], rules: tuple[tuple[int | None, Rule], ...]
) -> Iterator[tuple[int | None, Property]]:
    def of(number: int | None) -> tuple[Rule, ...]:
        return tuple(rule for attribute, rule in rules if attribute == number)

    professions = tuple(one.profession for one in people)
    if any(professions):
        yield PROFESSION, Property("Profession", "text", professions, of(PROFESSION))
    for one in store.attributes(study):
        answers = tuple(dict(person.answers).get(one.id, "") for person in people)
        if any(answers):
            yield one.id, Property(one.name, one.kind, answers, of(one.id))


def _blocks(table: TableOne) -> tuple[Block, ...]:
    return (*table.blocks, table.groups)


def _word(table: TableOne, note: str) -> bytes:
    document = WordDocument(_TITLE)
    rows: list[list[Cell]] = []
    for block in _blocks(table):
        rows.append([cell(block.name, bold=True), cell(""), cell("")])
        rows += [
            [
                cell(f"   {line.label}"),
                cell(f"{line.count}{_MARK if line.identifying else ''}"),
                cell(share(line.count, table.participants)),
            ]
            for line in block.lines
        ]
        if block.spread:
            rows.append([((Run(f"   {block.spread}", italic=True),),), cell(""), cell("")])
    document.table(
        [f"Characteristic (n = {table.participants})", "n", "%"],
        rows,
        [WIDTH_PORTRAIT * part for part in _WIDTHS],
    )
    if any(line.identifying for block in _blocks(table) for line in block.lines):
        document.paragraph([Run(f"†  {about_flags(table.threshold)}", faint=True)])
    document.paragraph([Run(note, faint=True)])
    return document.to_bytes()


def _excel(table: TableOne, note: str) -> bytes:
    rows: list[tuple[Value, ...]] = [("Participants", "", table.participants, 100, "")]
    for block in _blocks(table):
        for line in block.lines:
            flag = f"Fewer than {table.threshold}" if line.identifying else ""
            part = per_cent(line.count, table.participants)
            rows.append((block.name, line.label, line.count, part, flag))
        if block.spread:
            rows.append((block.name, block.spread, None, None, ""))
    header = ("Characteristic", "Value", "n", "%", "Could identify somebody")
    return write_workbook(
        _TITLE,
        [
            Sheet("Table 1", header, tuple(rows), (24, 46, 8, 8, 26)),
            Sheet("About", ("About this file",), ((note,),), (90,)),
        ],
    )


def _texts(table: TableOne) -> Iterator[str]:
    for block in _blocks(table):
        yield from (block.name, block.spread)
        yield from (line.label for line in block.lines)


def _about_names(checked: NameCheck) -> str:
    if not checked.checked:
        return "Names not checked: read the file through before it is passed on."
    found = "none found" if not checked.found else f"found {checked.found} times"
    return f"Searched for the names that are registered: {found}."

"""The Word file of the analysis: how it was made, themes with quotes, the coding table.

From plain values only, so that what leaves can be read and tested without a study.
Whose voice is whose is settled before (``attribution``); no member's and no
participant's name comes as far as here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from transcribe import WIDTH_LANDSCAPE, Cell, Run, WordDocument, cell

from .coding_table import Row
from .theme import Excerpt, printed


@dataclass(frozen=True, slots=True)
class Source:
    """A transcript the file draws on."""

    title: str
    group: int
    language: str
    demo: bool
    provenance: tuple[tuple[str, str], ...]
    """What made the text, as (what, how) pairs."""
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """A code in the legend."""

    number: int
    name: str
    definition: str
    excerpts: int
    themes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ThemeChapter:
    """A theme with what it rests on."""

    name: str
    concept: str
    codes: tuple[str, ...]
    """«C1 code», in order."""
    quotes: tuple[Excerpt, ...]


@dataclass(frozen=True, slots=True)
class Manuscript:
    """All the file says."""

    title: str
    day: str
    coders: tuple[str, ...]
    """Initials of those who coded."""
    sources: tuple[Source, ...]
    legend: tuple[CodeEntry, ...]
    themes: tuple[ThemeChapter, ...]
    loose: tuple[Excerpt, ...]
    """Quotes that are in no theme."""
    names_checked: bool = False
    names_found: int = 0
    """In how many places a registered name was found."""


def write(manuscript: Manuscript) -> bytes:
    """Write the Word file."""
    languages = {source.language for source in manuscript.sources}
    language = languages.pop() if len(languages) == 1 else "en"
    document = WordDocument(manuscript.title, language=language)
    _write_provenance(document, manuscript)
    _write_themes(document, manuscript)
    document.turn_page(landscape=True)
    _write_coding_tables(document, manuscript.sources)
    _write_legend(document, manuscript.legend)
    return document.to_bytes()


def _write_provenance(document: WordDocument, manuscript: Manuscript) -> None:
    document.heading("How this was made", 1)
    if any(source.demo for source in manuscript.sources):
        document.paragraph(
            [
                Run("Demo model. ", bold=True),
                Run(
                    "Text below was recognised by the demo model, which knows only the sample's "
                    "vocabulary and voices. It shows the way of working and is no research data."
                ),
            ]
        )
    for source in manuscript.sources:
        how = "; ".join(f"{what}: {made}" for what, made in source.provenance)
        document.paragraph(
            [
                Run(f"{source.title} (group {source.group}). ", bold=True),
                Run(f"{how}." if how else "Imported text."),
                Run(" Demo model." if source.demo else ""),
            ]
        )
    coders = ", ".join(manuscript.coders) or "nobody yet"
    document.paragraph([Run(f"Coded by {coders}. Written on {manuscript.day}.")])
    document.paragraph(_names(manuscript))


def _names(manuscript: Manuscript) -> list[Run]:
    if not manuscript.names_checked:
        return [
            Run("Names not checked. ", bold=True),
            Run(
                "Nothing has searched this text for names, places or other things that identify a "
                "person. Read it through before you pass it on."
            ),
        ]
    found = manuscript.names_found
    said = f"found {found} times" if found else "none was found"
    return [
        Run("Names checked. ", bold=True),
        Run(
            f"The text was searched for the registered names: {said}. Places and other things "
            "that identify a person take a reader's eye."
        ),
    ]


def _write_themes(document: WordDocument, manuscript: Manuscript) -> None:
    document.heading("Themes and quotes", 1)
    if not manuscript.themes:
        document.paragraph([Run("There is no theme yet.")])
    for number, theme in enumerate(manuscript.themes, start=1):
        document.heading(f"Theme {number}: {theme.name}", 2)
        document.paragraph(
            [
                Run("Central organising concept. ", bold=True),
                Run(theme.concept or "Not written yet.", italic=not theme.concept),
            ]
        )
        document.paragraph([Run("Codes. ", bold=True), Run("; ".join(theme.codes) or "None yet.")])
        if theme.quotes:
            document.paragraph([Run("Quotes.", bold=True)], keep=True)
        _write_quotes(document, theme.quotes)
    if manuscript.loose:
        document.heading("Quotes in no theme", 1)
        document.paragraph(
            [Run("Marked as quotes and not placed, or standing against the themes.", faint=True)]
        )
        _write_quotes(document, manuscript.loose)


def _write_quotes(document: WordDocument, quotes: Sequence[Excerpt]) -> None:
    for quote in quotes:
        lines = printed(quote)
        where = f"  {quote.transcript}, {_sentences(quote)}"
        for number, line in enumerate(lines, start=1):
            end = [Run(where, faint=True)] if number == len(lines) else []
            document.paragraph([Run(line), *end], indent=True, keep=number < len(lines))


def _sentences(quote: Excerpt) -> str:
    if quote.first == quote.last:
        return f"sentence {quote.first}"
    return f"sentences {quote.first}–{quote.last}"


def _write_coding_tables(document: WordDocument, sources: Sequence[Source]) -> None:
    document.heading("Coding table", 1)
    document.paragraph(
        [Run("A marker stands where the coded stretch ends. Initials tell who coded it.")]
    )
    for source in sources:
        document.heading(f"{source.title} (group {source.group})", 2)
        if source.rows:
            document.table(
                ["No.", "Speaker", "Excerpt", "Codes"],
                [_cells(row) for row in source.rows],
                _share(1.7, 4.0, 11.0, 8.6),
            )
        else:
            document.paragraph([Run("Nothing is coded in this transcript yet.")])


def _cells(row: Row) -> list[Cell]:
    place = [[Run(row.number)]]
    if row.start is not None:
        place.append([Run(f"{int(row.start) // 60}:{int(row.start) % 60:02d}", faint=True)])
    excerpt = [
        [Run(piece.text, bold=piece.marker) for piece in paragraph] for paragraph in row.excerpt
    ]
    return [
        place,
        [[Run(voice)] for voice in row.voices],
        excerpt,
        [[Run(code)] for code in row.codes],
    ]


def _write_legend(document: WordDocument, legend: Sequence[CodeEntry]) -> None:
    document.heading("Codes", 1)
    if not legend:
        document.paragraph([Run("There is no code yet.")])
        return
    document.table(
        ["Code", "Name", "Definition", "Excerpts", "Themes"],
        [
            [
                cell(f"C{code.number}", bold=True),
                cell(code.name),
                cell(code.definition),
                cell(str(code.excerpts)),
                [[Run(theme)] for theme in code.themes] or cell("None"),
            ]
            for code in legend
        ],
        _share(1.5, 6.0, 9.3, 2.0, 6.5),
    )


def _share(*widths: float) -> list[float]:
    return [width * WIDTH_LANDSCAPE / sum(widths) for width in widths]

"""From the study to a Word file: gather, write, and ask for it at the one door."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime

import coding
import transcribe
from secure_storage import BadInput, Request, Study, check_names, request_export

from . import store
from .coding_table import Stretch, number_codes, rows
from .manuscript import CodeEntry, Manuscript, Source, ThemeChapter, write
from .theme import Quote, Theme


def export_manuscript(
    study: Study, transcript_ids: Sequence[int], purpose: str, recipient: str
) -> Request:
    """Write coding table, themes and quotes of some transcripts to a Word file and ask for it.

    The file says of itself whether anybody looked for names; what the request answers
    says whether it has left already or waits for a second person.
    """
    study.require("export")
    manuscript = gather(study, transcript_ids)
    texts = tuple(texts_of(manuscript))
    names = check_names(study, texts)
    manuscript = replace(manuscript, names_checked=names.checked, names_found=names.found)
    return request_export(
        study,
        data=write(manuscript),
        form="docx",
        file_name=f"quotes {manuscript.day}.docx",
        purpose=purpose,
        recipient=recipient,
        texts=texts,
    )


def gather(study: Study, transcript_ids: Sequence[int]) -> Manuscript:
    """Collect what the file says, as plain values without anybody's name."""
    study.require("read")
    chosen = [row for row in transcribe.list_transcripts(study) if row.id in set(transcript_ids)]
    if not chosen:
        raise BadInput("Choose at least one transcript to export.")
    reading = store.Reading(study)
    stretches = {row.id: _stretches(study, reading, row.id) for row in chosen}
    codes = {code.id: code for code in coding.list_codes(study)}
    numbers = number_codes(stretches[row.id] for row in chosen)
    for code_id in codes:
        numbers.setdefault(code_id, len(numbers) + 1)
    names = {code.id: code.name for code in codes.values()}
    themes = store.list_themes(study)
    quotes = [quote for quote in store.quotes(study) if quote.excerpt.transcript_id in stretches]
    return Manuscript(
        title=study.title,
        day=datetime.now(UTC).date().isoformat(),
        coders=tuple(sorted({one.coder for found in stretches.values() for one in found})),
        sources=tuple(
            Source(
                row.title,
                row.group,
                row.language,
                row.demo,
                transcribe.how_made(study, row.id),
                rows(
                    reading.sentences(row.id),
                    stretches[row.id],
                    reading.voices(row.id),
                    numbers,
                    names,
                ),
            )
            for row in chosen
        ),
        legend=_legend(codes.values(), numbers, stretches.values(), themes),
        themes=tuple(_chapter(theme, numbers, names, quotes) for theme in themes),
        loose=tuple(quote.excerpt for quote in quotes if not quote.themes),
    )


def texts_of(value: object) -> Iterator[str]:
    """Give every text in a value and what it is made of: all that a file could say."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from texts_of(one)
    elif is_dataclass(value):
        for field in fields(value):
            yield from texts_of(getattr(value, field.name))


def _stretches(study: Study, reading: store.Reading, transcript_id: int) -> list[Stretch]:
    places = reading.places(transcript_id)
    return [
        Stretch(
            places[one.segment.first],
            places[one.segment.last],
            one.code_id,
            one.initials,
            one.segment.trim_start,
            one.segment.trim_end,
        )
        for one in coding.codings(study, transcript_id)
    ]


def _chapter(
    theme: Theme, numbers: dict[int, int], names: dict[int, str], quotes: Sequence[Quote]
) -> ThemeChapter:
    return ThemeChapter(
        theme.name,
        theme.concept,
        tuple(
            f"C{numbers[code]} {names[code]}"
            for code in sorted(theme.codes, key=lambda one: numbers[one])
        ),
        tuple(quote.excerpt for quote in quotes if theme.id in quote.themes),
    )


def _legend(
    codes: Iterable[coding.Code],
    numbers: dict[int, int],
    stretches: Iterable[Sequence[Stretch]],
    themes: Sequence[Theme],
) -> tuple[CodeEntry, ...]:
    places: dict[int, set[tuple[int, int, int]]] = {}
    for number, transcript in enumerate(stretches):
        for one in transcript:
            places.setdefault(one.code, set()).add((number, one.first, one.last))
    return tuple(
        CodeEntry(
            numbers[code.id],
            code.name,
            code.definition,
            len(places.get(code.id, ())),
            tuple(theme.name for theme in themes if code.id in theme.codes),
        )
        for code in sorted(codes, key=lambda one: numbers[one.id])
    )

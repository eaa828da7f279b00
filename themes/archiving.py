"""What this stage puts into the archive of a closed study: themes, quotes, coding tables."""

from collections.abc import Iterator

import transcribe
from secure_storage import Study, register_archiver

from . import export, manuscript


def archive(study: Study) -> Iterator[tuple[str, bytes]]:
    """Give the Word file of all transcripts, as it would be exported."""
    chosen = [row.id for row in transcribe.list_transcripts(study)]
    if chosen:
        yield "themes/themes and quotes.docx", manuscript.write(export.gather(study, chosen))


register_archiver("themes", archive)

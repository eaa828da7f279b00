"""What this stage puts into the archive of a closed study: the codebook."""

from collections.abc import Iterator

from secure_storage import Study, as_csv, register_archiver

from . import store


def archive(study: Study) -> Iterator[tuple[str, bytes]]:
    """Give the codebook as a table."""
    counts = store.coding_counts(study)
    rows = [
        [code.name, code.kind, code.definition, counts.get(code.id, 0)]
        for code in store.list_codes(study)
    ]
    yield "codebook/codes.csv", as_csv([["name", "kind", "definition", "codings"], *rows])


register_archiver("coding", archive)

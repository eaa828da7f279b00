"""The generic import names belong to our distribution alone."""

from importlib.metadata import packages_distributions

import pytest


@pytest.mark.parametrize(
    "name", ["app", "demo", "secure_storage", "transcribe", "coding", "themes"]
)
def test_import_name_is_ours(name: str) -> None:
    assert set(packages_distributions()[name]) == {"fokus-workbench"}

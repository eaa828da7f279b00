"""What the README and docs promise exists."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = re.compile(r"^```(?:console|sh|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def shown_commands() -> list[str]:
    """Commands in the README's and docs' blocks, the leading ``$`` taken off."""
    lines = (
        line.removeprefix("$ ").strip()
        for path in DOCS
        for block in BLOCKS.findall(path.read_text("utf-8"))
        for line in block.splitlines()
    )
    return sorted({line for line in lines if line.startswith(("make ", "fokus ", "python -m "))})


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def test_there_are_commands_to_check() -> None:
    assert {"make demo", "make test"} <= set(shown_commands())


@pytest.mark.parametrize("command", [c for c in shown_commands() if c.startswith("make ")])
def test_make_target_exists(command: str) -> None:
    assert command.split()[1] in targets()


@pytest.mark.parametrize("command", [c for c in shown_commands() if c.startswith("fokus ")])
def test_fokus_command_exists(command: str) -> None:
    words = command.split()[1:]
    names = words[: 2 if words[0] in {"study", "member", "backup", "models"} else 1]
    options = {word.split("=")[0] for word in words if word.startswith("--")}
    done = subprocess.run(
        [sys.executable, "-c", "import app; app.main()", *names, "--help"],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not [option for option in options if option not in done.stdout]


def test_module_commands_exist() -> None:
    for command in shown_commands():
        if command.startswith("python -m "):
            module = command.split()[2].replace(".", "/")
            assert (ROOT / f"{module}.py").exists() or (ROOT / module / "__main__.py").exists()


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_and_pictures_exist(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text("utf-8")):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_named_tests_exist(path: Path) -> None:
    for file, name in re.findall(r"`(tests/[a-z_/]+\.py)::(test_[a-z_0-9]+)`", path.read_text()):
        assert f"def {name}(" in (ROOT / file).read_text("utf-8"), f"{file}::{name}"


def test_every_threat_names_a_test() -> None:
    text = (ROOT / "docs" / "security.md").read_text("utf-8")
    table = text.split("## Threats")[1].split("\n## ")[0]
    rows = [line for line in table.splitlines() if re.match(r"\| \d+ \|", line)]
    assert len(rows) > 20
    assert not [row for row in rows if not re.search(r"`tests/\S+::test_\w+`", row)]

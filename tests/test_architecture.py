"""The rules of the house, read off the source itself."""

import ast
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STAGES = ("secure_storage", "transcribe", "coding", "themes")
"""Each may import those before it, never those after."""

HEAVY = (
    "torch", "whisper", "pyannote", "spacy", "docx", "openpyxl", "resemblyzer", "librosa",
    "ctranslate2",
)  # fmt: skip
"""Libraries that cost seconds or gigabytes; never loaded by starting the app."""

ONE_FILE_EACH = (
    "whisper", "pyannote.audio", "resemblyzer", "silero_vad", "spacy", "docx", "openpyxl", "av",
    "meeteval", "sqlcipher3", "ctranslate2",
)  # fmt: skip

FOLDERS = {"whisper": "transcribe/recognise", "ctranslate2": "transcribe/recognise"}
"""A face that grew into a folder is one adapter."""

MODULES = sorted(
    path.relative_to(ROOT) for stage in STAGES for path in (ROOT / stage).rglob("*.py")
) + [Path("app.py")]


def tree(module: Path) -> ast.Module:
    return ast.parse((ROOT / module).read_text(encoding="utf-8"))


def imports(module: Path) -> Iterator[str]:
    """Full dotted names a module imports, wherever in it, relative ones left out."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def relative_imports_stay_inside(module: Path) -> bool:
    depth = len(module.parts) - 1
    return all(
        node.level <= depth for node in ast.walk(tree(module)) if isinstance(node, ast.ImportFrom)
    )


def ids(module: Path) -> str:
    return str(module)


@pytest.mark.parametrize("stage", STAGES)
def test_a_root_names_what_it_exports_once(stage: str) -> None:
    (said,) = [
        ast.literal_eval(node.value)
        for node in tree(Path(stage, "__init__.py")).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    assert len(said) == len(set(said))


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_imports_point_one_way(module: Path) -> None:
    stage = module.parts[0]
    later = STAGES[STAGES.index(stage) + 1 :] if stage in STAGES else ()
    forbidden = {*later, "demo", "app"} if stage in STAGES else set()
    assert not [name for name in imports(module) if name.split(".")[0] in forbidden]
    assert relative_imports_stay_inside(module)


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_a_stage_is_imported_from_its_root(module: Path) -> None:
    own = module.parts[0]
    doors = {"page", "api", "__main__"} if own == "app.py" else set()
    inside = [
        name
        for name in imports(module)
        if name.split(".")[0] in STAGES and name.split(".")[0] != own and "." in name
        and not (name.count(".") == 1 and name.split(".")[1] in doors)
    ]  # fmt: skip
    assert not inside


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_sql_only_in_stores(module: Path) -> None:
    allowed = {"store", "schema"} | (
        {"connection", "database", "events", "study", "ledger", "files", "audio_route", "members"}
        if module.parts[0] == "secure_storage"
        else set()
    )
    if {part.removesuffix(".py") for part in module.parts} & allowed:
        return
    calls = [
        node.func.attr
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"execute", "executescript", "executemany", "query"}
    ]  # fmt: skip
    assert not calls


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_streamlit_only_in_pages(module: Path) -> None:
    # acts: the gate reads Streamlit's messages, to tell people from pages left open;
    # scripts: it closes Streamlit's sessions of those who are signed out.
    faces = {"page", "component", "serve", "acts", "scripts"}
    parts = {part.removesuffix(".py") for part in module.parts}
    if parts & faces or module.name == "app.py" or module.stem.endswith("_component"):
        return
    assert not [name for name in imports(module) if name.split(".")[0] == "streamlit"]


@pytest.mark.parametrize("library", ONE_FILE_EACH)
def test_one_heavy_library_one_file(library: str) -> None:
    users = [
        str(module)
        for module in MODULES
        if any(name == library or name.startswith(library + ".") for name in imports(module))
    ]
    folders = {str(Path(user).parent) for user in users}
    assert len(users) == 1 or folders == {FOLDERS.get(library)}, users


READERS_OF_STRANGE_FORMS = {
    "zipfile": {
        "secure_storage/foreign/archive.py",
        # Our own Word and Excel files: their packer, and the search of released ones for
        # erased words.
        "transcribe/packing.py",
        "secure_storage/erasure/words.py",
    },
    "defusedxml": {"secure_storage/foreign/archive.py"},
    # For the writer of Word files: escaping, no reading.
    "xml": {"secure_storage/foreign/archive.py", "transcribe/word.py"},
    "pypdf": {"secure_storage/foreign/pdf.py"},
    "lxml": set(),
    # Writes and reads back the archive of a study that is closed: our own file.
    # The other reads bundles of models, header by header.
    "tarfile": {"secure_storage/closing/archive.py", "transcribe/models/bundle.py"},
    "pickle": set(),
    "shelve": set(),
    "marshal": set(),
}
"""Libraries that parse what a stranger may have made, and where alone they are used."""

STARTERS = {
    # The guarded child, in which foreign files are read.
    "secure_storage/foreign/child.py",
    # The transcription worker, which is given one job and its key.
    "transcribe/hand_over.py",
    # Slurm's own commands, which learn a path, a program and how many tasks.
    "transcribe/slurm.py",
    # The decoder that makes silence of somebody's turns, shut in like the guarded child.
    "transcribe/silence.py",
    # Reads a file of ours where closing it here would drop the database's locks.
    "secure_storage/erasure/looking.py",
}
"""Who starts other processes."""


@pytest.mark.parametrize("library", READERS_OF_STRANGE_FORMS)
def test_strange_forms_are_read_in_one_place(library: str) -> None:
    users = {
        module.as_posix()
        for module in MODULES
        if any(name == library or name.startswith(library + ".") for name in imports(module))
    }
    assert users == READERS_OF_STRANGE_FORMS[library] or users < READERS_OF_STRANGE_FORMS[library]


def test_only_the_child_and_the_worker_are_started() -> None:
    assert {
        module.as_posix() for module in MODULES if "subprocess" in set(imports(module))
    } <= STARTERS


def test_modules_are_short() -> None:
    lines = {module: len((ROOT / module).read_text("utf-8").splitlines()) for module in MODULES}
    assert not {str(module): n for module, n in lines.items() if n > 400}
    assert statistics.median(lines.values()) <= 120


def test_no_drawer_for_odds_and_ends() -> None:
    odd = {"utils", "util", "common", "helpers", "misc", "models_common"}
    assert not [module for module in MODULES if module.stem in odd]


def test_starting_the_app_loads_no_heavy_library() -> None:
    code = (
        "import sys, app; app.build(__import__('pathlib').Path(sys.argv[1]));"
        f"print([n for n in {HEAVY!r} if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT / "no-such-home")],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "[]"


READ_AS_MARKDOWN = {
    "markdown", "write", "caption", "title", "header", "subheader", "html", "latex",
    "info", "success", "warning", "error", "toast", "badge",
}  # fmt: skip
"""What is drawn by these, on ``st`` or a column, Streamlit reads as markdown or HTML."""

LABELLED = {
    "button", "checkbox", "expander", "form_submit_button", "link_button", "metric",
    "multiselect", "page_link", "popover", "radio", "selectbox", "spinner", "status", "tabs",
    "text_area", "text_input", "toggle", "number_input", "download_button", "segmented_control",
    "pills", "slider", "date_input", "file_uploader",
}  # fmt: skip
"""Of these, the first argument; of everything, what is named so in ``READ_KEYWORDS``."""

READ_KEYWORDS = {"label", "help", "text", "body", "caption", "captions"}

ESCAPED = {
    # Fixed names of steps and numbers of minutes.
    ("transcribe/page/progress.py", "_said"),
}
"""Functions whose answer may go through markdown, and why."""

SECURITY_PAGES = Path("secure_storage/page")
"""Here ``plain`` (telling.py) puts a backslash before every mark that markdown knows."""


def fixed(module: Path, node: ast.expr) -> bool:
    """Tell whether an argument is made of words in the source, or was escaped."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.IfExp):
        return fixed(module, node.body) and fixed(module, node.orelse)
    if isinstance(node, ast.BoolOp):
        return all(fixed(module, one) for one in node.values)
    if isinstance(node, ast.BinOp):
        return fixed(module, node.left) and fixed(module, node.right)
    if isinstance(node, ast.List | ast.Tuple):
        return all(fixed(module, one) for one in node.elts)
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and (
            (module.parent == SECURITY_PAGES and node.func.id == "plain")
            or (module.as_posix(), node.func.id) in ESCAPED
        )
    )


def read_as_markdown(call: ast.Call) -> Iterator[ast.expr]:
    """What Streamlit reads as markdown, of a call on anything."""
    assert isinstance(call.func, ast.Attribute)
    name = call.func.attr
    if name in READ_AS_MARKDOWN:
        yield from call.args
    elif name in LABELLED:
        yield from call.args[:1]
    elif name == "progress":
        yield from call.args[1:]
    else:
        return
    yield from (one.value for one in call.keywords if one.arg in READ_KEYWORDS)


def data_in_markdown(module: Path, source: ast.Module) -> list[str]:
    """Where data would be read as markdown."""
    return [
        f"{module}:{node.lineno} {node.func.attr}"
        for node in ast.walk(source)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        and not all(fixed(module, one) for one in read_as_markdown(node))
    ]  # fmt: skip


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_no_page_shows_data_through_markdown(module: Path) -> None:
    """Markdown fetches images from anywhere: only fixed words may go through it."""
    source = (ROOT / module).read_text("utf-8")
    assert "unsafe_allow_html" not in source
    assert "components.v1" not in source
    if "import streamlit as st" in source:
        assert data_in_markdown(module, tree(module)) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("st.caption('fixed')", False),
        ("st.caption(name)", True),
        ("column.caption(name)", True),
        ("st.columns(2)[0].error(f'{name}')", True),
        ("bar.progress(0.5, text=name)", True),
        ("bar.progress(name)", False),
        ("st.button(name)", True),
        ("st.button('fixed', help=name)", True),
        ("st.warning('a' if sure else 'b')", False),
        ("st.warning('a' + name)", True),
        ("st.tabs(['a', name])", True),
        ("st.text(name)", False),
        ("st.error(plain(name))", False),
        ("st.error(plainly(name))", True),
    ],
)
def test_data_in_markdown_is_seen_on_any_receiver(line: str, found: bool) -> None:
    assert bool(data_in_markdown(Path("secure_storage/page/telling.py"), ast.parse(line))) == found


SERVED_TO_ANYBODY = {
    "image", "audio", "video", "download_button", "logo", "pyplot", "pdf", "map",
    "pydeck_chart", "camera_input", "audio_input", "chat_input", "iframe", "login",
}  # fmt: skip
"""What Streamlit serves by /media (which our gate shuts), loads from elsewhere, or records."""

UPLOADS = {
    "file_uploader": {
        "transcribe/page/guide.py", "transcribe/page/importing.py",
        "transcribe/page/questionnaire.py",
    }
}  # fmt: skip
"""Texts of a few megabytes may come through Streamlit; recordings have a route of their own."""


def doors(module: Path, source: ast.Module) -> list[str]:
    """Calls on anything that would open a door of Streamlit's."""
    calls = [
        (node.lineno, node.func.attr)
        for node in ast.walk(source)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    return [
        f"{module}:{line} {name}"
        for line, name in calls
        if name in SERVED_TO_ANYBODY or (name in UPLOADS and module.as_posix() not in UPLOADS[name])
    ]


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_no_page_hands_bytes_to_streamlit(module: Path) -> None:
    if "import streamlit as st" in (ROOT / module).read_text("utf-8"):
        assert doors(module, tree(module)) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("st.image(data)", True),
        ("column.download_button('Save', data)", True),
        ("st.sidebar.audio(data)", True),
        ("st.file_uploader('A file')", True),
        ("st.dataframe(rows)", False),
    ],
)
def test_a_door_of_streamlit_is_seen_on_any_receiver(line: str, found: bool) -> None:
    assert bool(doors(Path("themes/page/x.py"), ast.parse(line))) == found


@pytest.mark.parametrize("module", MODULES, ids=ids)
def test_html_is_written_in_the_source_alone(module: Path) -> None:
    """``st.html`` draws what it is given: not even escaped data goes there."""
    if "import streamlit as st" not in (ROOT / module).read_text("utf-8"):
        return
    given = [
        argument
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        and node.func.attr == "html"
        for argument in [*node.args, *(one.value for one in node.keywords if one.arg == "body")]
    ]  # fmt: skip
    assert all(isinstance(one, ast.Constant) for one in given)

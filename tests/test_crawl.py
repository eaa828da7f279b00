"""Every route of the built app, asked over a real server by somebody without a session."""

from pathlib import Path

from bench import crawl
from secure_storage import FLOOR, create_study


def test_without_a_session_all_is_refused_but_the_allow_list(tmp_path: Path) -> None:
    home = tmp_path / "home"
    create_study(home, "Home care", crawl.NAME, crawl.PASSPHRASE, cost=FLOOR)
    answers = crawl.crawled(home)
    asked = {one.path for one in answers}
    for known in ("/audio/1", "/api/board", "/media/1", "/component/1", "/_stcore/stream",
                  "/_stcore/upload_file/1/1", "/_stcore/agent/mcp", "/export/1"):  # fmt: skip
        assert known in asked
    assert {one.who for one in answers} == {"nobody", "dead cookie", "made-up cookie"}
    assert len(answers) == 3 * len(asked) * (2 * len(crawl.METHODS) + 1)
    assert crawl.open_to_nobody(answers) == []
    opened = {one.path for one in answers if one.status == 200}
    assert opened == crawl.ALLOWED
    assert not [one for one in answers if one.method == "socket" and one.status != 403]


def test_an_empty_home_shows_its_first_page_and_nothing_else(tmp_path: Path) -> None:
    home = tmp_path / "home"
    asked = crawl.paths(home)
    with crawl.served(home) as port:
        answers = crawl.crawl(port, "nobody", "", asked)
    wrong = {one.path for one in crawl.open_to_nobody(answers)}
    assert wrong == {"/first-run"}
    shown = {one.path for one in answers if one.status == 200}
    assert shown == {"/first-run", "/sign-in/look.css", "/_stcore/health"}

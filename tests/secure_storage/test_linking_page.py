"""The custodian's page: empty, shut, full; and nothing of a name where others could see it."""

import sys
from collections.abc import Callable
from types import ModuleType

import pytest
from streamlit.testing.v1 import AppTest

from secure_storage import NotAllowed, Role, Study, create_linking, open_linking
from secure_storage.linking import Person
from secure_storage.page import custodian_page

Join = Callable[[str, Role], Study]
HERE: dict[str, Study] = {}


def _draw() -> None:
    from tests_linking_here import HERE

    from secure_storage.page import custodian_page

    custodian_page(HERE["study"])


@pytest.fixture
def draw(monkeypatch: pytest.MonkeyPatch) -> Callable[[Study], AppTest]:
    shelf = ModuleType("tests_linking_here")
    shelf.HERE = HERE  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tests_linking_here", shelf)

    def drawn(study: Study) -> AppTest:
        HERE["study"] = study
        page = AppTest.from_function(_draw, default_timeout=60).run()
        assert not page.exception
        return page

    return drawn


@pytest.fixture
def keeper(join: Join) -> Study:
    return join("Karl Keeper", "custodian")


def words(page: AppTest) -> str:
    return "\n".join(one.value for one in (*page.caption, *page.text, *page.error))


def press(page: AppTest, label: str) -> AppTest:
    return next(one for one in page.button if one.label == label).click().run()


def test_from_nothing_to_a_person(study: Study, keeper: Study, draw) -> None:
    page = draw(keeper)
    assert "There is no linking store yet" in words(page)
    page = press(page, "Create the linking store")
    assert "Nobody is registered yet" in words(page)
    fields = {one.label: one for one in page.text_input}
    fields["Pseudonym"].input("P7")
    fields["Name"].input("Kari [x](http://evil.example) Xylofonsen")
    page = press(page, "Save")
    assert not page.exception
    assert page.dataframe[0].value["Pseudonym"].tolist() == ["P7"]
    assert open_linking(keeper).people()[0].name.endswith("Xylofonsen")
    assert not [one for one in page.markdown if "evil.example" in one.value]
    assert "Xylofonsen" not in words(page)


def test_what_cannot_be_saved_is_told(keeper: Study, draw) -> None:
    create_linking(keeper)
    page = press(draw(keeper), "Save")
    assert "pseudonym and a name" in words(page)


def test_withdrawal_kit_custodians_and_the_end(keeper: Study, join: Join, draw) -> None:
    linking = create_linking(keeper)
    linking.save_person(Person(1, "P1", "Kari Xylofonsen"))
    join("Kim Keeper", "custodian")
    page = draw(keeper)
    page = page.selectbox(key="linking-person").set_value((1, "P1")).run()
    page = press(page, "Note the withdrawal")
    assert not page.exception
    page = press(page, "Remove")
    assert "Tick the box" in words(page)
    page = press(page, "Make a recovery kit")
    assert len(page.code[0].value.replace("-", "")) == 56
    page = press(page, "Let in")
    assert "Tick the box" in words(page)
    box = next(one for one in page.checkbox if one.label.startswith("I compared"))
    box.check()
    page = press(page, "Let in")
    assert [one.admitted for one in linking.custodians()] == [True, True]
    page = press(page, "Destroy the linking store")
    assert "Nothing was destroyed" in words(page)
    next(one for one in page.text_input if one.label.startswith("Type")).input("destroy")
    page = press(page, "Destroy the linking store")
    assert "There is no linking store yet" in words(page)


def test_who_is_not_let_in_sees_the_fingerprint_to_read_out(
    keeper: Study, join: Join, draw
) -> None:
    create_linking(keeper).save_person(Person(1, "P1", "Kari Xylofonsen"))
    second = join("Kim Keeper", "custodian")
    page = draw(second)
    assert "not open to you yet" in words(page)
    assert len(page.code[0].value) == 19
    page = press(page, "Open with the kit")
    assert "56 characters" in words(page)
    assert not page.dataframe


def test_the_page_is_shut_to_other_roles(study: Study, keeper: Study) -> None:
    create_linking(keeper)
    with pytest.raises(NotAllowed):
        custodian_page(study)

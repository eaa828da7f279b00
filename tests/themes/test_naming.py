"""Topics are asked about; themes that tell something are left in peace."""

import pytest

from themes.naming import nudge


@pytest.mark.parametrize(
    "name",
    [
        "Technology", "Barriers to technology", "Benefits of video calls", "Trust",
        "barriers and facilitators", "Experiences with apps in home care", "Perceived barriers",
        "Utfordringer", "Fordeler med teknologi", "Erfaringer fra hjemmet",
        "Challenges", "Role of the nurse",
    ],
)  # fmt: skip
def test_topics_are_asked_about(name: str) -> None:
    assert nudge(name)


@pytest.mark.parametrize(
    "name",
    [
        "", "   ",
        "Balancing in-person interaction and time in home-based pediatric palliative care",
        "Exchange of information can improve timely and appropriate care",
        "The power of visual documentation in pediatric palliative care",
        "Technology is welcome when the hands stay", "Nobody asked us", "Teknologi kan ikke trøste",
    ],
)  # fmt: skip
def test_meaning_is_left_in_peace(name: str) -> None:
    assert nudge(name) is None

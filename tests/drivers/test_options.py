"""Options are typed, and a wrong one names its device and key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import options
from drivers.base import DeviceConfigError

WRONG: list[object] = [None, "x", 1, 1.5, True, [], {}, float("nan"), float("inf"), -1]


@pytest.mark.parametrize("value", [each for each in WRONG if not isinstance(each, str)])
def test_a_text_is_a_text(value: object) -> None:
    with pytest.raises(DeviceConfigError, match="front: port must be a text"):
        options.text("front", {"port": value}, "port")


def test_a_missing_text_has_its_default() -> None:
    assert options.text("front", {}, "path", "/dev/tty1") == "/dev/tty1"
    assert options.text("front", {"path": "x"}, "path", "/dev/tty1") == "x"


@pytest.mark.parametrize("value", [None, "17", 17.0, True, -1, 28])
def test_a_pin_is_a_whole_number_in_its_range(value: object) -> None:
    with pytest.raises(DeviceConfigError, match="pin must be a whole number from 0 to 27"):
        options.whole("front", {"pin": value}, "pin", 0, 27)


def test_a_whole_number_may_have_a_default() -> None:
    assert options.whole("front", {}, "q", 0, 15, 4) == 4
    assert options.whole("front", {"q": None}, "q", 0, 15, 4) == 4
    assert options.whole("front", {"q": 0}, "q", 0, 15, 4) == 0


@pytest.mark.parametrize("value", ["1", True, 0, -1, 61, float("nan"), float("inf")])
def test_a_number_is_finite_and_in_its_range(value: object) -> None:
    with pytest.raises(DeviceConfigError, match="hold must be"):
        options.number("front", {"hold": value}, "hold", 1.0, 60)


def test_a_number_may_be_whole_and_has_a_default() -> None:
    assert options.number("front", {"hold": 3}, "hold", 1.0, 60) == 3.0
    assert options.number("front", {}, "hold", 1.5, 60) == 1.5


@pytest.mark.parametrize("value", ["true", 1, 0])
def test_a_fact_is_true_or_false(value: object) -> None:
    with pytest.raises(DeviceConfigError, match="active_high must be true or false"):
        options.fact("front", {"active_high": value}, "active_high", default=True)


def test_a_choice_is_found_without_regard_to_case() -> None:
    assert options.choice("front", {"region": "eu"}, "region", ("EU", "US")) == "EU"
    assert options.choice("front", {}, "region", ("EU", "US")) is None
    assert options.choice("front", {"region": ""}, "region", ("EU", "US")) is None
    with pytest.raises(DeviceConfigError, match="region must be one of EU, US"):
        options.choice("front", {"region": "Mars"}, "region", ("EU", "US"))
    with pytest.raises(DeviceConfigError, match="region must be one of EU, US"):
        options.choice("front", {"region": 3}, "region", ("EU", "US"))


@given(st.dictionaries(st.text(max_size=5), st.none() | st.integers() | st.text(max_size=5)))
def test_other_rooms_keys_are_ignored(others: dict[str, object]) -> None:
    mine = {**others, "pin": 4}
    assert options.whole("front", mine, "pin", 0, 27) == 4

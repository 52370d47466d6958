"""A wrong order is refused in plain words and changes nothing."""

import pytest

from drivers.sim import orders


def test_a_verb_is_one_of_the_known() -> None:
    assert orders.verb({"do": "set"}, ("set", "press")) == "set"
    for wrong in ({}, {"do": None}, {"do": "jump"}):
        with pytest.raises(ValueError, match="do must be one of set, press"):
            orders.verb(wrong, ("set", "press"))


@pytest.mark.parametrize("value", ["1", True, None, float("nan"), float("inf")])
def test_an_amount_is_a_number(value: object) -> None:
    with pytest.raises(ValueError, match="for_s must be a number"):
        orders.amount({"for_s": value}, "for_s", 1, 0, 5)


def test_an_amount_has_bounds_and_a_default() -> None:
    assert orders.amount({}, "for_s", 0.2, 0, 5) == 0.2
    with pytest.raises(ValueError, match="for_s must be from 0 to 5"):
        orders.amount({"for_s": 6}, "for_s", 1, 0, 5)


@pytest.mark.parametrize("value", ["1", True, 0, 11, 1.5])
def test_a_count_is_a_whole_number_in_its_range(value: object) -> None:
    with pytest.raises(ValueError, match="n must be a whole number from 1 to 10"):
        orders.count({"n": value}, "n", 1, 10)


def test_truth_is_true_or_false() -> None:
    assert orders.truth({"active": False}, "active") is False
    assert orders.truth({}, "active", default=True) is True
    for wrong in ({}, {"active": 1}, {"active": "yes"}):
        with pytest.raises(ValueError, match="active must be true or false"):
            orders.truth(wrong, "active")


@pytest.mark.parametrize("value", [None, "30", ["3"], ["zz"], [1], ["30751F"], [""], [["30"]]])
def test_epcs_are_a_list_of_hex_of_a_right_length(value: object) -> None:
    with pytest.raises(ValueError, match=r"epcs: .* is not an EPC of 2 to 12 bytes in hex"):
        orders.epcs({"epcs": value}, range(2, 13, 2))


def test_epcs_are_read() -> None:
    assert orders.epcs({"epcs": ["3075", "e200"]}, range(2, 13, 2)) == (b"\x30\x75", b"\xe2\x00")
    assert orders.epcs({"epcs": []}, range(2, 13, 2)) == ()

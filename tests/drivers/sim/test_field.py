"""The simulated field: who is there, how strong, what goes wrong."""

import pytest

from drivers.sim.field import FAULTS, STRONGEST_DBM, WEAKEST_DBM, Field

TAG = "30751FEB705C5904E3D50D70"
OTHER = "E20010710000529B0940B402"


def field(now: list[float] | None = None) -> Field:
    times = now or [0.0]
    return Field(range(2, 63, 2), clock=lambda: times[0])


def test_tags_enter_and_leave() -> None:
    place = field()
    assert place.obey({"do": "enter", "epcs": [TAG, OTHER]}) == {"present": 2}
    assert {epc.hex().upper() for epc, _ in place.tags()} == {TAG, OTHER}
    assert place.obey({"do": "leave", "epcs": [TAG]}) == {"present": 1}
    assert place.obey({"do": "leave", "epcs": [TAG]}) == {"present": 1}
    assert place.obey({"do": "leave"}) == {"present": 0}
    assert place.tags() == []


def test_strength_scatters_and_drifts_within_what_a_radio_can_hear() -> None:
    now = [0.0]
    place = field(now)
    place.obey({"do": "enter", "epcs": [TAG], "rssi_dbm": -50})
    resting = {place.tags()[0][1] for _ in range(50)}
    assert len(resting) > 1
    assert resting <= {-52, -51, -50, -49, -48}
    place.obey({"do": "drift", "dbm_per_s": -4})
    now[0] = 5.0
    assert -72 <= place.tags()[0][1] <= -68
    now[0] = 60.0
    assert place.tags()[0][1] == WEAKEST_DBM
    place.obey({"do": "drift", "dbm_per_s": 100})
    assert place.tags()[0][1] == STRONGEST_DBM


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_for_so_many_frames(fault: str) -> None:
    place = field()
    place.obey({"do": fault, "frames": 2})
    assert [place.take(fault) for _ in range(4)] == [True, True, False, False]


def test_noise_has_the_ordered_length_and_is_the_same_in_every_run() -> None:
    one, two = field(), field()
    for place in (one, two):
        place.obey({"do": "noise", "bytes": 20})
    assert one.noise() == two.noise()
    assert len(one.noise()) == 20


def test_silence_lasts_until_resume() -> None:
    place = field()
    place.obey({"do": "silence"})
    assert place.silent
    place.obey({"do": "resume"})
    assert not place.silent


@pytest.mark.parametrize(
    "order",
    [
        {"do": "vanish"},
        {"do": "enter", "epcs": [OTHER, "zz"]},
        {"do": "enter", "epcs": [OTHER], "rssi_dbm": 5},
        {"do": "leave", "epcs": [TAG, "zz"]},
        {"do": "noise", "frames": 0},
        {"do": "drift", "dbm_per_s": "fast"},
    ],
)
def test_a_wrong_order_changes_nothing(order: dict[str, object]) -> None:
    place = field()
    place.obey({"do": "enter", "epcs": [TAG]})
    with pytest.raises(ValueError, match=r"\w+"):
        place.obey(order)
    assert [epc.hex().upper() for epc, _ in place.tags()] == [TAG]
    assert not any(place.take(fault) for fault in FAULTS)

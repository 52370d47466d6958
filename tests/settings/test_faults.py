"""Every finding of the types is told in our words, with the choices or the nearest one."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, Field, ValidationError

from kiosk.settings import Settings, SettingsError, load
from kiosk.settings.faults import fields_at, findings, near

Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("pin = 17", 'pin = "17"', "lock.pin: must be a whole number, is text"),
        ("pin = 17", "pin = 17.0", "lock.pin: must be a whole number, is a fraction"),
        ("pin = 17", "pin = true", "lock.pin: must be a whole number, is true or false"),
        ("pin = 17", "pin = -1", "lock.pin: must be at least 0, is -1"),
        ("pin = 17", "pin = 28", "lock.pin: must be at most 27, is 28"),
        ("pin = 17", "pin = 17\nmax_hold_s = 0", "lock.max_hold_s: must be more than 0"),
        ("pin = 17", 'pin = 17\nmax_hold_s = "9"', "lock.max_hold_s: must be a number, is text"),
        ("pin = 17", "pin = 17\nmax_hold_s = nan", "lock.max_hold_s: must be at most 60"),
        ("pin = 17", "pin = 17\nmax_hold_s = inf", "lock.max_hold_s: must be at most 60"),
        ("active_high = true", "active_high = 1", "lock.active_high: must be true or false, is a"),
        ('name = "door-1"', "name = 1", "kiosk.name: must be text in quotes, is a number"),
        ('state_dir = "state"', "state_dir = 1", "kiosk.state_dir: must be a path in quotes, is"),
        ('name = "door-1"', "name = 2026-11-23", "kiosk.name: must be text in quotes, is a date"),
        ('name = "door-1"', "name = 07:00:00", "kiosk.name: must be text in quotes, is a date"),
        ('kind = "none"', "kind = 3", "provider.kind: must be one of http, vouch, none, is a num"),
        ('kind = "none"', 'kind = "non"', "provider.kind: 'non' is not one of http, vouch, none"),
        ('kind = "none"', 'kind = "?"', "provider.kind: '?' is not one of http, vouch, none"),
        ('[gate]\negress = "handle"', "[gate]", "gate.egress: is missing (what opens the door"),
        ('[camera]\nkind = "sim"', 'camera = "sim"', "exit.camera: unknown key"),
    ],
)
def test_a_finding_is_told_in_our_words(old: str, new: str, what: str, write: Write) -> None:
    path = write((old, new))
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert any(f": {what}" in line for line in caught.value.lines)


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ("[reader]\nname = 1\n", "reader: must be a list, is an object"),
        ("[[log]]\nlevel = 'info'\n", "log: must be a table, is a list"),
        ("[[indicator]]\n", "indicator: must be a table, is a list"),
        ("[indicator]\nkind = 'sim'\npins = 5\n", "indicator.pins: must be a table, is a number"),
        ("[indicator]\nkind = 'sim'\npins.x = 5\n", "indicator.pins.x: unknown key (known"),
    ],
)
def test_a_table_of_another_shape_is_told(more: str, what: str, write: Write) -> None:
    path = write(more=more)
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert any(f": {what}" in line for line in caught.value.lines), caught.value.lines


class Other(BaseModel):
    """A table with a rule that ours do not have."""

    word: Annotated[str, Field(min_length=2)]


def test_a_finding_without_words_of_ours_keeps_its_own() -> None:
    with pytest.raises(ValidationError) as caught:
        Other(word="x")
    assert list(findings(Other, caught.value)) == [
        (("word",), "String should have at least 2 characters")
    ]


def test_a_long_wrong_word_is_cut(write: Write) -> None:
    path = write(('kind = "none"', f'kind = "{"x" * 5000}"'))
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert len(str(caught.value)) < 300


def test_the_nearest_word_is_offered_or_all_of_them() -> None:
    assert near("egres", ("egress", "pin")) == "did you mean egress?"
    assert near("zzz", ("egress", "pin")) == "known: egress, pin"


def test_the_fields_of_a_table_are_found_through_arrays() -> None:
    assert "port" in fields_at(Settings, ("reader", 0))
    assert "green" in fields_at(Settings, ("indicator", "pins"))
    assert fields_at(Settings, ("nowhere",)) == {}
    assert fields_at(Settings, ("kiosk", "name")) == {}

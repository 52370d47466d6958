"""Every verb finds its kiosk in the same way: --config, --state, a variable, the usual place."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from kiosk.cli.place import NoPlaceError, config_path, ledger_path, state_dir
from tests.environment import environment

Kiosk = Callable[..., Any]

VERBS = [
    ("run",),
    ("eye",),
    ("status",),
    (
        "pay",
        "019ab0c4-7f3e-7c1d-9f0e-2b6f3d5a8c11",
        "--amount-minor",
        "1",
        "--token-file",
        "/none/staff.token",
    ),
    ("door", "status"),
    ("door", "unlock", "--reason", "x"),
    ("door", "lock"),
    ("door", "test"),
    ("camera", "test"),
    ("rfid", "scan"),
    ("rfid", "survey"),
    ("rfid", "learn", "--csv", "a.csv", "--name", "n", "--price", "1"),
    ("ledger", "tail"),
    ("ledger", "show", "0"),
    ("ledger", "verify"),
    ("ledger", "prove", "0"),
    ("ledger", "export", "there"),
    ("outbox", "show"),
    ("outbox", "flush"),
    ("vouch", "add", "c", "--until", "2099-01-01", "--by", "Ann"),
    ("vouch", "remove", "c"),
    ("vouch", "list"),
    ("id", "make", "c"),
    ("id", "show", "c"),
    ("id", "verify", "K1:"),
]


def test_a_directory_means_the_configuration_in_it(tmp_path: Path) -> None:
    assert config_path(None, tmp_path) == tmp_path / "kiosk.toml"
    assert state_dir(None, tmp_path) == tmp_path
    assert ledger_path(None, tmp_path) == tmp_path / "ledger.db"


def test_an_option_goes_before_the_variable_and_that_before_the_usual_place(
    tmp_path: Path,
) -> None:
    usual = tmp_path / "usual.toml"
    usual.touch()
    with environment(KIOSK_CONFIG=None):
        assert config_path(None, None, usual) == usual
    with environment(KIOSK_CONFIG="/from/variable.toml"):
        assert config_path(None, None, usual) == Path("/from/variable.toml")
        assert config_path(Path("mine.toml"), None, usual) == Path("mine.toml")
        assert config_path(None, tmp_path, usual) == tmp_path / "kiosk.toml"


def test_where_nothing_is_the_options_are_named(tmp_path: Path) -> None:
    with environment(KIOSK_CONFIG=None), pytest.raises(NoPlaceError, match="--config FILE"):
        config_path(None, None, tmp_path / "usual.toml")


def test_a_usual_place_that_cannot_be_looked_at_is_still_the_place(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    usual = tmp_path / "file" / "kiosk.toml"  # not a directory: neither there nor missing
    with environment(KIOSK_CONFIG=None):
        assert config_path(None, None, usual) == usual


def test_two_places_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="not both"):
        config_path(tmp_path / "a.toml", tmp_path)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_takes_both_options_and_refuses_them_together(
    verb: tuple[str, ...], kiosk: Kiosk
) -> None:
    done = kiosk(*verb, "--config", "a.toml", "--state", "b")
    assert done.code == 2
    assert "give --config FILE or --state DIR, not both" in done.err


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_place_where_nothing_is_ends_in_one_line_that_names_it(
    verb: tuple[str, ...], kiosk: Kiosk, tmp_path: Path
) -> None:
    done = kiosk(*verb, "--state", tmp_path / "none")
    assert done.code in {2, 4}
    assert re.fullmatch(r"kiosk: .*none.*\n", done.err), done.err


@pytest.mark.parametrize("verb", [each for each in VERBS if each[0] != "vouch"], ids=" ".join)
def test_help_says_what_is_taken_when_neither_is_given(verb: tuple[str, ...], kiosk: Kiosk) -> None:
    told = " ".join(kiosk(*verb, "--help").out.split())
    assert "$KIOSK_CONFIG, else /etc/kiosk/kiosk.toml" in told

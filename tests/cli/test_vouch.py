"""Staff keep the list from the command line; errors are one line and an exit code."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Kiosk


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the list is."""
    return tmp_path / "vouched.toml"


def test_add_list_and_remove(kiosk: Kiosk, file: Path) -> None:
    where = ("--file", file)
    added = kiosk("vouch", "add", "customer-7", "--until", "2099-12-31", "--by", "Ann", *where)
    assert added.out == f"{file}: vouched for until 2099-12-31 UTC, all of it\n"
    over = '\n[[vouched]]\ncustomer = "fob:04"\nuntil = 2020-01-01\nby = "Bob"\n'
    file.write_text(file.read_text(encoding="utf-8") + over, encoding="utf-8")
    assert kiosk("vouch", "list", *where).out.splitlines() == [
        "customer-7  until 2099-12-31 UTC, all of it  by Ann",
        "fob:04  until 2020-01-01 UTC, all of it  by Bob  (over)",
    ]
    assert json.loads(kiosk("vouch", "list", "--json", *where).out)["vouched"][0] == {
        "customer": "customer-7",
        "until": "2100-01-01T00:00:00+00:00",
        "by": "Ann",
        "holds": True,
    }
    assert kiosk("vouch", "remove", "fob:04", *where).code == 0
    again = kiosk("vouch", "remove", "fob:04", *where)
    assert (again.code, again.out) == (1, "")
    assert again.err == f"kiosk: {file}: this customer is not on the list\n"


def test_a_time_of_day_is_told_as_it_was_written(kiosk: Kiosk, file: Path) -> None:
    done = kiosk(
        *("vouch", "add", "c", "--until", "2099-12-31T18:00:00+01:00", "--by", "Ann"),
        *("--file", file),
    )
    assert done.out == f"{file}: vouched for until 2099-12-31T17:00:00+00:00\n"


def test_the_list_is_the_one_that_the_configuration_names(kiosk: Kiosk, tmp_path: Path) -> None:
    place = tmp_path / "shop"
    kiosk("init", place)
    kiosk("vouch", "add", "customer-7", "--until", "2099-12-31", "--by", "Ann", "--state", place)
    assert (place / "vouched.toml").is_file()
    config = place / "kiosk.toml"
    named = config.read_text(encoding="utf-8").replace("# allow_list = ", "allow_list = ")
    config.write_text(named.replace("/var/lib/kiosk/vouched.toml", "other.toml"), encoding="utf-8")
    kiosk("vouch", "add", "customer-8", "--until", "2099-12-31", "--by", "Ann", "--config", config)
    assert "customer-8" in (place / "other.toml").read_text(encoding="utf-8")
    assert "customer-8" in kiosk("vouch", "list", "--state", place).out


@pytest.mark.parametrize("until", ["soon", "2026-12-31T18:00", "\x1b[2J", ""])
def test_a_date_that_is_none_is_named_and_nothing_is_written(
    until: str, kiosk: Kiosk, file: Path
) -> None:
    done = kiosk("vouch", "add", "c", "--until", until, "--by", "Ann", "--file", file)
    assert done.code == 2
    assert done.err == (
        f"kiosk: --until {until!a}: want a day as in 2026-12-31 or a time with its offset from UTC "
        "as in 2026-12-31T18:00:00Z\n"
    )
    assert not file.exists()


@pytest.mark.parametrize("until", ["2020-01-01", "2020-12-31T18:00:00+02:00"])
def test_a_date_that_is_over_takes_no_good_word_off_the_list(
    until: str, kiosk: Kiosk, file: Path
) -> None:
    words = ("vouch", "add", "c", "--by", "Ann", "--file", file)
    assert kiosk(*words, "--until", "2099-12-31").code == 0
    before = file.read_bytes()
    done = kiosk(*words, "--until", until)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert done.err.startswith(f"kiosk: --until '{until}': that is over already; give a later one")
    assert file.read_bytes() == before


def test_a_new_word_stands_in_place_of_the_old_one(kiosk: Kiosk, file: Path) -> None:
    for until, by in (("2098-12-31", "Ann"), ("2099-12-31", "Bob")):
        done = kiosk("vouch", "add", "c", "--until", until, "--by", by, "--file", file)
        assert done.code == 0
    assert kiosk("vouch", "list", "--file", file).out == (
        "c  until 2099-12-31 UTC, all of it  by Bob\n"
    )


@pytest.mark.parametrize(
    "words",
    [("c\n", "Ann"), ("c", ""), ("c", "A\x1b[2J"), ("c" * 4096, "Ann"), ("<b>", "Ann")],
)
def test_hostile_words_do_not_come_onto_the_list(
    words: tuple[str, str], kiosk: Kiosk, file: Path
) -> None:
    customer, by = words
    done = kiosk("vouch", "add", customer, "--until", "2099-12-31", "--by", by, "--file", file)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert not file.exists()


def test_an_empty_list_says_so(kiosk: Kiosk, file: Path) -> None:
    assert kiosk("vouch", "list", "--file", file).out == "nobody is vouched for\n"


def test_a_broken_list_is_one_line_and_exit_2(kiosk: Kiosk, file: Path) -> None:
    file.write_text("[[vouched]]\n")
    done = kiosk("vouch", "list", "--file", file)
    assert done.code == 2
    assert done.err.startswith(f"kiosk: {file}: vouched[0]: must hold")
    assert done.err.count("\n") == 1

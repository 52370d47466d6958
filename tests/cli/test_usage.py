"""Words of a call that cannot be are answered in plain ones, with what would be taken."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from typer.main import get_command

from kiosk.cli.app import NOUNS, build

Kiosk = Callable[..., Any]

WAYS = "'voucher', 'vouched', 'leave', 'group'"
WORKSHOP = ("Input should", "Value error", "a valid", "parse", "string", "integer", "<=", "class ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("scores", "seed", "customer-1", "7000"),
            "Invalid value for 'points': '7000' is not a whole number from 0 to 800",
        ),
        (
            ("scores", "seed", "customer-1", "many"),
            "Invalid value for 'points': 'many' is not a whole number from 0 to 800",
        ),
        (("scores", "seed", "customer-1", "-50"), "a number below 0 is not taken here"),
        (
            ("door", "test", "--seconds", "0.1"),
            "Invalid value for '--seconds': '0.1' is not a number from 0.2 to 600",
        ),
        (
            ("ledger", "tail", "-n", "0"),
            "Invalid value for '-n': '0' is not a whole number from 1 on",
        ),
        (
            ("sim", "choose", "deposit"),
            f"Invalid value for 'way': 'deposit' is not one of {WAYS}",
        ),
        (("sim", "choose"), "Missing argument 'way'. Choose from: voucher, vouched, leave, group"),
        (
            ("pay", "x", "--amount-minor", "5.99"),
            "Invalid value for '--amount-minor': '5.99' is no amount: want cents, 599 for 5.99",
        ),
    ],
    ids=lambda given: " ".join(given[:2]) if isinstance(given, tuple) else "",
)
def test_a_value_that_cannot_be_is_told_with_what_would_be_taken(
    words: tuple[str, ...], told: str, kiosk: Kiosk
) -> None:
    done = kiosk(*words)
    verb = " ".join(words[: 1 if words[0] == "pay" else 2])
    assert (done.code, done.err) == (2, f"kiosk: {told} (see kiosk {verb} --help)\n")


def judged(noun: str) -> Iterator[tuple[str, ...]]:
    """Every option and argument of a noun that takes no free text, with a value it cannot take."""

    def under(command: object, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        """Those of a command, and of all below it."""
        for each in getattr(command, "params", ()):
            found = getattr(each, "type_descriptor", None)
            if found is None or getattr(each, "is_flag", False):
                continue
            if found.annotation in {int, float} or found.is_choice:
                before = () if each.param_type_name == "argument" else (each.opts[-1],)
                yield (*path, *before, "?")
        for name, each in getattr(command, "commands", {}).items():
            yield from under(each, (*path, name))

    tree: Any = get_command(build([noun]))
    yield from under(tree.commands[noun], (noun,))


def test_no_value_of_any_verb_is_answered_in_words_of_the_workshop(kiosk: Kiosk) -> None:
    tried = [words for noun in NOUNS for words in judged(noun)]
    assert len(tried) > 20
    for words in tried:
        done = kiosk(*words)
        assert done.code == 2, words
        assert re.search("'[?]' is (not|no amount)|Missing argument", done.err), (words, done.err)
        assert not [word for word in WORKSHOP if word in done.err], done.err

"""Every verb teaches: an example as one would type it, and JSON wherever something is read."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from typer.main import get_command

from kiosk.cli.app import NOUNS, build

Kiosk = Callable[..., Any]

READS = [
    *(("config", "check"), ("config", "show"), ("doctor",), ("status",), ("door", "status")),
    *(("keys", "show"), ("keys", "list", "show"), ("item", "list"), ("vouch", "list")),
    *(("id", "make"), ("id", "verify"), ("camera", "test"), ("rfid", "scan"), ("rfid", "survey")),
    *(("rfid", "decode"), ("ledger", "tail"), ("ledger", "show"), ("ledger", "verify")),
    ("outbox", "show"),
]
DOES = [
    *(("run",), ("eye",), ("hub",), ("scores",), ("scores", "seed"), ("init",), ("pay",)),
    *(("config", "schema"), ("keys", "make"), ("keys", "publish"), ("keys", "list", "add")),
    *(("keys", "list", "remove"), ("item", "import"), ("vouch", "add"), ("vouch", "remove")),
    *(("id", "show"), ("door", "unlock"), ("door", "lock"), ("door", "test"), ("rfid", "learn")),
    *(("sim", "show"), ("sim", "choose"), ("sim", "enter"), ("sim", "exit")),
    *(("ledger", "prove"), ("ledger", "export"), ("outbox", "flush")),
]


@pytest.mark.parametrize("verb", [*READS, *DOES], ids=" ".join)
def test_help_has_an_example_of_this_verb(verb: tuple[str, ...], kiosk: Kiosk) -> None:
    shown = " ".join(kiosk(*verb, "--help").out.split())
    assert re.search(rf"Example: kiosk {' '.join(verb)}\b", shown), shown


@pytest.mark.parametrize("verb", READS, ids=" ".join)
def test_what_reads_can_be_read_by_programs(verb: tuple[str, ...], kiosk: Kiosk) -> None:
    assert "--json" in kiosk(*verb, "--help").out


@pytest.mark.parametrize("verb", [("pay",), ("ledger", "tail")], ids=" ".join)
def test_who_looks_for_a_late_payment_is_told_in_which_log_it_is(
    verb: tuple[str, ...], kiosk: Kiosk
) -> None:
    shown = " ".join(kiosk(*verb, "--help").out.split())
    assert "--state DIR/hub/office" in shown
    assert "/var/lib/kiosk-hub/office" in shown


def texts(command: object) -> Iterator[str]:
    """Every text of help of a command, its options and what lies under it."""
    yield getattr(command, "help", None) or ""
    for option in getattr(command, "params", ()):
        yield from texts(option)
    for under in getattr(command, "commands", {}).values():
        yield from texts(under)


@pytest.mark.parametrize("noun", NOUNS)
def test_help_has_no_word_that_is_taken_for_markup_and_left_out(noun: str) -> None:
    found = list(texts(get_command(build([noun]))))
    assert len(found) > len(NOUNS)
    assert [text for text in found if re.search(r"\[+[a-z/]", text)] == []


@pytest.mark.parametrize("noun", NOUNS)
def test_help_has_no_word_of_the_workshop(noun: str) -> None:
    said = " ".join(texts(get_command(build([noun])))) + NOUNS[noun].help
    found = re.search(
        r"re-hash|\bbars?\b|ladder|loopback|line rate|scrub|commitment|older word|go down only",
        said,
    )
    assert found is None, found


def verbs(command: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every noun, group and verb with its command."""
    yield path, command
    for name, under in getattr(command, "commands", {}).items():
        yield from verbs(under, (*path, name))


def slips(noun: str) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Every verb of a noun with words that it cannot take."""
    tree: Any = get_command(build([noun]))
    for path, command in verbs(tree.commands[noun], (noun,)):
        yield path, ("--no-such-option",)
        if getattr(command, "commands", {}):
            yield path, ("no-such-verb",)
        elif all(option.nargs == 1 for option in command.params):
            yield path, ("x",) * 9
        for option in command.params:
            if option.param_type_name == "argument" and option.required:
                yield path, ("--",)
            if option.param_type_name == "option" and not option.is_flag:
                yield path, (option.opts[-1],)


@pytest.mark.parametrize("noun", NOUNS)
def test_words_that_cannot_be_lead_to_the_help_of_the_verb_at_hand(noun: str, kiosk: Kiosk) -> None:
    for path, words in slips(noun):
        done = kiosk(*path, *words)
        assert done.code == 2, (path, words, done)
        assert done.err.endswith(f" (see kiosk {' '.join(path)} --help)\n"), (path, words, done)

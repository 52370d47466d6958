"""Every verb teaches: an example as one would type it, and JSON wherever something is read."""

import re
from collections.abc import Callable
from typing import Any

import pytest

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
    *(("ledger", "prove"), ("ledger", "export"), ("outbox", "flush")),
]


@pytest.mark.parametrize("verb", [*READS, *DOES], ids=" ".join)
def test_help_has_an_example_of_this_verb(verb: tuple[str, ...], kiosk: Kiosk) -> None:
    shown = " ".join(kiosk(*verb, "--help").out.split())
    assert re.search(rf"Example: kiosk {' '.join(verb)}\b", shown), shown


@pytest.mark.parametrize("verb", READS, ids=" ".join)
def test_what_reads_can_be_read_by_programs(verb: tuple[str, ...], kiosk: Kiosk) -> None:
    assert "--json" in kiosk(*verb, "--help").out

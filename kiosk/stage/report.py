"""A play's result as people read it: one line for each try to come in, and the proofs."""

from collections.abc import Iterator, Mapping
from typing import Any

from babel.numbers import format_currency

HEADER = f"{'customer':<14}{'answer':<10}{'why':<18}{'way':<9}{'outcome':<12}owed"


def lines_of(result: Mapping[str, Any], currency: str = "EUR") -> Iterator[str]:
    """Yield the lines of a report."""
    yield HEADER
    for visit in result["visits"]:
        owed = format_currency(visit["unpaid_minor"] / 100, currency, locale="en")
        yield (
            f"{visit['customer'] or '-':<14}{visit['decision'] or '-':<10}"
            f"{visit['reason'] or '-':<18}{visit['way'] or '-':<9}"
            f"{visit['outcome'] or '-':<12}{owed if visit['unpaid_minor'] else ''}"
        ).rstrip()
    for loss in result["anonymous"]:
        yield f"left with nobody known, pinned on nobody: {loss['epc']}"
    ledger, hub = result["ledger"], result["hub"]
    verified = "verified" if ledger["verified"] else "NOT VERIFIED"
    yield f"ledger: {ledger['size']} events, {verified}, root {ledger['root']}"
    yield f"hub:    {hub['size']} events, root {hub['root']}"

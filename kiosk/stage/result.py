"""What a play came to: the one JSON object of DESIGN 10, and what was expected but not so."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from kiosk.ledger.checkpoint import parse, root_text
from kiosk.ledger.keys import load as load_keys
from kiosk.ledger.reader import LedgerReader
from kiosk.ledger.schema import LEDGER_FILE
from kiosk.remote.errors import RemoteError
from kiosk.stage import props
from kiosk.stage.plot import Script
from kiosk.stage.theatre import Theatre
from kiosk.stage.witness import Seen

Json = Mapping[str, Any]
MS: Final = 1000


def collect(theatre: Theatre, names: Mapping[str, str], *, stop: bool = False) -> Json:
    """Return the result of a play whose daemon still runs and is idle.

    Args:
        names: Whose each visit was.
        stop: Stop the daemon before the ledger is counted, so that what is kept is what is told.
    """
    day = theatre.witness.look()
    edges: Sequence[Sequence[Any]] = theatre.tell("lock", "state").get("edges", [])
    unlocked = unlocked_ms(edges, time.monotonic())
    if stop:
        theatre.stop_daemon()
    if not theatre.services.running(
        "hub"
    ):  # what it holds is asked of it, wherever the day left it
        theatre.services.restore("hub")
    late = _late(theatre)
    return {
        "visits": [_visit(seen, names, late) for seen in day.tries.values()],
        "rentals": [],
        "anonymous": [{"epc": epc} for epc in day.anonymous],
        "lock": [{"gate": props.KIOSK, "unlocked_ms": each} for each in unlocked],
        "ledger": _ledger(theatre),
        "hub": _hub(theatre),
    }


def mismatches(script: Script, result: Json) -> list[str]:
    """Return one line for each thing that was expected and is not so."""
    wrong = []
    ledger, hub = result["ledger"], result["hub"]
    if not ledger["verified"]:
        wrong.append(f"{script.path}: the ledger does not verify; see kiosk ledger verify")
    if (hub["size"], hub["root"]) != (ledger["size"], ledger["root"]) and not _hub_is_away(script):
        other = "" if hub["size"] < ledger["size"] else ", and they differ"
        wrong.append(f"{script.path}: the hub has {hub['size']} of {ledger['size']} entries{other}")
    for expect in script.expects:
        tries = [each for each in result["visits"] if each["customer"] == expect.customer]
        place = f"{script.path}:{expect.line}: {expect.customer}, visit {expect.visit}"
        if len(tries) < expect.visit:
            wrong.append(f"{place}: there were only {len(tries)}")
            continue
        found = tries[expect.visit - 1]
        wrong += [
            f"{place}: {key} is {_shown(found[key])}, expected {_shown(value)}"
            for key, value in expect.values.items()
            if found[key] != value
        ]
    return wrong


def _hub_is_away(script: Script) -> bool:
    """Whether the script ends without the hub; then its copy is as old as may be."""
    last = [step.do for step in script.steps if step.device == "hub"][-1:]
    return last == ["lose"]


def _visit(seen: Seen, names: Mapping[str, str], late: Mapping[str, Json]) -> Json:
    # Payments at the counter after the exit settle lines; the hub knows of them, the kiosk not.
    settled = late.get(seen.id, {})
    lines = settled.get("lines", seen.lines) if seen.outcome else []
    return {
        "id": seen.id,
        "customer": names.get(seen.id),
        "decision": seen.decision or None,
        "reason": seen.reason or None,
        "way": seen.way,
        "outcome": seen.outcome,
        "lines": [
            {key: line[key] for key in ("epc", "gtin", "name", "price_minor", "paid")}
            for line in lines
        ],
        "unpaid_minor": settled.get("unpaid_minor", seen.unpaid_minor) if seen.outcome else 0,
    }


def _late(theatre: Theatre) -> Mapping[str, Json]:
    try:
        rows = theatre.services.get(f"/v1/visits?kiosk={props.KIOSK}")
    except RemoteError:
        return {}
    return {row["id"]: row for row in rows.get("visits", []) if row.get("outcome")}


def unlocked_ms(edges: Sequence[Sequence[Any]], now_s: float) -> list[int]:
    """Return how long each unlock lasted, from the pin's edges; one that still lasts, up to now."""
    spans = []
    since = None
    for at, unlocked in [*edges, (now_s, False)]:
        if unlocked and since is None:
            since = at
        elif not unlocked and since is not None:
            spans.append(round((at - since) * MS))
            since = None
    return spans


def _ledger(theatre: Theatre) -> Json:
    """Return size and root, in base64 as a checkpoint has it, after a pass over every entry."""
    path = theatre.directory / LEDGER_FILE
    with LedgerReader(path, load_keys(theatre.directory).wrap) as reader:
        size = reader.size()
        scrub = reader.scrub(reader.key)
        verified = True
        while verified and not scrub.done:
            verified = scrub.step() is None
        return {"size": size, "root": root_text(reader.span_root(0, size)), "verified": verified}


def _hub(theatre: Theatre) -> Json:
    try:
        with theatre.services.staff() as hub:
            note = hub.checkpoint(props.ORIGIN)
    except RemoteError:
        note = None
    if note is None:
        return {"size": 0, "root": ""}
    copy = parse(note)
    return {"size": copy.size, "root": root_text(copy.root)}


def _shown(value: object) -> str:
    return "nothing" if value is None else repr(value)

"""What a play came to: the one JSON object of DESIGN 10, and what was expected but not so."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

import requests

from kiosk.ledger.checkpoint import parse
from kiosk.ledger.keys import load as load_keys
from kiosk.ledger.reader import LedgerReader
from kiosk.remote.errors import RemoteError
from kiosk.stage import props
from kiosk.stage.player import Player
from kiosk.stage.script import Script
from kiosk.stage.theatre import LEDGER, Theatre
from kiosk.stage.witness import Seen

Json = Mapping[str, Any]
DECIMALS: Final = 1000


def collect(theatre: Theatre, player: Player) -> Json:
    """Return the result of a play whose daemon still runs and is idle."""
    day = theatre.witness.look()
    names = player.visits
    late = _late(theatre)
    lock: Mapping[str, Any] = theatre.sim.tell("lock", "state")
    return {
        "visits": [_visit(seen, names, late) for seen in day.tries.values()],
        "rentals": [],
        "anonymous": [{"epc": epc} for epc in day.anonymous],
        "lock": [
            {"gate": props.KIOSK, "unlocked_ms": unlocked}
            for unlocked in _unlocked_ms(lock.get("edges", []))
        ],
        "ledger": _ledger(theatre),
        "hub": _hub(theatre),
    }


def mismatches(script: Script, result: Json) -> list[str]:
    """Return one line for each thing that was expected and is not so."""
    wrong = []
    ledger, hub = result["ledger"], result["hub"]
    if not ledger["verified"]:
        wrong.append(f"{script.path}: the ledger does not verify; see kiosk ledger verify")
    if hub["size"] and (hub["size"], hub["root"]) != (ledger["size"], ledger["root"]):
        wrong.append(f"{script.path}: the hub has {hub['size']} of {ledger['size']} events")
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
        rows = theatre.get(f"/v1/visits?kiosk={props.KIOSK}")
    except requests.RequestException:
        return {}
    return {row["id"]: row for row in rows.get("visits", []) if row.get("outcome")}


def _unlocked_ms(edges: Sequence[Sequence[Any]]) -> list[int]:
    """Return how long each unlock lasted, from the pin's edges; one still open is not listed."""
    spans = []
    since = None
    for at, unlocked in edges:
        if unlocked and since is None:
            since = at
        elif not unlocked and since is not None:
            spans.append(round((at - since) * DECIMALS))
            since = None
    return spans


def _ledger(theatre: Theatre) -> Json:
    """Return size and root, in base64 as a checkpoint has it, after a pass over every entry."""
    path = theatre.directory / LEDGER
    with LedgerReader(path, load_keys(theatre.directory).wrap) as reader:
        size = reader.size()
        scrub = reader.scrub(reader.key)
        verified = True
        while verified and not scrub.done:
            verified = scrub.step() is None
        return {"size": size, "root": _base64(reader.span_root(0, size)), "verified": verified}


def _hub(theatre: Theatre) -> Json:
    try:
        with theatre.staff() as hub:
            note = hub.checkpoint(props.ORIGIN)
    except RemoteError:
        note = None
    if note is None:
        return {"size": 0, "root": ""}
    copy = parse(note)
    return {"size": copy.size, "root": _base64(copy.root)}


def _base64(root: bytes) -> str:
    return base64.b64encode(root).decode("ascii")


def _shown(value: object) -> str:
    return "nothing" if value is None else repr(value)

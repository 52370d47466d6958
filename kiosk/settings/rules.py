"""Rules between the keys of a configuration.

They take the values as they were written, right or wrong, so that these faults are told together
with those of single keys.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kiosk.settings.places import Finding, Key, dotted

PULLED_UP_PINS: Final = range(9)  # BCM2835 datasheet 6.2: GPIO 0-8 power on pulled up
UHF_KINDS: Final = ("m100", "r200")
FOB_KINDS: Final = ("rdm6300", "id12la")
_UHF_KEYS: Final = ("power_dbm", "region", "q", "rssi_floor_dbm")
_LINES: Final = ("lock", "door", "exit")

Table = Mapping[str, Any]


def broken(values: Table) -> Iterator[Finding]:
    """Yield every rule that a kiosk's configuration breaks."""
    yield from _lock(table(values, "lock"))
    yield from _lines(values)
    yield from _exit(values)
    yield from _cameras(values)
    yield from _readers(values)
    yield from _indicator(table(values, "indicator"))
    yield from _provider(table(values, "provider"))
    yield from _shared_pins(values)
    yield from _shared_names(values)


def table(values: Table, name: str) -> Table:
    """Return the table `name`, empty when it is none."""
    found = values.get(name)
    return found if isinstance(found, dict) else {}


def tables(values: Table, name: str) -> list[Table]:
    """Return the tables of the array `name`, empty when it is none."""
    found = values.get(name)
    if not isinstance(found, list | tuple):
        return []
    return [each if isinstance(each, dict) else {} for each in found]


def _lock(lock: Table) -> Iterator[Finding]:
    """A lock must be unpowered while the Pi boots and nobody drives the line."""
    pin, active_high = lock.get("pin"), lock.get("active_high")
    if type(pin) is not int or not isinstance(active_high, bool):
        return
    pulled_up = pin in PULLED_UP_PINS
    if active_high == pulled_up and lock.get("external_pull") is not True:
        level, others = ("high", "9 to 27") if pulled_up else ("low", "0 to 8")
        remedy = f"use one of GPIO {others}, or add a resistor and set external_pull = true"
        problem = f"GPIO {pin} is {level} from power-on until the daemon starts, powering the lock"
        yield ("lock", "pin"), f"{problem} ({remedy})"


def _lines(values: Table) -> Iterator[Finding]:
    places: list[tuple[Key, Table]] = [
        (("lock",), table(values, "lock")),
        (("door",), table(values, "door")),
        *((("button", at), each) for at, each in enumerate(tables(values, "button"))),
    ]
    for key, line in places:
        if line.get("kind") == "gpio" and "pin" not in line:
            yield (*key, "pin"), "is missing (give the BCM number of its GPIO line)"


def _exit(values: Table) -> Iterator[Finding]:
    exit_, readers = table(values, "exit"), tables(values, "reader")
    trigger = exit_.get("trigger")
    is_gpio = exit_.get("kind", "gpio") == "gpio"
    if trigger in ("button", "beam") and is_gpio and "pin" not in exit_:
        yield ("exit", "pin"), f"is missing (give the BCM number of the {trigger}'s GPIO line)"
    if trigger == "reader" and not any(each.get("role") == "exit" for each in readers):
        yield ("exit", "trigger"), 'needs a [[reader]] with role = "exit" (or another trigger)'


def _cameras(values: Table) -> Iterator[Finding]:
    for name in ("camera", "exit_camera"):
        camera = table(values, name)
        if camera and camera.get("kind") != "sim" and "device" not in camera:
            yield (name, "device"), f"is missing (what does the {camera.get('kind')} camera read?)"
    readers = tables(values, "reader")
    if "camera" not in values and not any(each.get("role") == "entry" for each in readers):
        yield ("camera",), "nobody could show an ID (add [camera] or a reader at the entry)"


def _readers(values: Table) -> Iterator[Finding]:
    for at, reader in enumerate(tables(values, "reader")):
        if reader.get("kind") not in FOB_KINDS:  # of an unknown kind nobody knows
            continue
        for key in _UHF_KEYS:
            if key in reader:
                yield ("reader", at, key), "is for UHF readers only (remove it)"


def _indicator(indicator: Table) -> Iterator[Finding]:
    if "pins" not in indicator:
        if indicator.get("kind") == "gpio":
            yield ("indicator", "pins"), "is missing (as in pins = { green = 5, red = 6 })"
    elif not indicator["pins"]:
        yield ("indicator", "pins"), "holds no pin (name green, red or buzzer)"


def _provider(provider: Table) -> Iterator[Finding]:
    kind = provider.get("kind")
    if kind == "http" and "url" not in provider:
        yield ("provider", "url"), "is missing (where is the score service?)"
    if kind in ("vouch", "none") and "url" in provider:
        yield ("provider", "url"), f'is not used by kind = "{kind}" (remove it)'


def _shared_pins(values: Table) -> Iterator[Finding]:
    owners: dict[int, str] = {}
    for key, pin in _pins(values):
        if pin in owners:
            yield key, f"GPIO {pin} is taken by {owners[pin]} (give each device its own)"
        owners.setdefault(pin, dotted(key))


def _pins(values: Table) -> Iterator[tuple[Key, int]]:
    places: list[tuple[Key, Any]] = [
        *(((name, "pin"), table(values, name).get("pin")) for name in _LINES),
        *(
            (("button", at, "pin"), button.get("pin"))
            for at, button in enumerate(tables(values, "button"))
        ),
        *(
            (("indicator", "pins", part), pin)
            for part, pin in table(table(values, "indicator"), "pins").items()
        ),
    ]
    yield from ((key, pin) for key, pin in places if type(pin) is int)


def _shared_names(values: Table) -> Iterator[Finding]:
    owners = {name: f"[{name}]" for name in (*_LINES, "camera", "indicator", "screen")}
    for array in ("reader", "button"):
        for at, device in enumerate(tables(values, array)):
            name = device.get("name")
            if not isinstance(name, str):
                continue
            if name in owners:
                other = owners[name]
                yield (array, at, "name"), f"{name!r} is {other}'s name (give each device its own)"
            owners.setdefault(name, f"{array}[{at}]")

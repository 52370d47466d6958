"""Scripts for the journeys, put together from pieces as a person would write them."""

from collections.abc import Sequence
from pathlib import Path

TRAIL_MIX = "3034257BF40C0E4000000001"
SECOND_MIX = "3034257BF40C0E4000000002"
WATER = "3034257BF416E80000000001"
FOREIGN = "E28068900000500E88C6A4A7"

HEAD = """currency = "EUR"
[policy]
max_inside = {max_inside}
[[item]]
gtin = "00614141123452"
name = "Trail mix"
price_minor = 599
[[item]]
gtin = "00614141234561"
name = "Water"
price_minor = 120
[[customer]]
id = "customer-1"
score = 720
[[customer]]
id = "customer-2"
score = 640
[[customer]]
id = "customer-3"
"""


def step(do: str, **keys: object) -> str:
    """Return one step in TOML."""
    return "[[step]]\n" + "".join(
        f"{key} = {_value(value)}\n" for key, value in {"do": do, **keys}.items()
    )


def expect(customer: str, visit: int = 1, **values: object) -> str:
    """Return one expectation in TOML."""
    given = {"customer": customer, "visit": visit, **values}
    return "[[expect]]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in given.items())


def write(path: Path, parts: Sequence[str], max_inside: int = 1) -> Path:
    """Write a script and return its path."""
    path.write_text(HEAD.format(max_inside=max_inside) + "\n".join(parts), encoding="utf-8")
    return path


def _value(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, list):
        return "[" + ", ".join(f'"{each}"' for each in value) + "]"
    return str(value).lower()

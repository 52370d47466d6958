"""Scripts for the tests of the stage, as text and as values."""

from pathlib import Path

from kiosk.stage.plot import POLICY, Customer, Expect, Item, Script, Step

MIX = "3034257BF40C0E4000000001"
SECOND_MIX = "3034257BF40C0E4000000002"
WATER = "3034257BF416E80000000001"
FOREIGN = "E28068900000500E88C6A4A7"
ITEMS = (
    Item("00614141123452", "Trail mix", 599),
    Item("00614141234561", "Water", 120),
)
CUSTOMERS = (
    Customer("ada", 720),
    Customer("ben", 480),
    Customer("cleo", None),
    Customer("dora", 700),
)

HEAD = """currency = "EUR"
[[item]]
gtin = "00614141123452"
name = "Trail mix"
price_minor = 599
[[customer]]
id = "ada"
score = 720
[[customer]]
id = "ben"
"""


def script(*steps: Step, expects: tuple[Expect, ...] = (), **policy: int) -> Script:
    """Return a script of these steps."""
    return Script("EUR", {**POLICY, **policy}, ITEMS, CUSTOMERS, steps, expects, Path("day.toml"))


def write(directory: Path, text: str) -> Path:
    """Write a script and return its path."""
    path = directory / "day.toml"
    path.write_text(text, encoding="utf-8")
    return path

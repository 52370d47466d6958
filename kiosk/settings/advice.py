"""What a configuration may say but should not: warnings, each with what to do."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from kiosk.settings.places import Finding
from kiosk.settings.rules import UHF_KINDS, Table, table, tables
from kiosk.settings.values import is_loopback


def advice(values: Table) -> Iterator[Finding]:
    """Yield what is unwise in the values of a kiosk's configuration."""
    yield from _addresses(values)
    if table(values, "hub").get("token_file") is None:
        yield ("hub", "token_file"), "is not set: without it no payment is seen (set it)"
    yield from _readers(values)
    screen = table(values, "screen").get("kind", "none")
    if screen == "none":
        yield ("screen",), "none: a refusal cannot explain itself to the customer (add one)"
    is_magnet = table(values, "lock").get("fail_mode") == "safe"
    if is_magnet and table(values, "gate").get("egress") != "release-button":
        yield (
            ("gate", "egress"),
            "a magnet does not open by a handle (add a button that cuts its power)",
        )


def _addresses(values: Table) -> Iterator[Finding]:
    for name in ("hub", "provider"):
        url = table(values, name).get("url")
        if isinstance(url, str) and urlsplit(url).scheme == "http" and not is_loopback(url):
            yield (name, "url"), "anybody on the way can read along (use https)"


def _readers(values: Table) -> Iterator[Finding]:
    readers = tables(values, "reader")
    for at, reader in enumerate(readers):
        port = str(reader.get("port"))
        if port.startswith(("/dev/ttyUSB", "/dev/ttyACM")):
            yield (
                ("reader", at, "port"),
                f"{port} changes with the order of plugging (use /dev/serial/by-id/...)",
            )
        if reader.get("kind") in UHF_KINDS and reader.get("region") is None:
            yield ("reader", at, "region"), "is not set: the module keeps what it has (set it)"
    if not any(reader.get("role") == "exit" for reader in readers):
        yield ("reader",), "none at the exit: what leaves is not seen (add one)"

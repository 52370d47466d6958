"""Devices that a shop does without: kind "none"."""

from collections.abc import Sequence

from drivers.base import Health, Signal
from drivers.options import Options


class NoScreen:
    """A screen that shows nothing."""

    def __init__(self, name: str, options: Options) -> None:
        del options  # nothing to configure
        self.name = name

    def open(self) -> None:
        """Do nothing."""

    def show(self, title: str, lines: Sequence[str]) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Do nothing."""

    def health(self) -> Health:
        """Always well."""
        return Health(True, "not fitted")


class NoIndicator:
    """An indicator without lamps."""

    def __init__(self, name: str, options: Options) -> None:
        del options  # nothing to configure
        self.name = name

    def open(self) -> None:
        """Do nothing."""

    def show(self, signal: Signal) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Do nothing."""

    def health(self) -> Health:
        """Always well."""
        return Health(True, "not fitted")

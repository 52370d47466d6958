"""What can be wrong with a configuration, one line for each thing."""

from collections.abc import Sequence


class SettingsError(Exception):
    """A configuration that cannot be used; nothing was started.

    Attributes:
        lines: Every fault, as `file:line: key: what (remedy)`.
    """

    exit_code: int = 2

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)

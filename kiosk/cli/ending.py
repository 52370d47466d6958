"""How a command ends when it found, missed or was refused something: one line and a code."""

from typing import Final

FINDING: Final = 1
USAGE: Final = 2
HARDWARE: Final = 3
UNREACHABLE: Final = 4


class EndingError(Exception):
    """The end of a command, told in one line.

    Attributes:
        exit_code: One of the codes above.
    """

    def __init__(self, line: str, exit_code: int) -> None:
        super().__init__(line)
        self.exit_code = exit_code

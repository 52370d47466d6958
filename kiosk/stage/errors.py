"""What can go wrong on the stage.

StageError
+-- ScriptError     mistakes in a script, one line each
+-- ProcessError    a process of the play did not start or died
"""

from collections.abc import Sequence


class StageError(Exception):
    """Root of the stage's errors."""

    exit_code: int = 2


class ScriptError(StageError):
    """Mistakes in a script; nothing was started.

    Attributes:
        mistakes: One line each, with file and line.
    """

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


class ProcessError(StageError):
    """A process of the play did not become ready, or ended."""

    exit_code = 1

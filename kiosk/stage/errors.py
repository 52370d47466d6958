"""What can go wrong on the stage.

StageError
+-- ScriptError     mistakes in a script, one line each
+-- ProcessError    a process of the play did not start or died
+-- MachineError    this machine lacks what simulated devices need
+-- EndedError      somebody asked the play to end
+-- NotSeenError    a step had no effect in time; the day goes on
+-- RefusedError    a simulated shop would not do what its people tried
"""

import signal
from collections.abc import Sequence

SIGNALLED = 128  # a shell's exit code for a signal begins here


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


class MachineError(StageError):
    """This machine lacks what simulated devices need; nothing was started."""

    exit_code = 3


class EndedError(StageError):
    """The play was ended by a signal; by the time this is read all its processes are stopped."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}; nothing is left running")
        self.exit_code = SIGNALLED + number


class NotSeenError(StageError):
    """The effect of a step was not seen in time; the day goes on."""


class RefusedError(StageError):
    """A simulated shop would not do what its people tried; it goes on as it was."""

    exit_code = 1

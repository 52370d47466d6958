"""Log lines: for a person on a terminal, else one JSON object each for the service manager.

Text that came from outside is escaped, so one event is one line (threat T27). No caller
logs a customer, a token, a score or a tag; nothing here could take it out again.
"""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from kiosk.core.printable import printable

PRIORITIES: Final[Mapping[str, int]] = {  # sd-daemon(3)
    "CRITICAL": 2,
    "ERROR": 3,
    "WARNING": 4,
    "INFO": 6,
    "DEBUG": 7,
}
CHATTY: Final = ("alembic", "uvicorn")
"""Libraries that tell of every start in words that help nobody but whoever looks for a fault."""


def configure(level: str) -> None:
    """Send every log line of this process to standard error from now on.

    Args:
        level: The least that is logged: debug, info, warning or error.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Plain() if sys.stderr.isatty() else OneLine())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in CHATTY:
        quiet = logging.NOTSET if level == "debug" else logging.WARNING
        logging.getLogger(name).setLevel(quiet)


class Plain(logging.Formatter):
    """Time of day, level where it matters, and what happened; nothing that a terminal obeys."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a traceback follows on lines of its own."""
        at = datetime.fromtimestamp(record.created).astimezone()
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        said = f"{at:%H:%M:%S} {level}{record.getMessage()}"
        lines = [
            said,
            *(self.formatException(record.exc_info).splitlines() if record.exc_info else ()),
        ]
        return "\n".join(map(printable, lines))


class OneLine(logging.Formatter):
    """One JSON object on one line, with the priority that journald reads.

    Whatever is in it, it stays one line; a traceback is a text of the object.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, its priority in front."""
        said = {
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        priority = PRIORITIES.get(record.levelname, PRIORITIES["INFO"])
        return f"<{priority}>{json.dumps(said, sort_keys=True)}"

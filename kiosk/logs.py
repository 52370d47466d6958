"""Log lines for the service manager: one JSON object each, with the priority that journald reads.

Text that came from outside is escaped by JSON, so one event is one line (threat T27). No caller
logs a customer, a token, a score or a tag; nothing here could take it out again.
"""

import json
import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

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
    handler.setFormatter(OneLine())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in CHATTY:
        quiet = logging.NOTSET if level == "debug" else logging.WARNING
        logging.getLogger(name).setLevel(quiet)


class OneLine(logging.Formatter):
    """One JSON object on one line, whatever is in it; a traceback is a text of the object."""

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

"""Log lines for the service manager: one JSON object each, with the priority that journald reads.

Text that came from outside is escaped by JSON, so one event is one line (threat T27). No caller
logs a customer, a token, a score or a tag; nothing here could take it out again.
"""

import logging
import sys
from collections.abc import Mapping
from typing import Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

PRIORITIES: Final[Mapping[str, int]] = {  # sd-daemon(3)
    "critical": 2,
    "error": 3,
    "warning": 4,
    "info": 6,
    "debug": 7,
}
CHATTY: Final = ("alembic", "uvicorn")
"""Libraries that tell of every start in words that help nobody but whoever looks for a fault."""


def configure(level: str) -> None:
    """Send every log line of this process to standard error from now on.

    Args:
        level: The least that is logged: debug, info, warning or error.
    """
    before: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _with_priority,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in CHATTY:
        quiet = logging.NOTSET if level == "debug" else logging.WARNING
        logging.getLogger(name).setLevel(quiet)
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _with_priority(logger: WrappedLogger, name: str, event: EventDict) -> str:
    line = structlog.processors.JSONRenderer(sort_keys=True)(logger, name, event)
    text = line.decode() if isinstance(line, bytes) else line
    return f"<{PRIORITIES.get(str(event.get('level')), 6)}>{text}"

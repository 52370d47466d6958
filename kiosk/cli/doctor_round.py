"""The round that `kiosk doctor` makes, and its findings as a table."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from kiosk.cli.doctor_devices import devices, plugged
from kiosk.cli.doctor_finding import Finding, fix, note, ok
from kiosk.cli.doctor_gpio import pins, unconfigured
from kiosk.cli.doctor_machine import clock, software, state
from kiosk.cli.doctor_services import services
from kiosk.settings import Settings, SettingsError, load

MARK_COLUMNS: Final = 6
GAP: Final = 2


def look_over(config: Path | None) -> Iterator[Finding]:
    """Yield a finding for each thing that was looked at.

    Args:
        config: The configuration, which says what is needed; None when there is none yet.
    """
    yield from software()
    settings = None
    if config is None:
        yield note("configuration", "there is none yet", "kiosk init DIR makes a first one")
    else:
        try:
            settings = load(config)
        except SettingsError as error:
            yield from (fix("configuration", line, "correct this line") for line in error.lines)
        else:
            yield ok("configuration", f"{config} is valid")
    yield clock(settings)
    if settings is None:
        yield unconfigured()
        yield from plugged()
    else:
        yield from _asked_for(settings)


def table(findings: Sequence[Finding]) -> str:
    """Return the findings in columns, each remedy below its finding, and how many are to fix."""
    width = max(len(finding.what) for finding in findings) + GAP
    lines = []
    for finding in findings:
        lines.append(f"{finding.mark:<{MARK_COLUMNS}}{finding.what:<{width}}{finding.detail}")
        if finding.remedy:
            lines.append(f"{'':<{MARK_COLUMNS + width}}-> {finding.remedy}")
    count = sum(finding.mark == "FIX" for finding in findings)
    lines.append(f"{count} to fix" if count else "nothing to fix")
    return "\n".join(lines)


def _asked_for(settings: Settings) -> Iterator[Finding]:
    """Yield what the configuration asks of this machine."""
    yield from (note("configuration", warning) for warning in settings.warnings)
    yield from pins(settings)
    yield from devices(settings)
    yield from state(settings)
    yield from services(settings)

"""A machine booted from this one's own /usr, with nothing of ours on it and no network.

systemd is its first process, as on a real one; what it writes lives in memory and goes with it.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.house.conftest import ROOT
from tests.house.test_layout import FILES
from tests.patience import patient_s

BOOT_S: Final = 30.0
STOP_S: Final = 20.0
TYPED_S: Final = 300.0
LOOK_S: Final = 0.1
TARGET: Final = "[Unit]\nRequires=basic.target dbus.socket\nAfter=basic.target\nAllowIsolate=yes\n"
HERE: Final = "/opt/kiosk"
PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def why_not() -> str:
    """Return why no machine can be booted here; "" when one can."""
    if os.geteuid() != 0:
        return "only root may boot a container"
    missing = [name for name in ("systemd-nspawn", "nsenter") if shutil.which(name) is None]
    return f"{', '.join(missing)} missing (Debian package systemd-container)" if missing else ""


@dataclass(frozen=True, slots=True)
class Machine:
    """A booted machine; commands are typed into it as root."""

    first_process: int

    def type(self, script: str, *, given: str = "") -> "subprocess.CompletedProcess[str]":
        """Return how it went, in a shell of its own that ends at the first failure."""
        leave = ["nsenter", "-t", str(self.first_process), "-m", "-u", "-i", "-n", "-p"]
        environment = ["env", "-i", f"PATH={PATH}", "HOME=/var/lib/owner", "TERM=dumb"]
        return subprocess.run(
            [*leave, *environment, "sh", "-ec", script],
            input=given,
            capture_output=True,
            text=True,
            timeout=TYPED_S,
            check=False,
        )

    def waits_for(self, condition: str, limit_s: float) -> float:
        """Return the seconds until a command succeeded; AssertionError when it never did."""
        began, limit_s = time.monotonic(), patient_s(limit_s)
        while self.type(condition).returncode != 0:
            assert time.monotonic() < began + limit_s, f"not within {limit_s:.0f} s: {condition}"
            time.sleep(LOOK_S)
        return time.monotonic() - began


@contextmanager
def booted(place: Path) -> Iterator[Machine]:
    """Boot a machine that has a checkout in /srv/kiosk, and end it."""
    checkout, local = place / "checkout", place / "bin"
    local.mkdir()
    _lay_out(checkout)
    (place / "test.target").write_text(TARGET)
    binds = {
        f"{checkout}": "/srv/kiosk",
        f"{place / 'test.target'}": "/etc/systemd/system/test.target",
        f"{sys.base_prefix}": "/opt/python",
        f"{_packages()}": "/opt/packages",
    }
    command = ["systemd-nspawn", "-D", "/", "--volatile=yes", "--register=no", "--keep-unit"]
    command += ["--private-network", f"--machine=kiosk-test-{os.getpid()}", "--quiet"]
    command += [f"--bind-ro={here}:{there}" for here, there in binds.items()]
    command += [f"--bind={local}:/usr/local/bin", "-b", "systemd.unit=test.target"]
    with (place / "console").open("wb") as console:
        container = subprocess.Popen(
            [*command, "systemd.firstboot=off"],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=subprocess.STDOUT,
        )
    try:
        machine = Machine(_first_process(container))
        machine.waits_for("mkdir -p ~ && systemctl is-active --quiet test.target", BOOT_S)
        yield machine
    finally:
        container.terminate()
        try:
            container.wait(STOP_S)
        except subprocess.TimeoutExpired:
            container.kill()
            container.wait()


def _packages() -> str:
    """Return the folder of installed packages."""
    return str(next(Path(entry) for entry in sys.path if entry.endswith("site-packages")))


def _lay_out(checkout: Path) -> None:
    """Copy what git keeps, with an environment that stands for an installed one."""
    for path in FILES:
        at = checkout / path.relative_to(ROOT)
        at.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, at)
    programs = checkout / ".venv" / "bin"
    programs.mkdir(parents=True)
    prefix = "/usr" if sys.base_prefix == "/usr" else "/opt/python"
    python = f"{prefix}/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    for name, more in (("python", ""), ("kiosk", "-m kiosk ")):
        paths = f"PYTHONPATH={HERE}:/opt/packages LD_LIBRARY_PATH={prefix}/lib"
        script = f'{paths} exec {python} -P {more}"$@"'
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    sums = subprocess.run(
        ["cksum", "requirements.lock", "pyproject.toml"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (checkout / ".venv" / "stamp").write_text(f"{HERE}\n{HERE}/.venv/bin/python\n{sums}")


def _first_process(container: "subprocess.Popen[bytes]") -> int:
    """Return the id of the container's systemd, as seen from here."""
    children = Path(f"/proc/{container.pid}/task/{container.pid}/children")
    ends = time.monotonic() + BOOT_S
    while time.monotonic() < ends and container.poll() is None:
        for child in children.read_text(encoding="ascii").split():
            if Path(f"/proc/{child}/comm").read_text(encoding="ascii").strip() == "systemd":
                return int(child)
        time.sleep(LOOK_S)
    raise AssertionError("the machine did not boot; see its console")

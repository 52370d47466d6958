"""The page of the services, typed as it stands into a booted machine; then its daemon dies."""

import json
import re
from collections.abc import Iterator

import pytest
import tomlkit

from tests.house.conftest import ROOT
from tests.journeys.machine import Machine, booted, why_not

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),  # some thirty starts of Python, and whatever else the machine does
    pytest.mark.skipif(why_not() != "", reason=why_not()),
]

PAGE = (ROOT / "systemd" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
WATCHDOG_S = 10.0
TELL = """
import json, socket
with socket.socket(socket.AF_UNIX) as sim:
    sim.connect("/var/lib/kiosk/sim.sock")
    with sim.makefile("rw") as lines:
        lines.write({order!r} + "\\n")
        lines.flush()
        print(lines.readline())
"""


def without_devices(text: str) -> str:
    """Return a store's configuration with simulated devices, in place of wiring them."""
    config = tomlkit.parse(text).unwrap()
    for table in ("lock", "door", "exit", "camera", "indicator", "screen"):
        config[table] = {**config[table], "kind": "sim"}
    for button in config["button"]:
        button["kind"] = "sim"
    config["camera"].pop("device")
    config["reader"][0]["port"] = "sim:/var/lib/kiosk/tty"
    config["sim"] = {"socket": "/var/lib/kiosk/sim.sock"}
    config["clock"]["trust"] = "always"
    return tomlkit.dumps(config)


def tell(machine: Machine, device: str, do: str, **more: str) -> dict[str, object]:
    """Give a simulated device an order."""
    order = json.dumps({"device": device, "do": do, **more})
    said = machine.type("/opt/kiosk/.venv/bin/python -", given=TELL.format(order=order))
    assert said.returncode == 0, said.stderr
    answer: dict[str, object] = json.loads(said.stdout)
    return answer


def wire(machine: Machine) -> None:
    """Do what step 4 asks for before its first block."""
    text = machine.type("cat /etc/kiosk/kiosk.toml").stdout
    machine.type("cat >/etc/kiosk/kiosk.toml", given=without_devices(text))


def let_somebody_in(machine: Machine) -> None:
    """Show the code that step 5 makes to the simulated camera, and see the lock open."""
    made = machine.type("kiosk id make customer-1 --key ~/shop/issuer.key")
    assert made.returncode == 0, made.stderr
    tell(machine, "camera", "show", text=made.stdout.strip())
    machine.waits_for("kiosk ledger tail | grep lock.commanded", 20)
    assert tell(machine, "lock", "state")["unlocked"] is True


def follow(machine: Machine) -> None:
    """Type every block of the page."""
    for number, block in enumerate(BLOCKS):
        if "kiosk-eye" in block:
            continue  # there is no camera to wall off
        if block.startswith("kiosk config check"):
            wire(machine)
        if block.startswith("rm ~/shop/owner.key"):
            let_somebody_in(machine)
        where = "/srv/kiosk" if number == 0 else "/opt/kiosk"
        typed = machine.type(f"cd {where}\n{block}")
        last = "" if typed.returncode == 0 else machine.type("journalctl -n 30 -o cat").stdout
        assert typed.returncode == 0, f"{block}\n{typed.stdout}\n{typed.stderr}\n{last}"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Yield a booted machine on which the whole page was followed."""
    with booted(tmp_path_factory.mktemp("machine")) as started:
        follow(started)
        yield started


@pytest.mark.parametrize("name", ["kiosk", "kiosk-hub", "kiosk-scores"])
def test_the_page_leads_from_a_bare_machine_to_a_running_store(machine: Machine, name: str) -> None:
    machine.waits_for(f"systemctl is-active {name}", 30)


@pytest.mark.parametrize(
    ("sign", "result", "limit_s"), [("KILL", "signal", 5.0), ("STOP", "watchdog", WATCHDOG_S + 10)]
)
def test_p2_a_dead_or_frozen_daemon_is_relocked_and_comes_back(
    machine: Machine, sign: str, result: str, limit_s: float
) -> None:
    machine.waits_for("systemctl is-active kiosk", 30)
    shown = machine.type("journalctl -n 0 --show-cursor").stdout
    cursor = shown.partition("-- cursor: ")[2].strip()
    before = machine.type("systemctl show -P MainPID kiosk").stdout.strip()
    assert machine.type(f"kill -{sign} {before}").returncode == 0
    since = f"journalctl --sync && journalctl -u kiosk --after-cursor='{cursor}'"
    machine.waits_for(f"{since} | grep 'at the safe level'", limit_s)
    machine.waits_for(f"{since} | grep \"result '{result}'\"", 5)
    machine.waits_for("systemctl is-active kiosk", 30)
    assert machine.type("systemctl show -P MainPID kiosk").stdout.strip() != before

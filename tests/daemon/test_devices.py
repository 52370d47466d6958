"""The devices of a configuration: built by kind, each change with its meaning."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from drivers.sim.control import SimClient
from kiosk.core.inputs import DoorClosed, DoorOpened, ExitRequested, WayChosen
from kiosk.core.values import Way
from kiosk.daemon.devices import Devices, build
from kiosk.daemon.messages import Happened
from kiosk.daemon.rhythm import Rhythm
from kiosk.daemon.services import connect
from kiosk.remote.providers.none import NoProvider
from kiosk.remote.providers.score import ScoreProvider
from kiosk.remote.providers.vouch import VouchProvider
from kiosk.settings import Settings, load
from tests.daemon.gatehouse import Gatehouse

CONFIG = """
[kiosk]
name = "door"
shop = "corner"
state_dir = "{state}"
[hub]
url = "http://127.0.0.1:9"
owner_key = "{key}"
[provider]
{provider}
[gate]
egress = "handle"
[lock]
kind = "sim"
fail_mode = "secure"
active_high = true
[door]
kind = "sim"
[exit]
trigger = "{trigger}"
kind = "sim"
[camera]
kind = "sim"
[exit_camera]
kind = "sim"
[[reader]]
name = "gate"
kind = "m100"
port = "sim:"
role = "exit"
[[reader]]
name = "fob"
kind = "rdm6300"
port = "sim:"
role = "entry"
[[button]]
name = "use-voucher"
kind = "sim"
way = "voucher"
[[button]]
name = "go-away"
kind = "sim"
way = "leave"
{more}
"""
FACE = '[indicator]\nkind = "sim"\n[screen]\nkind = "sim"\n[sim]\nsocket = "{state}/sim.sock"\n'
KEY = "o" * 43


def settings(state: Path, provider: str = 'kind = "none"', **values: str) -> Settings:
    """Return settings from a file, as the daemon gets them."""
    path = state / "kiosk.toml"
    given = {"trigger": "button", "more": FACE.format(state=state), **values}
    path.write_text(CONFIG.format(state=state, key=KEY, provider=provider, **given), "utf-8")
    return load(path)


def opened(stack: ExitStack, devices: Devices, rhythm: Rhythm, state: Path) -> SimClient:
    devices.open(stack, rhythm)
    sim = SimClient(state / "sim.sock")
    stack.callback(sim.close)
    return sim


@pytest.mark.parametrize("trigger", ["button", "beam"])
def test_contacts_say_what_they_mean(
    tmp_path: Path, gate: Gatehouse, until: Callable[..., None], trigger: str
) -> None:
    devices = build(settings(tmp_path, trigger=trigger))
    facts: list[Any] = []

    def heard(kind: type) -> bool:
        while (message := gate.inbox.take(0, gate.clock.now())) is not None:
            assert isinstance(message, Happened)
            facts.append(message.fact)
        return any(isinstance(fact, kind) for fact in facts)

    with ExitStack() as stack:
        sim = opened(stack, devices, gate.rhythm, tmp_path)
        sim.tell("door", "set", active=True)
        until(lambda: heard(DoorOpened))
        sim.tell("door", "set", active=False)
        until(lambda: heard(DoorClosed))
        sim.tell("exit", "press", for_s=0.1)
        until(lambda: heard(ExitRequested))
        sim.tell("use-voucher", "press", for_s=0.1)
        until(lambda: heard(WayChosen))
        sim.tell("go-away", "press", for_s=0.1)
        until(lambda: heard(WayChosen) and facts[-1].way is None)
    assert [fact.source for fact in facts if isinstance(fact, ExitRequested)] == [trigger]
    assert [fact.way for fact in facts if isinstance(fact, WayChosen)] == [Way.VOUCHER, None]
    assert set(devices.health()) == {
        *("lock", "indicator", "screen", "door", "exit", "use-voucher", "go-away"),
        *("camera", "exit-camera", "gate", "fob"),
    }


def test_each_camera_and_reader_has_a_pump_of_its_own(tmp_path: Path, gate: Gatehouse) -> None:
    devices = build(settings(tmp_path))
    roles = [pump._role for pump in devices.pumps(gate.rhythm)]
    assert roles == ["exit-reader", "entry-reader", "camera", "camera"]


@pytest.mark.parametrize(("trigger", "by_reader"), [("reader", True), ("contact", False)])
def test_the_zone_of_the_reader_or_the_door_itself_can_begin_an_exit(
    tmp_path: Path, gate: Gatehouse, trigger: str, *, by_reader: bool
) -> None:
    devices = build(settings(tmp_path, trigger=trigger))
    assert devices.exit_by_reader is by_reader
    assert "exit" not in devices.health()
    assert len(list(devices.pumps(gate.rhythm))) == 4


def test_a_gate_without_face_and_simulators_is_a_gate(tmp_path: Path, gate: Gatehouse) -> None:
    devices = build(settings(tmp_path, more=""))
    assert devices.face.screen is None
    assert devices.sim_socket is None
    with ExitStack() as stack:
        devices.open(stack, gate.rhythm)


@pytest.mark.parametrize(
    ("provider", "kind"),
    [
        ('kind = "none"', NoProvider),
        ('kind = "vouch"', VouchProvider),
        ('kind = "http"\nurl = "http://127.0.0.1:9"', ScoreProvider),
    ],
)
def test_the_configured_provider_is_asked_and_staff_can_always_vouch(
    tmp_path: Path, provider: str, kind: type
) -> None:
    services = connect(settings(tmp_path, provider), dict)
    assert isinstance(services.providers["score"], kind)
    assert isinstance(services.providers["vouch"], VouchProvider)
    services.counter("staff").close()
    services.upload.close()
    services.documents.close()

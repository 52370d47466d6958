"""The registry makes every kind, or says in one line what is wrong."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType
from typing import cast

import pytest

from drivers.base import DeviceConfigError, MissingLibraryError
from drivers.registry import KINDS, create
from drivers.rfid.m100_reader import M100Reader
from drivers.sim.rfid import SimReader

OPTIONS: dict[str, object] = {
    "pin": 17,
    "fail_mode": "secure",
    "active_high": True,
    "external_pull": True,
    "pins": {"green": 22},
    "port": "/dev/nowhere",
}


@pytest.mark.parametrize(("role", "kind"), [key for key in KINDS if key[0] != "code"])
def test_every_kind_is_made_without_touching_anything(role: str, kind: str) -> None:
    if kind == "gpio" and find_spec("lgpio") is None:
        with pytest.raises(MissingLibraryError, match="needs the library lgpio"):
            create(role, kind, "it", OPTIONS)
        return
    device = create(role, kind, "it", OPTIONS)
    assert device.name == "it"
    device.close()


@pytest.mark.parametrize(
    ("role", "kind", "wrong"),
    [
        ("lock", "gpoi", r"unknown lock kind 'gpoi' \(did you mean 'gpio'\? known: gpio, sim\)"),
        ("reader", "zzz", r"unknown reader kind 'zzz' \(known: id12la, m100, r200, rdm6300, sim\)"),
        ("door", "gpio", "unknown role 'door'"),
    ],
)
def test_an_unknown_kind_gets_a_hint(role: str, kind: str, wrong: str) -> None:
    with pytest.raises(DeviceConfigError, match=wrong) as caught:
        create(role, kind, "front", {})
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)


@contextmanager
def without(library: str, *modules: str) -> Iterator[None]:
    """As if a library were not installed, for modules that have not been imported yet."""
    before = dict(sys.modules)
    for name in modules:
        sys.modules.pop(name, None)
    sys.modules[library] = cast(ModuleType, None)  # as the import system marks it
    try:
        yield
    finally:
        sys.modules.pop(library)
        sys.modules.update(before)


def test_a_missing_library_names_its_package() -> None:
    with (
        without("serial", "drivers.serial_port", "drivers.rfid.em4100_reader"),
        pytest.raises(
            MissingLibraryError, match="fob: reader 'rdm6300' needs the library pyserial"
        ) as caught,
    ):
        create("reader", "rdm6300", "fob", OPTIONS)
    assert caught.value.exit_code == 3


def test_a_reader_on_a_sim_port_is_simulated_with_its_own_protocol() -> None:
    assert isinstance(create("reader", "r200", "exit", {"port": "sim:"}), SimReader)
    assert isinstance(create("reader", "r200", "exit", OPTIONS), M100Reader)

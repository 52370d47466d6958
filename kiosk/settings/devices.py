"""The tables of the devices; each is handed to its driver as it is."""

from typing import Annotated, Literal

from pydantic import Field

from kiosk.settings.values import Name, Pin, Section, Text

Backend = Literal["gpio", "sim"]


class Line(Section):
    """A device on one GPIO line."""

    kind: Annotated[Backend, Field(description="gpio, or sim for a simulated one")]
    pin: Annotated[Pin | None, Field(description="BCM number of the GPIO line, 0 to 27")] = None


class Contact(Line):
    """A debounced input."""

    active_high: Annotated[
        bool, Field(description="the level that means active; false for a switch to ground")
    ] = False
    pull: Annotated[
        Literal["up", "down", "none"], Field(description="the pull that the Pi puts on the line")
    ] = "up"
    debounce_s: Annotated[
        float, Field(gt=0, le=5, description="how long a level must stand before it counts")
    ] = 0.03


class LockSection(Line):
    """The entry lock; pins that would power it by themselves at power-on are refused."""

    fail_mode: Annotated[
        Literal["secure", "safe"],
        Field(description="secure: power unlocks (strike); safe: power locks (magnet)"),
    ]
    active_high: Annotated[bool, Field(description="the level that powers the coil")]
    max_hold_s: Annotated[
        float, Field(gt=0, le=60, description="the driver relocks after this, whatever happens")
    ] = 30.0
    external_pull: Annotated[
        bool, Field(description="a resistor holds the line unpowered while nobody drives it")
    ] = False


class DoorSection(Contact):
    """The contact of the entry door; active means open."""


class ExitSection(Section):
    """What begins an exit; the door to the outside never depends on it."""

    trigger: Annotated[
        Literal["button", "beam", "contact", "reader"],
        Field(
            description="button or beam: an input of its own; contact: the door opened from "
            "inside; reader: the exit reader's zone"
        ),
    ]
    kind: Annotated[Backend, Field(description="gpio, or sim for a simulated one")] = "gpio"
    pin: Annotated[Pin | None, Field(description="BCM number, for button and beam")] = None
    active_high: Annotated[bool, Field(description="as for [door]")] = False
    pull: Annotated[Literal["up", "down", "none"], Field(description="as for [door]")] = "up"
    debounce_s: Annotated[float, Field(gt=0, le=5, description="as for [door]")] = 0.03


class ButtonSection(Contact):
    """A button with which the customer chooses a way in, brings others in, or leaves."""

    name: Annotated[Name, Field(description="its name in the logs")]
    way: Annotated[
        Literal["voucher", "vouched", "leave", "group"],
        Field(description="what pressing it chooses; group: others come in on the same visit"),
    ]


class CameraSection(Section):
    """A source of ID QR codes."""

    kind: Annotated[
        Literal["v4l2", "file", "folder", "sim", "eye"],
        Field(
            description="v4l2: a camera; eye: the eye process; file, folder: pictures; sim: a play"
        ),
    ]
    device: Annotated[
        Text | None,
        Field(description="/dev/video0, the eye's socket, or a picture; not for sim"),
    ] = None
    width: Annotated[int, Field(ge=160, le=4096, description="pixels")] = 1280
    height: Annotated[int, Field(ge=120, le=4096, description="pixels")] = 720
    fps: Annotated[int, Field(ge=1, le=60, description="pictures a second")] = 15


class ReaderSection(Section):
    """A serial RFID reader."""

    name: Annotated[Name, Field(description="its name in the ledger and the logs")]
    kind: Annotated[
        Literal["m100", "r200", "rdm6300", "id12la"],
        Field(description="m100, r200: UHF item tags; rdm6300, id12la: 125 kHz fobs"),
    ]
    port: Annotated[
        Text, Field(description="a path under /dev/serial/by-id, or sim:PATH for a simulated one")
    ]
    role: Annotated[
        Literal["exit", "entry"], Field(description="exit: what leaves; entry: fobs at the door")
    ]
    baud: Annotated[
        int | None, Field(ge=1200, le=1_000_000, description="line rate; the driver's own if unset")
    ] = None
    power_dbm: Annotated[int | None, Field(ge=0, le=30, description="transmit power, UHF only")] = (
        None
    )
    region: Annotated[
        Literal["EU", "US", "KR", "CN800", "CN900"] | None,
        Field(description="radio region, UHF only; the law of the place decides"),
    ] = None
    q: Annotated[
        int | None,
        Field(ge=0, le=15, description="slots as a power of two, UHF only; 5 or 6 for 20 tags"),
    ] = None
    rssi_floor_dbm: Annotated[
        int | None, Field(ge=-120, le=0, description="reads below this do not count")
    ] = None


class Pins(Section):
    """The GPIO lines of lamps and buzzer; at least one."""

    green: Annotated[Pin | None, Field(description="lamp")] = None
    red: Annotated[Pin | None, Field(description="lamp")] = None
    buzzer: Annotated[Pin | None, Field(description="active buzzer")] = None


class IndicatorSection(Section):
    """Lamps and buzzer; rhythm tells what colour alone must not."""

    kind: Annotated[
        Literal["gpio", "sim", "none"], Field(description="gpio, sim for simulated ones, or none")
    ]
    pins: Annotated[Pins | None, Field(description="{ green = .., red = .., buzzer = .. }")] = None
    active_high: Annotated[bool, Field(description="the level that lights a lamp")] = True


class ScreenSection(Section):
    """Lines of text for the customer."""

    kind: Annotated[
        Literal["console", "sim", "none"],
        Field(description="console: a text screen; sim: for a play; none"),
    ]
    path: Annotated[
        Text | None, Field(description="the console, /dev/tty1 if unset; or a file")
    ] = None

"""A kept day goes on: what is printed at its end starts its hub again, and it takes payments."""

import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path

from kiosk.core.values import VisitId
from kiosk.ledger.reader import LedgerReader
from kiosk.remote.hub import HubClient
from kiosk.remote.orders import PaymentOrder
from kiosk.settings import load
from kiosk.stage.links import wait_for
from tests.journeys.scripts import TRAIL_MIX, step, write
from tests.patience import patient_s

LIMIT_S = 60.0
DAY = [
    step("show_qr", customer="customer-1"),
    step("take", epcs=[TRAIL_MIX]),
    step("exit"),
    step("wait", for_s=3600),
]


def unpaid(place: Path) -> VisitId:
    """Return the visit that ended unpaid."""
    with closing(LedgerReader(place / "ledger.db")) as reader:
        events = [event.record for event in reader.events(0, 256)]
    (visit,) = [event.visit for event in events if event.type == "exit.unpaid"]
    assert visit is not None
    return visit


def test_a_kept_day_is_paid_late_by_the_command_that_its_end_prints(tmp_path: Path) -> None:
    place = tmp_path / "my day"
    script = str(write(tmp_path / "day.toml", DAY))
    played = subprocess.run(
        [sys.executable, "-m", "kiosk", "play", script, "--state", str(place), "--quiet"],
        capture_output=True,
        text=True,
        timeout=patient_s(LIMIT_S),
        check=True,
    )
    command = played.stdout.splitlines()[-1].strip()
    log = tmp_path / "hub.out"
    with ExitStack() as stack, log.open("wb") as out:
        hub = subprocess.Popen(["sh", "-c", f"exec env {command}"], stdout=out, stderr=out)
        stack.callback(hub.wait, patient_s(LIMIT_S))
        stack.callback(hub.terminate)
        assert wait_for(lambda: "/login?code=" in log.read_text("utf-8"), patient_s(LIMIT_S)), (
            command
        )
        url = load(place / "kiosk.toml").hub.url
        client = HubClient(url, (place / "hub" / "staff.token").read_text("ascii").strip())
        stack.callback(client.close)
        order = PaymentOrder("k", "door", unpaid(place), "EUR", amount_minor=599)
        standing = client.record_payment(order).visit
    assert standing is not None
    assert (standing.state, standing.paid_minor, standing.owed_minor) == ("unpaid", 599, 0)

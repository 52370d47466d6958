"""What `kiosk init` prints: steps that lead to a running shop, typed as they stand there."""

import shlex
from typing import Final

from kiosk.cli.init_files import HUB_PORT, NOBODY, Made, Wish, port_of
from kiosk.cli.init_simulated import EPC, ITEMS
from kiosk.cli.spelling import spelled

SCORES_PORT: Final = 8090
USUAL_HUB: Final = f"http://127.0.0.1:{HUB_PORT}"
USUAL_SCORES: Final = f"http://127.0.0.1:{SCORES_PORT}"
POINTS_ABOVE: Final = 100
MOST_POINTS: Final = 800

MADE: Final = """\
made in {place}, readable by you alone:
  kiosk.toml hub.toml                    the configurations: edit them
  policy.json keys.json catalogue.json   the rules, signed by the owner
  owner.key issuer.key voucher.key       the owner's keys
  log.key wrap.key                       the kiosk's own keys: they stay on it
{more}"""
HUB: Final = """
1. Start the hub, and wait until it says ready. It keeps this terminal; its link leads to the
   owner's pages:
     {kiosk} hub --config {place}/hub.toml{trust}
"""
SCORES: Final = """
2. In a second terminal, start the score service, and wait until it says ready:
     {kiosk} scores --owner-key {owner} \\
         --state {place}/scores{scores_options}

3. In a third terminal, list its key, publish the rules, give a test customer a score:
     {kiosk} keys list add {place}/keys.json --role provider \\
         --key {place}/scores/scores.pub --owner-key-file {place}/owner.key
     {publish}
     {kiosk} scores seed customer-1 {points} --state {place}/scores
"""
NO_SCORES: Final = """
2. In a second terminal, publish the rules:
     {publish}

3. Nobody is asked for a score; let staff vouch for a test customer:
     {kiosk} vouch add customer-1 --until 2099-12-31 --by Ann --state {place}
"""
DEVICES: Final = """
4. Write pins and ports of your devices into {place}/kiosk.toml,
   until this has nothing to fix. (No devices yet? Begin with: {kiosk} init DIR --simulate)
     {kiosk} doctor --state {place}
"""
SIMULATED: Final = """
4. Say what is sold, and look the machine over; no device is needed, all are simulated:
     {kiosk} item import {place}/{items} --owner-key-file {place}/owner.key{hub}
     {kiosk} doctor --state {place}
"""
GATE: Final = """
5. Serve the gate. It keeps this terminal:
     {kiosk} run --state {place}
"""
SHOW: Final = """
6. In another terminal, show the camera an ID (Ctrl-C ends), and see what was recorded:
     {kiosk} id show customer-1 --state {place}
     {kiosk} ledger tail --state {place}
"""
VISITS: Final = """
6. In another terminal, be a customer: show an ID, go in, walk out with a thing unpaid. It is in
   the kiosk's ledger, and on the owner's pages (step 1), where it may be paid late:
     {kiosk} sim show "$({kiosk} id make customer-1 --state {place})" --state {place}
{chosen}     {kiosk} sim enter --state {place}
     {kiosk} sim exit {epc} --state {place}
     {kiosk} ledger tail --state {place}

7. Where no score opens: with a voucher; or known to staff, who vouch:
     {kiosk} sim show "$({kiosk} id make --voucher --state {place})" --state {place}
     {kiosk} sim enter --state {place}
     {kiosk} sim exit {next_epc} --state {place}

     {kiosk} vouch add customer-2 --until 2099-12-31 --by Ann --state {place}
     {kiosk} sim show "$({kiosk} id make customer-2 --state {place})" --state {place}
     {kiosk} sim choose vouched --state {place}
     {kiosk} sim enter --state {place}
     {kiosk} sim exit --state {place}
"""
LAST: Final = """
{last}. Last, when all of it works: move {place}/owner.key off this machine and keep
   a copy of it: whoever has it makes the rules. What it is to sign from then on, such as a new
   catalogue, is told where it is: --owner-key-file FILE.
"""
SERVICES: Final = """
These are for a machine on which systemd runs hub, scores and kiosk. What comes next stands in
systemd/README.md, from "Install" on. owner.key, issuer.key and voucher.key do not belong on it.
"""


def steps(wish: Wish, made: Made) -> str:
    """Return what to do next, each command spelled as this program was called."""
    facts = _facts(wish, made)
    if wish.services:
        return (MADE + SERVICES).format(**facts)
    simulated = wish.simulated
    # Such a shop takes the machine's time as it is; its hub must not call the same clock unset.
    facts["trust"] = " --trust-clock" if simulated else ""
    parts = (
        *(MADE, HUB, NO_SCORES if wish.scores == NOBODY else SCORES),
        *(SIMULATED if simulated else DEVICES, GATE),
        *(VISITS if simulated else SHOW, LAST),
    )
    return "".join(parts).format(**facts, last=8 if simulated else 7)


def _facts(wish: Wish, made: Made) -> dict[str, str]:
    kiosk, place = spelled(), shlex.quote(str(wish.place))
    hub = "" if wish.hub == USUAL_HUB else f" --hub {shlex.quote(wish.hub)}"
    documents = f"{place}/policy.json {place}/keys.json {place}/catalogue.json"
    return {
        "kiosk": kiosk,
        "place": place,
        "owner": made.owner,
        "points": str(min(wish.threshold + POINTS_ABOVE, MOST_POINTS)),
        "publish": f"{kiosk} keys publish {documents}{hub}",
        "scores_options": _scores_options(wish),
        "hub": hub,
        "items": ITEMS,
        "chosen": f"     {kiosk} sim choose vouched --state {place}\n" * (wish.scores == NOBODY),
        "epc": EPC.format(number=1),
        "next_epc": EPC.format(number=2),
        "more": f"  {ITEMS:<38} what a simulated shop sells\n" * wish.simulated,
    }


def _scores_options(wish: Wish) -> str:
    """Return what the score service must be told beside its owner, "" when all is as usual."""
    options = ""
    if wish.scores != NOBODY and port_of(wish.scores, SCORES_PORT) != SCORES_PORT:
        options += f" --listen 127.0.0.1:{port_of(wish.scores, SCORES_PORT)}"
    if wish.hub != USUAL_HUB:
        options += f" --policy-url {shlex.quote(wish.hub)}"
    return options

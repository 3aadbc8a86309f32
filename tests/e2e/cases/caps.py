# SPDX-License-Identifier: BSD-3-Clause
"""How much a relay carries: what its operator changes while it runs holds for what runs."""
import os
import signal
import time

from kit.case import case
from kit.flow import Flow, during
from kit.honest import status_of
from kit.process import check, wait_until
from kit.relay import Relay, path_of

LOW, HIGH = 200_000, 2_000_000  # bytes a second
FREE = 3 * HIGH  # more than that: it is held to none of these


class Rules:
    """A relay's configuration, read again when it changes."""

    def __init__(self, t):
        os.mkdir(t.path("r"), 0o700)
        self.path, self.relay = t.path("r/beam.conf"), None
        self.write("")

    def write(self, rows):
        with open(self.path + ".new", "w", encoding="ascii") as f:
            f.write(f"[relay]\n{rows}")
        os.chmod(self.path + ".new", 0o600)
        os.rename(self.path + ".new", self.path)

    def tell(self, rows):
        self.write(rows)
        self.relay.process.signal(signal.SIGHUP)


def published(t, **options):
    """(rules, URL) of a tunnel at a relay."""
    rules = Rules(t)
    rules.relay = t.keep(Relay(t.path("r"), **options))
    tunnel = t.home().publish(str(t.serve().http), paths=[f"--community-relay={rules.relay.p2p}"])
    return rules, path_of(tunnel)


def held(t, what, flows, least, most):
    """Until it flows no slower and no faster, over a second."""
    begin = time.monotonic()
    rate = wait_until(lambda: least <= (r := during(flows, 1)) <= most and r, 30, what)
    t.note(f"{what}: {rate / 1000:.0f} kB/s after {time.monotonic() - begin - 1:.1f} s")


@case("caps/what-runs-is-held", network=False)
def what_runs(t):
    """A cap that comes, changes and goes holds for an answer that is under way; a month that is used up ends it."""
    rules, url = published(t)
    flow = t.keep(Flow(url))
    held(t, "no cap", [flow], FREE, 10**12)
    rules.tell(f"tunnel_bandwidth = {LOW}\n")
    held(t, "a tunnel's", [flow], LOW / 2, 1.5 * LOW)
    rules.tell(f"bandwidth = {HIGH}\n")
    held(t, "that of all", [flow], HIGH / 2, 1.5 * HIGH)
    rules.tell(f"bandwidth = {LOW}\n")
    held(t, "a lower one", [flow], LOW / 2, 1.5 * LOW)
    rules.tell("")
    held(t, "none again", [flow], FREE, 10**12)
    for key in ("tunnel_month", "month"):
        rules.tell(f"{key} = 1\n")
        wait_until(lambda: flow.ended, 10, f"{key} used up: it ends")
        wait_until(lambda: status_of(url) == 503, 10, f"{key} used up: others are told")
        rules.tell("")
        wait_until(lambda: status_of(url) == 200, 10, "awake again")
        flow = t.keep(Flow(url))


@case("caps/processes-have-one-account", network=False)
def one_account(t):
    """What the processes of a relay carry together is no more than the cap, and any of them may carry all of it."""
    rules, url = published(t, relay__workers="2")
    flows = [t.keep(Flow(url)) for _ in range(8)]  # at one process alone once in 128 times, and then all is well too
    held(t, "no cap", flows, FREE, 10**12)
    rules.tell(f"tunnel_bandwidth = {HIGH}\n")
    held(t, "together", flows, 0.6 * HIGH, 1.3 * HIGH)
    for flow in flows[1:]:
        flow.stop()
    held(t, "one of them alone", flows[:1], 0.75 * HIGH, 1.3 * HIGH)
    check(not flows[0].ended, "it goes on")

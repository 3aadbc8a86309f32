# SPDX-License-Identifier: BSD-3-Clause
"""
The life of a tunnel behind a censor who lets nothing through but one obfs4 bridge: from where beam
and its tor are no relay of the private Tor network can be reached, and of the bridge its obfs4 port
alone. An onion is published from there, and fetched from elsewhere; the program that speaks the
transport is killed, and the onion comes back when tor has started it again. No packet goes anywhere
but to the bridge, not one that the censor would drop.
"""
import os
import signal
import time

from kit import process
from kit.app import stream_digest
from kit.bridge import PROXY, Bridge
from kit.process import check, equal, wait_until
from life import Life, nothing_of
from namespaces import OUTER


def reached(place, port, seconds=10):
    """Whether a connection to it can be made from within."""
    done = process.run([*place.namespaces.within(), "timeout", str(seconds), "bash", "-c",
                        f"exec 3<>/dev/tcp/{OUTER}/{port}"], 20)
    return done.status == 0


def bar(place, bridge):
    """Of all that could be reached, the bridge is left."""
    relay = min(port for _, port in place.relays)
    check(reached(place, relay), "a relay cannot be reached before the way is barred")
    place.namespaces.only(bridge.port)
    check(reached(place, bridge.port), "the bridge cannot be reached")
    check(not reached(place, relay, 1), "a relay can be reached still")


def speaker(home):
    """The pid of the one program that speaks the transport for beam's tor; or None."""
    found = process.named(process.descendants(home.tor_pid()), os.path.basename(PROXY))
    check(len(found) <= 1, f"{len(found)} programs speak the transport")
    return next(iter(found), None)


def another(home, one):
    """That program, when it is not that one."""
    now = speaker(home)
    return now if now != one else None


def answers(place, url):
    """One who could not come in comes as somebody new, as in the faults."""
    if place.visitor.answers(url + "/one", b"\x00", 5):
        return True
    place.visitor.tor.as_somebody_new()
    return False


def censored(place):
    bridge = Bridge(os.path.join(place.folder, "bridge"), place.network.torrc, OUTER)
    bar(place, bridge)
    life = Life(place, "censored", relays={(OUTER, bridge.port)}, tor__bridge=bridge.line)
    life.begin()
    tunnel = life.publish(life.app.http)
    url = tunnel.ready(90)
    wait_until(lambda: answers(place, url), 40, "it is reached")
    equal(place.visitor.curl.digest(url + "/stream/1000000")[1], stream_digest(1000000), "1 MB")

    tor, first = life.home.tor_pid(), speaker(life.home)
    os.kill(first, signal.SIGKILL)
    begin = time.monotonic()
    second = wait_until(lambda: another(life.home, first), 60, "tor starts the transport again")
    started = time.monotonic() - begin
    wait_until(lambda: answers(place, url), 120, "it is reached again")
    print(f"censored: the transport was killed: started again after {started:.1f} s, reached after "
          f"{time.monotonic() - begin:.1f} s", flush=True)
    equal((life.home.tor_pid(), speaker(life.home)), (tor, second), "tor, and the transport")
    equal(tunnel.interrupt(10), 0, "the tunnel's status")
    equal({e["url"] for e in tunnel.events_left() if e["event"] == "path_up"}, {url}, "addresses")
    nothing_of(life)
    bridge.stop()
    place.namespaces.only(None)

# SPDX-License-Identifier: BSD-3-Clause
"""
The life of a beam in a network namespace whose only way out is a cable, with the private Tor
network and a visitor at its other end; and what of it is held against what:

* every frame on the cable is TCP to or from a port of those relays that tor may speak to: all that
  the consensus names, or a bridge alone;
* every connection was opened by tor: the kernel counts them by the group that tor, the programs it
  starts, and nothing else, run under;
* beam's own system calls, of daemon and commands, name no address beyond loopback and make no
  socket but unix and TCP ones.
"""
import os
import shutil
import tempfile
import time

from capture import TRACER, Capture, beyond_loopback, calls, opened, strangers
from kit import process
from kit.app import Served
from kit.beam import Home
from kit.process import Failure, Process, check, equal, wait_until
from kit.tor import Network, Tor
from kit.visit import Visitor
from namespaces import OUTER, TOR_GROUP, Namespaces

NEEDED = ("ip", "nft", "tcpdump", "strace", "setpriv", "curl", "tor")


class Place:
    """Both namespaces, the network and the visitor in the outer one, the app in the inner one."""

    def __init__(self, folder, namespaces):
        self.folder, self.namespaces = folder, namespaces
        self.namespaces.enter()
        self.network = Network(os.path.join(folder, "net"), OUTER)
        self.network.wait()
        tor = Tor(os.path.join(folder, "visitor"), self.network.torrc)
        tor.wait()
        wait_until(lambda: len(tor.control.relays()) >= 9, 20,
                   "the visitor knows 6 relays, 3 of them authorities with two ports")
        self.relays = tor.control.relays()
        self.visitor = Visitor(tor, folder)
        self.tor = os.path.join(folder, "tor")
        with open(self.tor, "w", encoding="ascii") as f:
            f.write(f"#!/bin/sh\nexec setpriv --regid {TOR_GROUP} --clear-groups "
                    f'{shutil.which("tor")} "$@"\n')
        os.chmod(self.tor, 0o755)
        self.resolver = os.path.join(folder, "resolv.conf")
        with open(self.resolver, "w", encoding="ascii") as f:
            f.write("nameserver 198.51.100.53\noptions timeout:1 attempts:1\n")

    def within(self):
        """Runs a command in the inner namespace, where the name server is one beyond the cable."""
        script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
        return [*self.namespaces.within(), "sh", "-c", script, self.resolver]

    def end(self):
        self.visitor.tor.stop()
        self.network.stop()


class Life:
    """One beam in the inner namespace: captured, counted and traced from its start to its end."""

    def __init__(self, place, name, environment=None, torrc=None, relays=None, **options):
        """`relays`: (address, port) of all that tor may speak to; else the consensus' relays."""
        self.place, self.name, self.relays = place, name, relays or place.relays
        self.folder = os.path.join(place.folder, name)
        os.mkdir(self.folder, 0o700)
        self.environment = environment or {}
        self.traces = []
        self.home = Home(os.path.join(self.folder, "h"), torrc or place.network.torrc,
                         **{"tor__binary": place.tor, **options})
        self.counted = {c: place.namespaces.counter(c) for c in ("opened_by_tor", "of_others")}
        self.capture = Capture(os.path.join(self.folder, "frames"))
        self.app = Served(within=place.within())
        self.daemon = None

    def traced(self):
        """What the next beam is run with: the inner namespace, a tracer, and a trace of its own."""
        self.traces.append(os.path.join(self.folder, f"trace{len(self.traces)}"))
        preset = [word for k, v in self.environment.items() for word in ("-E", f"{k}={v}")]
        self.home.within = [*self.place.within(), *TRACER, self.traces[-1], *preset]

    def begin(self):
        self.traced()
        environment = self.home.environment(ASAN_OPTIONS="detect_leaks=0:verify_asan_link_order=0")
        self.daemon = Process(self.home.argv("daemon"), env=environment)
        control = self.home.file("run", "control.sock")
        wait_until(lambda: os.path.exists(control) or not self.daemon.running(), 20,
                   "the daemon listens")

    def publish(self, target, *options, paths=("--tor",)):
        self.traced()
        return self.home.publish(target, *options, paths=paths)

    def status(self):
        self.traced()
        return self.home.status()

    def end(self):
        """Ends beam, then the capture; gives what was found that should not be: {where: [what]}."""
        daemon = self.home.daemon_pid()
        self.home.close()
        check(daemon and not process.alive(daemon), "the daemon runs on")
        equal(self.daemon.wait(10), 0, "the daemon's status")
        self.app.stop()
        frames = self.capture.end()
        count = {c: self.place.namespaces.counter(c) - n for c, n in self.counted.items()}
        lines = calls(self.traces)
        found = {"cable": strangers(frames, self.relays), "owners": [],
                 "calls": beyond_loopback(lines)}
        by_tor = count["opened_by_tor"]
        if count["of_others"]:
            found["owners"].append(f"{count['of_others']} packets that are not tor's, or not TCP")
        if opened(frames) != by_tor:
            found["owners"].append(f"{opened(frames)} connections were opened, {by_tor} by tor")
        print(f"{self.name}: {len(frames)} frames, {by_tor} connections opened by tor, "
              f"{len(lines)} calls traced; found: "
              + ", ".join(f"{len(what)} by {where}" for where, what in found.items()), flush=True)
        check(len(frames) > 50 and by_tor, "next to nothing was captured: this proves nothing")
        return found


def nothing_of(life):
    for where, what in life.end().items():
        check(not what, f"{where}:\n" + "\n".join(f"    {w}" for w in what[:20]))


def _missing(needed):
    """Why it cannot be run here, and the status to end with; or None."""
    missing = [program for program in needed if not shutil.which(program)]
    if missing:
        return f"{', '.join(missing)} not found", 1
    if os.geteuid() != 0:
        return "needs root, for network namespaces", 77
    if process.run(["unshare", "--mount", "true"], 20).status != 0:
        return "needs mounts of its own, which a chroot has only if its root is a mount point", 77
    return None


def _body(name, lives, folder, namespaces):
    try:
        place = Place(folder, namespaces)
        for live in lives:
            live(place)
        place.end()
        return 0
    except Failure as failure:
        print(f"{name}: {failure}")
        return 1


def run(name, lives, seconds, needed=NEEDED):
    """A place is made, and each of lives is called with it; gives the status for exit."""
    missing = _missing(needed)
    if missing:
        print(f"{name}: {missing[0]}")
        return missing[1]
    begin = time.monotonic()
    folder = tempfile.mkdtemp(prefix=f"beam-{name}-", dir="/tmp")
    namespaces = Namespaces()
    try:
        status, left = process.supervise(lambda: _body(name, lives, folder, namespaces), seconds)
    finally:
        namespaces.remove()
        shutil.rmtree(folder)
    if status is None:
        print(f"{name}: ended after {seconds} s")
    if status == 0 and left:
        print(f"{name}: left running: " + "; ".join(left))
    print(f"{name}: {time.monotonic() - begin:.0f} s")
    return 1 if status is None or (status == 0 and left) else status

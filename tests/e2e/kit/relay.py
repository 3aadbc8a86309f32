# SPDX-License-Identifier: BSD-3-Clause
"""A community relay (`beam relay --json`) with a home of its own, that may be killed and come back."""
import errno
import json
import os
import random
import signal
import socket

from kit.beam import BEAM
from kit.process import Failure, Process, check, equal


_ports = random.SystemRandom()
_given = set()


def free_port():
    """
    A port of loopback that nobody has at the moment, below those that the system gives to whoever
    asks for any: one of these may be another's before it is used here.
    """
    while True:
        port = _ports.randrange(12000, 32000)
        with socket.socket() as s:
            if port not in _given and s.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED:
                _given.add(port)
                return port


class Relay:
    """One relay; `front` and `p2p` are where it listens, and stay the same when it is restarted."""

    def __init__(self, folder, within=(), front=None, p2p=None, program=BEAM, **options):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self.folder, self.within, self.program = folder, list(within), program
        self.front = front or f"127.0.0.1:{free_port()}"
        self.p2p = p2p or f"127.0.0.1:{free_port()}"
        self.options = {"relay.tor": "no", "network.rendezvous": "off",
                        **{k.replace("__", "."): v for k, v in options.items()}}
        self.more = []  # further words of its command line
        self.process = self.peer_id = self.address = None
        self.start()

    def start(self, seconds=20):
        sets = [a for k, v in self.options.items() if v is not None
                for one in (v if isinstance(v, list) else [v]) for a in ("-o", f"{k}={one}")]
        kept = {k: v for k, v in os.environ.items()
                if k in ("PATH", "HOME", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")}
        self.process = Process([*self.within, self.program, "relay", "--json", "--listen", self.front,
                                "--p2p", self.p2p, *sets, *self.more], env={**kept, "BEAM_HOME": self.folder})
        listening = self.event("listening", seconds)
        self.peer_id, self.address = listening["peer_id"], listening["p2p"]
        self.event("ready", seconds)
        return self

    def event(self, name, seconds=20):
        """The next event of that name."""
        while (line := self.process.line(seconds)) is not None:
            event = json.loads(line)
            if event["event"] == name:
                return event
        raise Failure(f"the relay ended, status {self.process.wait(5)}\n{self.process.said()}")

    def kill(self):
        """kill -9."""
        self.process.signal(signal.SIGKILL)
        self.process.wait(5)

    def stop(self):
        """In order."""
        if self.process.running():
            self.process.signal(signal.SIGTERM)
            equal(self.process.wait(10), 0, "the relay's status")

    def said(self):
        return self.process.said()

    def log(self):
        """All that it has written down."""
        text = "\n".join(self.process.output + self.process.errors)
        path = os.path.join(self.folder, "state", "relay.log")
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="replace") as f:
                text += f.read()
        return text


def path_of(tunnel, seconds=20):
    """The URL of a tunnel's relay path, when it is up; it ends in a slash."""
    event = tunnel.event("path_up", seconds, path="relay")
    check(event["url"].startswith("http://") and event["url"].endswith("/"), f"{event}")
    check(event["peer"].startswith("12D3KooW"), f"no peer: {event}")
    return event["url"]

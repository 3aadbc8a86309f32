# SPDX-License-Identifier: BSD-3-Clause
"""A bridge into the private network that is spoken to by obfs4 alone."""
import os
import re

from kit.process import wait_until
from kit.relay import free_port
from kit.tor import BRIDGE_LINES, Tor

PROXY = "/usr/bin/obfs4proxy"  # of Debian's package


class Bridge:
    """Its obfs4 port is at `address`; `line` is what a client is told."""

    def __init__(self, folder, torrc, address="127.0.0.1"):
        self.port = free_port()
        self.tor = Tor(folder, torrc, [
            *BRIDGE_LINES, "ExtORPort auto",
            f"ServerTransportPlugin obfs4 exec {PROXY}",
            f"ServerTransportListenAddr obfs4 {address}:{self.port}"]).wait()
        state = os.path.join(folder, "data", "pt_state", "obfs4_bridgeline.txt")
        found = wait_until(lambda: re.search(r"^Bridge obfs4 .* (cert=\S+ iat-mode=\d)$",
                                             _read(state), re.M), 20, "obfs4proxy made its keys")
        fingerprint = self.tor.control.ask("GETINFO fingerprint")[0].partition("=")[2]
        self.line = f"obfs4 {address}:{self.port} {fingerprint} {found[1]}"

    def stop(self):
        self.tor.stop()


def _read(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.read()
    except OSError:
        return ""

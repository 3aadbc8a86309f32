# SPDX-License-Identifier: BSD-3-Clause
"""
A filter in front of a tor's control port, as distributions have that let programs near tor: what is
not on its list gets no further.
"""
import re
import socket
import threading

# What docs/protocol/tor-control.md says that beam needs, and nothing more.
ALLOWED = [re.compile(pattern) for pattern in (
    r"PROTOCOLINFO 1",
    r"AUTHCHALLENGE SAFECOOKIE [0-9a-f]{64}",
    r"AUTHENTICATE( [0-9a-f]+)?",
    r"GETCONF HiddenServiceNonAnonymousMode HiddenServiceSingleHopMode",
    r"SETEVENTS STATUS_CLIENT STATUS_GENERAL HS_DESC",
    r"GETINFO net/listeners/socks",
    r"GETINFO status/bootstrap-phase",
    r"GETINFO uptime",
    r"ADD_ONION ED25519-V3:[A-Za-z0-9+/=]+ Flags=DiscardPK(,V3Auth)?( MaxStreams=\d+)?"
    r"( PoWDefensesEnabled=1 PoWQueueRate=\d+ PoWQueueBurst=\d+)? Port=80,127\.0\.0\.1:\d+"
    r"( ClientAuthV3=[A-Za-z2-7]{52})*",
    r"ADD_ONION ED25519-V3:[A-Za-z0-9+/=]+ Flags=DiscardPK Port=4001,127\.0\.0\.1:\d+",
    r"HSFETCH [a-z2-7]{56}",
    r"GETINFO circuit-status",
    r"CLOSECIRCUIT [A-Za-z0-9]{1,16}",
    r"DEL_ONION [a-z2-7]{56}",
)]


class Filter:
    """Listens on loopback, and passes on to the control socket at `path` what `allowed` matches."""

    def __init__(self, path, allowed=tuple(ALLOWED)):
        self.path, self.allowed = path, allowed
        self.refused, self.passed = [], []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                peer, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(peer,), daemon=True).start()

    def _relay(self, peer):
        try:
            with peer, socket.socket(socket.AF_UNIX) as tor:
                tor.connect(self.path)
                threading.Thread(target=self._back, args=(tor, peer), daemon=True).start()
                for line in peer.makefile("rb"):
                    self._line(line, peer, tor)
                tor.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def _line(self, line, peer, tor):
        text = line.decode("utf-8", "replace")
        if text.endswith("\r\n") and any(a.fullmatch(text[:-2]) for a in self.allowed):
            self.passed.append(text[:-2])
            tor.sendall(line)
        else:
            self.refused.append(text)
            peer.sendall(b"510 Command filtered\r\n")

    @staticmethod
    def _back(tor, peer):
        try:
            while data := tor.recv(65536):
                peer.sendall(data)
            peer.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def stop(self):
        self._server.close()

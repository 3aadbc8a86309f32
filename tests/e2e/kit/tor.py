# SPDX-License-Identifier: BSD-3-Clause
"""
The Tor side of the tests: a private Tor network, and tors of the tests' own on it: a visitor's, or
one that publishes an onion service in the plain way.
"""
import email.utils
import http.client
import os
import re
import socket
import subprocess
import time

from kit.process import Failure, Process, equal, wait_until

TORNET = os.path.join(os.environ.get("BEAM_BUILD", "."), "tests/net/tornet")


class Network:
    """A private Tor network (tests/net/tornet); `torrc` is the file its clients include, `binary`
    the tor of its relays."""

    def __init__(self, folder, address="127.0.0.1", within=(), binary="tor"):
        os.mkdir(folder, 0o700)
        self._tornet = Process([*within, TORNET, "--dir", folder, "--address", address,
                                "--tor", binary], stdin=subprocess.PIPE)
        self.torrc = None
        self.pid = self._tornet.pid

    def wait(self, seconds=75):
        """Until clients can bootstrap."""
        while self.torrc is None:
            line = self._tornet.line(seconds)
            if line is None:
                raise Failure(f"tornet ended, status {self._tornet.wait(5)}\n{self._tornet.said()}")
            if line.startswith("ready "):
                self.torrc = line[len("ready "):]
        return self

    def ahead(self):
        """Seconds that the clock of its authorities is ahead of ours."""
        with open(self.torrc, encoding="ascii") as f:
            host, port = re.search(r"^DirAuthority .* (\S+):(\d+) \S+$", f.read(), re.M).groups()
        connection = http.client.HTTPConnection(host, int(port), timeout=20)
        connection.request("GET", "/tor/server/authority")
        told = email.utils.parsedate_to_datetime(connection.getresponse().getheader("Date"))
        connection.close()
        return told.timestamp() - time.time()

    def stop(self):
        self._tornet.close_input()
        try:
            equal(self._tornet.wait(10), 0, "tornet's status")
        finally:
            self._tornet.stop()


class Control:
    """A control connection to a tor of the tests' own, which asks for no cookie or has this one."""

    def __init__(self, path, cookie=""):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(20)
        self._socket.connect(path)
        self._file = self._socket.makefile("rwb")
        self.ask(f"AUTHENTICATE {cookie}".strip())

    def ask(self, line):
        """One command; the lines of its reply, without their codes."""
        self._file.write(line.encode() + b"\r\n")
        self._file.flush()
        reply, data = [], False
        while True:
            got = self._file.readline().decode("utf-8", "replace").rstrip("\r\n")
            if data:
                data = got != "."
                if data:
                    reply.append(got)
                continue
            if not got.startswith("250"):
                raise Failure(f"tor answered {line!r} with {got!r}")
            reply.append(got[4:])
            data = got[3] == "+"
            if got[3] == " ":
                return reply

    def bootstrapped(self):
        return "PROGRESS=100" in self.ask("GETINFO status/bootstrap-phase")[0]

    def relays(self):
        """{(address, port)} of every OR and directory port in the consensus."""
        found = set()
        for line in self.ask("GETINFO ns/all"):
            word = line.removeprefix("ns/all=").split()
            if word[:1] == ["r"]:
                found |= {(word[6], int(port)) for port in word[7:9] if port != "0"}
        return found

    def close(self):
        self._file.close()
        self._socket.close()


class Tor:
    """A tor of the tests' own, a client of the private network, with a SOCKS port on loopback."""

    def __init__(self, folder, torrc, lines=(), within=(), binary="tor",
                 socks="127.0.0.1:auto IsolateSOCKSAuth ExtendedErrors"):
        os.mkdir(folder, 0o700)
        self.folder = folder
        own = os.path.join(folder, "torrc")
        with open(own, "w", encoding="ascii") as f:
            f.write(f"%include {torrc}\n"
                    f"DataDirectory {folder}/data\n"
                    f"ControlSocket {folder}/control\n"
                    f"CookieAuthentication 0\n"
                    f"SocksPort {socks}\n"
                    f"AvoidDiskWrites 1\n"
                    f"__OwningControllerProcess {os.getpid()}\n"
                    f"Log notice file {folder}/log\n")
            f.writelines(f"{line}\n" for line in lines)
        empty = os.path.join(folder, "empty")
        with open(empty, "w", encoding="ascii"):
            pass
        self.process = Process([*within, binary, "-f", own, "--defaults-torrc", empty, "--hush"])
        self.pid = self.process.pid
        self.control = None
        self.socks = None  # the port, once it is ready

    def _listens(self):
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(os.path.join(self.folder, "control")) == 0

    def opened(self):
        """Once its control socket is there."""
        wait_until(lambda: self._listens() or not self.process.running(), 20,
                   "tor's control socket is there")
        return self

    def wait(self, seconds=60):
        """Until it has circuits."""
        self.opened()
        try:
            self.control = Control(os.path.join(self.folder, "control"))
            wait_until(self.control.bootstrapped, seconds, "a tor of the tests has circuits",
                       pause=0.1)
        except (OSError, Failure) as e:
            raise Failure(f"{e}\n{self.process.said()}\n{self.log()}") from None
        listeners = self.control.ask("GETINFO net/listeners/socks")[0]
        self.socks = int(re.search(r'"127\.0\.0\.1:(\d+)"', listeners).group(1))
        return self

    def as_somebody_new(self):
        """Forgets circuits and descriptors; over a connection of its own, for cases share this."""
        control = Control(os.path.join(self.folder, "control"))
        try:
            control.ask("SIGNAL NEWNYM")
        finally:
            control.close()

    def log(self):
        try:
            with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as f:
                return "".join(f"    {line}" for line in f.readlines()[-30:])
        except OSError:
            return ""

    def stop(self):
        if self.control:
            self.control.close()
        self.process.stop()


# torrc lines for a bridge that only those know who are told of it
BRIDGE_LINES = ("BridgeRelay 1", "BridgeDistribution none", "PublishServerDescriptor 0",
                "ORPort 127.0.0.1:auto", "ExitRelay 0", "Nickname bridge", "ContactInfo none",
                "ShutdownWaitLength 0")


def onion_lines(folder, target, port=80):
    """torrc lines for an onion service that goes straight to target ("127.0.0.1:3000")."""
    return [f"HiddenServiceDir {folder}", f"HiddenServicePort {port} {target}"]


def onion_host(folder, seconds=20):
    """The host name of a service that onion_lines made."""
    path = os.path.join(folder, "hostname")
    wait_until(lambda: os.path.exists(path) and os.path.getsize(path), seconds,
               "tor named its onion")
    with open(path, encoding="ascii") as f:
        return f.read().strip()

# SPDX-License-Identifier: BSD-3-Clause
"""
Visitors: how somebody elsewhere reaches an onion, through a tor of their own. curl with its SOCKS
option, curl under torsocks, or a plain connection whose bytes the test writes itself.
"""
import hashlib
import os
import socket
import subprocess
import sys
import time

from kit.process import Failure, check, run

KIT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # where the package lies


class Refused(Failure):
    """A SOCKS reply that is no success."""

    def __init__(self, code, host, port):
        super().__init__(f"SOCKS: reply {code:#04x} for {host}:{port}")
        self.code = code


class Curl:
    """curl, by way of a tor's SOCKS port; `wrap` runs it under torsocks instead."""

    def __init__(self, argv, env=None):
        self.argv, self.env = argv, env

    def __call__(self, url, *options, seconds=60, data=None):
        """Gives what curl left; its output is the body, or with -i all."""
        return run([*self.argv, *options, url], seconds + 5, env=self.env, data=data)

    def get(self, url, *options, seconds=60, data=None):
        """The output of a curl that must succeed. Where the visitor's own tor has just gone over to
        another consensus than the publisher's, it may look for the descriptor at other directories
        (F0, 240) once: then it asks again."""
        done = self(url, *options, seconds=seconds, data=data)
        if done.status == 97 and "(240)" in done.err:
            done = self(url, *options, seconds=seconds, data=data)
        check(done.status == 0, f"curl failed: {done}")
        return done.bytes

    def digest(self, url, *options, seconds=120):
        """(length, SHA-256, seconds) of a body that is read as it comes and kept nowhere."""
        begin, length, digest = time.monotonic(), 0, hashlib.sha256()
        with subprocess.Popen([*self.argv, "--max-time", str(seconds), *options, url], env=self.env,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            while block := child.stdout.read(1 << 18):
                digest.update(block)
                length += len(block)
            errors = child.stderr.read().decode("utf-8", "replace")
        check(child.returncode == 0,
              f"curl failed, status {child.returncode} after {length} bytes: {errors}")
        return length, digest.hexdigest(), time.monotonic() - begin


class Visitor:
    """Somebody with a tor."""

    def __init__(self, tor, folder):
        self.tor = tor
        self._torsocks = os.path.join(folder, "torsocks.conf")
        with open(self._torsocks, "w", encoding="ascii") as f:
            f.write(f"TorAddress 127.0.0.1\nTorPort {tor.socks}\n")
        common = ["curl", "-q", "-sS", "--noproxy", "nothing"]
        self.curl = Curl([*common, "--socks5-hostname", f"127.0.0.1:{tor.socks}"])
        self._environment = dict(os.environ, TORSOCKS_CONF_FILE=self._torsocks)
        self.torsocks = Curl(["torsocks", *common], self._environment)
        self.direct = Curl(common)  # no visitor: for what the app says without anything between

    def under_torsocks(self, what, host):
        """Runs kit/talk.py under torsocks; fails when it is not content."""
        done = run(["torsocks", sys.executable, "-B", "-m", "kit.talk", what, host], 60,
                   env=self._environment, cwd=KIT)
        check(done.status == 0 and done.out == "well\n", f"{done}")

    def connect(self, host, port=80, seconds=60, user=None):
        """A connection through SOCKS (RFC 1928, with RFC 1929 when there is a user); asks once more
        where Curl.get does."""
        try:
            return self._connect(host, port, seconds, user)
        except Refused as refused:
            if refused.code != 0xf0:
                raise
        return self._connect(host, port, seconds, user)

    def _connect(self, host, port, seconds, user):
        connection = socket.create_connection(("127.0.0.1", self.tor.socks), timeout=seconds)
        try:
            _socks(connection, host.encode(), port, user)
        except BaseException:
            connection.close()
            raise
        return connection

    def answers(self, url, body, seconds):
        """Whether the URL gives the body, asked once, within so many seconds. Who could not come in
        comes as somebody new the next time: a tor asks no directory twice within a quarter of an
        hour for the same descriptor, and a private network has few of them."""
        done = self.curl(url, "--max-time", f"{seconds:g}", "--fail", seconds=seconds)
        if done.status == 0 and done.bytes == body:
            return True
        self.tor.as_somebody_new()
        return False


def _socks(connection, host, port, user):
    method = 2 if user else 0
    connection.sendall(bytes([5, 1, method]))
    if _exactly(connection, 2) != bytes([5, method]):
        raise Failure("tor's SOCKS port wants another method")
    if user:
        name = user.encode()
        connection.sendall(bytes([1, len(name)]) + name + bytes([1]) + b"x")
        if _exactly(connection, 2)[1]:
            raise Failure("tor's SOCKS port refuses the user")
    connection.sendall(bytes([5, 1, 0, 3, len(host)]) + host + port.to_bytes(2, "big"))
    reply = _exactly(connection, 4)
    if reply[1]:
        raise Refused(reply[1], host.decode(), port)
    _exactly(connection, {1: 6, 4: 18}[reply[3]])


def _exactly(connection, size):
    data = b""
    while len(data) < size:
        block = connection.recv(size - len(data))
        if not block:
            raise Failure("the connection was closed during the SOCKS handshake")
        data += block
    return data


def read_all(connection, limit=1 << 24):
    """Everything until the end of the stream; a reset is an end too."""
    data = b""
    while len(data) < limit:
        try:
            block = connection.recv(1 << 16)
        except ConnectionResetError:
            break
        if not block:
            break
        data += block
    return data


def host_of(url):
    """The host of "http://HOST" with or without a slash after it."""
    return url.split("//")[1].strip("/")

# SPDX-License-Identifier: BSD-3-Clause
"""The control socket in the hands of those who do not speak its protocol."""
import json
import os
import re
import socket
import stat
import sys

from kit.case import case
from kit.process import Process, Skip, check, equal, run, wait_until
from kit.visit import read_all

LINE_MAX = 1 << 20


class Daemon:
    """`beam daemon` with nothing to do, and connections to it."""

    def __init__(self, t):
        self.home = t.home()
        self.process = t.keep(Process(self.home.argv("daemon"), env=self.home.environment()))
        self.path = self.home.file("run", "control.sock")
        wait_until(lambda: self.home.run("status").status == 0, 5, "the daemon answers")

    def connect(self, seconds=10):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(seconds)
        connection.connect(self.path)
        return connection

    def well(self):
        """Fails unless it runs and answers."""
        check(self.process.running(), f"the daemon fell over\n{self.process.said()}")
        equal(self.home.status()["tunnels"], [], "its tunnels")


@case("control/modes", network=False)
def modes(t):
    """Nobody else may enter: 0700 for folders, 0600 for the socket and every file."""
    d = Daemon(t)
    equal(stat.S_IMODE(os.stat(d.path).st_mode), 0o600, "the socket's mode")
    for path, kind in d.home.files().items():
        mode = stat.S_IMODE(os.lstat(d.home.file(path)).st_mode)
        equal(oct(mode & 0o077), "0o0", f"what others may do with {path} ({kind})")
    d.well()


@case("control/greeting", network=False)
def greeting(t):
    """The first line is the daemon's, an object with the version."""
    d = Daemon(t)
    with d.connect() as connection:
        first = json.loads(connection.makefile("rb").readline())
        equal(set(first), {"beam", "protocol", "pid"}, "the members of the greeting")
        check(re.match(r"\d+\.\d+\.\d+$", first["beam"]), f"not a version: {first}")
        equal((first["protocol"], first["pid"]), (1, d.process.pid), "protocol and pid")


GARBAGE = {
    "text": b"hello\n",
    "half-an-object": b'{"op":\n',
    "array": b"[1,2,3]\n",
    "number": b"17\n",
    "nul": b'{"op":"status"\x00}\n',
    "binary": bytes(range(256)) * 4 + b"\n",
    "not-utf-8": b'{"op":"\xff\xfe"}\n',
    "deep": b'{"a":' * 1000 + b"1" + b"}" * 1000 + b"\n",
    "deep-arrays": b'{"a":' + b"[" * 100000 + b"]" * 100000 + b"}\n",
    "too-long": b'{"a":"' + b"x" * LINE_MAX + b'"}\n',
    "endless": b"x" * (4 * LINE_MAX),
}


def _garbage(data):
    def body(t):
        d = Daemon(t)
        with d.connect() as connection:
            check(connection.makefile("rb").readline(), "no greeting")
            try:
                connection.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                pass  # it had heard enough
            answer = read_all(connection)
            check(len(answer) < 4096, f"an answer of {len(answer)} bytes")
        d.well()
    return body


for _name, _data in GARBAGE.items():
    case(f"control/garbage-{_name}", seconds=30, network=False)(_garbage(_data))


REQUESTS = {
    "empty": {},
    "unknown-op": {"id": 1, "op": "dance"},
    "op-of-another-type": {"id": 1, "op": 7},
    "id-of-another-type": {"id": "one", "op": "status"},
    "id-negative": {"id": -1, "op": "status"},
    "id-huge": {"id": 1e300, "op": "status"},
    "id-missing": {"op": "status"},
    "target-missing": {"id": 1, "op": "publish"},
    "target-of-another-type": {"id": 1, "op": "publish", "target": ["3000"]},
    "target-long": {"id": 1, "op": "publish", "target": "1" * 100000},
    "options-of-another-type": {"id": 1, "op": "publish", "target": "3000", "options": "a.b=c"},
    "options-many": {"id": 1, "op": "publish", "target": "3000", "options": ["a.b=c"] * 5000},
    "stop-what": {"id": 1, "op": "stop", "tunnel": {"a": 1}},
    "name-bad": {"id": 1, "op": "publish", "target": "3000", "name": "../../etc"},
}


@case("control/wrong-requests", network=False)
def wrong_requests(t):
    """Objects of the wrong form are answered with an error or a close, never with a tunnel."""
    d = Daemon(t)
    for name, request in REQUESTS.items():
        with d.connect() as connection:
            lines = connection.makefile("rb")
            lines.readline()
            connection.sendall(json.dumps(request).encode() + b"\n")
            line = lines.readline()
            check(not line or b"error" in line, f"{name}: answered with {line}")
    d.well()


@case("control/piece-by-piece", network=False)
def piece_by_piece(t):
    """A request in single bytes is a request; several in one write are several."""
    d = Daemon(t)
    with d.connect() as connection:
        lines = connection.makefile("rb")
        lines.readline()
        request = json.dumps({"id": 7, "op": "status"}).encode() + b"\n"
        for byte in request:
            connection.sendall(bytes([byte]))
        equal(json.loads(lines.readline()).get("reply"), 7, "the answer")
        connection.sendall(request * 3)
        equal([json.loads(lines.readline()).get("reply") for _ in range(3)], [7, 7, 7],
              "the answers")
    d.well()


@case("control/half-and-gone", network=False)
def half_and_gone(t):
    """Half a message and a close, a hundred times, and one that stays silent."""
    d = Daemon(t)
    with d.connect():
        for _ in range(100):
            with d.connect() as connection:
                connection.sendall(b'{"id":1,"op":"sta')
        d.well()


@case("control/does-not-read", network=False)
def does_not_read(t):
    """One who asks without end and reads nothing is cut off; the daemon does not grow with him."""
    d = Daemon(t)
    request = json.dumps({"id": 7, "op": "status"}).encode() + b"\n"
    sent = 0
    with d.connect(seconds=3) as connection:
        try:
            while sent < 64 << 20:
                connection.sendall(request * 1000)
                sent += len(request) * 1000
            raise AssertionError(f"{sent} bytes of requests were taken, and no answer was read")
        except (socket.timeout, BrokenPipeError, ConnectionResetError):
            pass  # either it stopped reading, or it closed
        d.well()
    with open(f"/proc/{d.process.pid}/status", encoding="ascii") as f:
        size = int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1))
    check(size < 256 * 1024 if os.environ.get("BEAM_SANITIZERS") == "yes" else size < 32 * 1024,
          f"the daemon has grown to {size} kB")


@case("control/other-user", network=False)
def other_user(t):
    """Another user is refused by the peer's uid, even where file modes would let him in."""
    if os.geteuid() != 0:
        raise Skip("needs root to become another user")
    d = Daemon(t)
    ask = ("import socket,sys\ns = socket.socket(socket.AF_UNIX)\ns.settimeout(10)\n"
           "s.connect(sys.argv[1])\nprint(len(s.recv(4096)))\n")
    argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
            sys.executable, "-c", ask, d.path]
    done = run(argv, 15)
    check(done.status != 0 and "PermissionError" in done.err, f"the folders let him in: {done}")
    for path in (t.folder, os.path.dirname(t.folder), d.home.path, os.path.dirname(d.path)):
        os.chmod(path, 0o711)
    os.chmod(d.path, 0o666)
    done = run(argv, 15)
    check((done.status, done.out) == (0, "0\n") or "ConnectionReset" in done.err,
          f"he was greeted: {done}")
    for path in (os.path.dirname(d.path), d.home.path, os.path.dirname(t.folder), t.folder):
        os.chmod(path, 0o700)
    d.well()


@case("control/two-daemons", network=False)
def two_daemons(t):
    """A second daemon in the same home is refused; the first one is unharmed."""
    d = Daemon(t)
    done = d.home.run("daemon", seconds=10)
    check(done.status == 1 and str(d.process.pid) in done.err, f"{done}")
    d.well()


@case("control/stale-files", network=False)
def stale_files(t):
    """A socket and a pid left by one that was killed are in nobody's way."""
    d = Daemon(t)
    os.kill(d.process.pid, 9)
    d.process.wait(5)
    check(os.path.exists(d.path), "the socket went by itself")
    again = t.keep(Process(d.home.argv("daemon"), env=d.home.environment()))
    wait_until(lambda: d.home.run("status").status == 0, 5, "another daemon answers")
    equal(d.home.daemon_pid(), again.pid, "the pid in run/beam.pid")

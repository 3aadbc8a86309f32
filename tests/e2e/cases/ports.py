# SPDX-License-Identifier: BSD-3-Clause
"""TCP and UDP ports of a relay: connections and datagrams go there and back, as long as their owner is."""
import json
import os
import signal
import socket
import threading
import time
import urllib.parse

from cases.operator import said, tell
from kit.case import case
from kit.process import Failure, check, equal, wait_until
from kit.relay import Relay, free_port

HERE = "127.0.0.1"


class Echo:
    """Says everything again: connections and datagrams, at one port each."""

    def __init__(self, mute=None):
        self.mute = mute  # a datagram that is not answered
        self.tcp = socket.create_server((HERE, 0), backlog=64)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((HERE, 0))
        self.sources = set()  # of datagrams, as the application sees them
        for work in (self.accept, self.answer):
            threading.Thread(target=work, daemon=True).start()

    def accept(self):
        while True:
            s, _ = self.tcp.accept()
            threading.Thread(target=self.repeat, args=(s,), daemon=True).start()

    @staticmethod
    def repeat(s):
        with s:
            try:
                while data := s.recv(65536):
                    s.sendall(data)
            except OSError:
                pass

    def answer(self):
        while True:
            data, source = self.udp.recvfrom(65536)
            if data != self.mute:
                self.sources.add(source)
                self.udp.sendto(data, source)


def ports(*, count, **options):
    """Options of a relay that has so many ports of either kind."""
    while True:
        first = free_port()
        taken = [socket.socket() for _ in range(count)]
        try:
            for i, s in enumerate(taken):
                s.bind((HERE, first + i))
            return {"relay__kinds": "http,tcp,udp", "relay__tcp_ports": f"{first}-{first + count - 1}",
                    "relay__udp_ports": f"{first}-{first + count - 1}", **options}
        except OSError:
            continue
        finally:
            for s in taken:
                s.close()


def relay(t, count=4, **options):
    return t.keep(Relay(t.path("r"), **ports(count=count, **options)))


def place_of(tunnel, scheme, seconds=20):
    """Where a tunnel's visitors go, when it is up."""
    at = urllib.parse.urlsplit(tunnel.event("path_up", seconds, path="relay")["url"])
    check(at.scheme == scheme and at.path == "", f"{at}")
    return at.hostname, at.port


def through(t, r, target, proto, name="h", *options):
    home = t.home(name) if isinstance(name, str) else name
    return home.publish(str(target), "--proto", proto, *options,
                        paths=[f"--community-relay={r.p2p}"])


def talk(s, data):
    s.sendall(data)
    got = b""
    while len(got) < len(data):
        piece = s.recv(65536)
        check(piece, f"it ended after {len(got)} bytes")
        got += piece
    equal(got, data, "what came back")


def ends(s, seconds=5):
    """Seconds until the connection is over."""
    begin = time.monotonic()
    s.settimeout(seconds)
    try:
        while s.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return time.monotonic() - begin


def exchange(s, word, seconds=10):
    """A datagram and what comes back; it is sent again until something does."""
    until = time.monotonic() + seconds
    s.settimeout(1)
    while time.monotonic() < until:
        s.send(word)
        try:
            while (got := s.recv(65536)) != word:
                pass
            return got
        except socket.timeout:
            pass
    raise Failure(f"no answer to {len(word)} bytes")


def dial_udp(place):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(place)
    return s


@case("ports/tcp", network=False)
def tcp(t):
    """A TCP port leads to the target, and is the same one again after owner and relay went."""
    echo = Echo()
    r = relay(t)
    home = t.home()
    tunnel = through(t, r, echo.tcp.getsockname()[1], "tcp", home)
    place = place_of(tunnel, "tcp")
    with socket.create_connection(place, timeout=20) as a, \
            socket.create_connection(place, timeout=20) as b:
        talk(a, b"hello")
        talk(b, os.urandom(3_000_000 // 64 * 64)[:60000])
        talk(a, b"still here")
        a.shutdown(socket.SHUT_WR)
        equal(a.recv(1), b"", "a half-close comes back")
        row, = json.loads(tell(r, "list", "--json"))["reservations"]
        equal(row["url"], f"tcp://{place[0]}:{place[1]}", "as the operator sees it")
        equal(tunnel.interrupt(), 0, "status")
        check(ends(b) < 2, "a visitor of a tunnel that is gone")
    try:
        socket.create_connection(place, timeout=5).close()
        raise Failure("the port is listened at without its owner")
    except ConnectionRefusedError:
        pass
    tunnel = through(t, r, echo.tcp.getsockname()[1], "tcp", home)
    equal(place_of(tunnel, "tcp"), place, "the port of before")
    r.kill()
    tunnel.event("path_down", 20, path="relay")
    r.start()
    equal(place_of(tunnel, "tcp", 30), place, "after the relay was killed")
    with socket.create_connection(place, timeout=20) as a:
        talk(a, b"and again")


@case("ports/udp", network=False)
def udp(t):
    """Datagrams of several sources, each with a flow of its own, of all lengths."""
    echo = Echo()
    r = relay(t, metrics__listen=f"{HERE}:{free_port()}")
    tunnel = through(t, r, echo.udp.getsockname()[1], "udp")
    place = place_of(tunnel, "udp")
    sources = [dial_udp(place) for _ in range(5)]
    for i in range(6):
        for n, s in enumerate(sources):
            exchange(s, b"%d of %d" % (i, n))
    for size in (0, 1, 1200, 1472, 9000, 65507):
        exchange(sources[0], os.urandom(size))
    equal(len(echo.sources), len(sources), "sources that the application tells apart")
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stranger.bind((HERE, 0))
    stranger.settimeout(0.3)
    try:
        raise Failure(f"a stranger was sent {stranger.recv(100)}")
    except socket.timeout:
        pass
    row, = json.loads(tell(r, "list", "--json"))["reservations"]
    check(row["visitors"] >= len(sources), f"{row}")
    equal(tunnel.interrupt(), 0, "status")
    wait_until(lambda: not json.loads(tell(r, "list", "--json"))["reservations"][0]["live"], 5,
               "its end is known")


@case("ports/exhausted", network=False)
def exhausted(t):
    """The wanted port, another when it is taken, and clear words when none is left."""
    echo = Echo()
    r = relay(t, count=2)
    first = int(r.options["relay.tcp_ports"].split("-", maxsplit=1)[0])
    target = echo.tcp.getsockname()[1]
    a = through(t, r, target, "tcp", "a", "--relay-port", str(first + 1))
    equal(place_of(a, "tcp")[1], first + 1, "the wanted port")
    b = through(t, r, target, "tcp", "b", "--relay-port", str(first + 1))
    equal(place_of(b, "tcp")[1], first, "another one")
    c = through(t, r, target, "tcp", "c")
    said(c, "no port of this kind left")
    d = through(t, r, echo.udp.getsockname()[1], "udp", "d")
    place_of(d, "udp")
    closed = t.keep(Relay(t.path("closed")))
    e = through(t, closed, target, "tcp", "e")
    check("no endpoints of this kind" in e.event("error", 20)["text"], "a relay without ports")
    o = t.home("o").run("relay", "-o", "relay.kinds=tcp", "-o", "relay.tor=no",
                        "--listen", "127.0.0.1:0", "--p2p", "127.0.0.1:0")
    check(o.status != 0 and "relay.tcp_ports" in o.err, f"a kind without ports: {o}")


@case("ports/bans", network=False)
def bans(t):
    """A ban ends what comes from there within a second, connections and datagrams alike."""
    echo = Echo()
    r = relay(t)
    tcp_at = place_of(through(t, r, echo.tcp.getsockname()[1], "tcp", "a"), "tcp")
    udp_at = place_of(through(t, r, echo.udp.getsockname()[1], "udp", "b"), "udp")
    with socket.create_connection(tcp_at, timeout=20) as s, dial_udp(udp_at) as u:
        talk(s, b"hello")
        exchange(u, b"hello")
        begin = time.monotonic()
        tell(r, "ban", "127.0.0.0/8")
        check(ends(s) < 1 and time.monotonic() - begin < 2, "a banned source's connection")
        t.note(f"a ban ends a connection after {1000 * (time.monotonic() - begin):.0f} ms")
        u.settimeout(0.5)
        u.send(b"nobody hears this")
        try:
            raise Failure(f"a banned source was answered: {u.recv(100)}")
        except (socket.timeout, ConnectionRefusedError):
            pass


@case("ports/workers", network=False)
def workers(t):
    """Ports of owners whichever process of the relay has them."""
    echo = Echo()
    r = relay(t, count=8, relay__workers=2)
    homes = [t.home(f"t{i}") for i in range(5)]
    tunnels = [through(t, r, echo.tcp.getsockname()[1], "tcp", home) for home in homes]
    tunnels += [through(t, r, echo.udp.getsockname()[1], "udp", f"u{i}") for i in range(2)]
    places = [place_of(tunnel, "tcp" if i < 5 else "udp") for i, tunnel in enumerate(tunnels)]
    for place in places[:5]:
        with socket.create_connection(place, timeout=20) as s:
            talk(s, b"hello")
    for place in places[5:]:
        with dial_udp(place) as s:
            exchange(s, b"hello")
    equal(tunnels[0].interrupt(), 0, "status")
    for home, tunnel in zip(homes[1:], tunnels[1:5]):  # these take leave of nobody
        daemon = home.daemon_pid()
        tunnel.signal(signal.SIGKILL)
        if daemon:
            os.kill(daemon, signal.SIGKILL)
    for place in places[:5]:
        wait_until(lambda at=place: socket.socket().connect_ex(at) != 0, 10, "its port is closed")

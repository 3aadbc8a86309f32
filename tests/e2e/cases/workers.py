# SPDX-License-Identifier: BSD-3-Clause
"""A relay of several processes: owners and visitors land on any of them."""
import json
import os
import re
import shutil
import signal
import socket
import ssl
import time
import urllib.parse
import urllib.request

from kit.authority import Authority
from kit.beam import BEAM
from kit.case import case
from kit.process import Failure, check, equal, run, wait_until
from kit.relay import Relay, free_port, path_of
from kit.visit import Curl, read_all

CURL = Curl(["curl", "-q", "-sS", "--noproxy", "*"])
TUNNELS, VISITS = 6, 12  # by chance all on one process once in 2^15 times, and then all is well too


def relay(t, **options):
    """One of two processes, both of which are there."""
    at = f"127.0.0.1:{free_port()}"
    r = t.keep(Relay(t.path("r"), relay__workers="2", metrics__listen=at, **options))
    r.metrics = f"http://{at}/metrics"
    wait_until(lambda: count(r, "workers") == 2, 20, "both processes are there")
    return r


def count(r, name):
    """What the relay's metrics say."""
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with ask.open(r.metrics, timeout=10) as answer:
        text = answer.read().decode()
    return int(re.search(rf"^beam_relay_{name} (\d+)$", text, re.M).group(1))


def tunnels(t, r, app, n=TUNNELS):
    """So many, each with a key and a connection of its own; (tunnel, URL)s."""
    home = t.home()
    all_ = [home.publish(str(app.http), "--name", f"n{i}", paths=[f"--community-relay={r.p2p}"])
            for i in range(n)]
    return [(tunnel, path_of(tunnel, 30)) for tunnel in all_]


def tell(r, *words):
    done = run([os.environ.get("BEAM", "beam"), "relay", *words], 20,
               env={**os.environ, "BEAM_HOME": r.folder})
    equal(done.status, 0, f"status of relay {words}: {done}")
    return done.out


def status_of(url):
    """Of a visit over a connection of its own; "000": it was cut off."""
    return CURL(url, "-o", "/dev/null", "-w", "%{http_code}").out


def children(pid):
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as f:
                if int(f.read().rpartition(")")[2].split()[1]) == pid:
                    found.append(int(name))
        except OSError:
            pass
    return found


def begin(url):
    """A connection on which an answer has begun that does not end."""
    at = urllib.parse.urlsplit(url)
    s = socket.create_connection((at.hostname, at.port), timeout=20)
    s.sendall(f"GET {at.path}events/k HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n".encode())
    check(s.recv(100).startswith(b"HTTP/1.1 200"), "an answer has begun")
    return s


@case("workers/all-serve-all", network=False)
def all_serve_all(t):
    """Whichever process has the owner, and whichever the visitor: every request is served."""
    app = t.serve()
    r = relay(t)
    both = tunnels(t, r, app)
    for _, url in both:
        equal([status_of(url + "text") for _ in range(VISITS)], ["200"] * VISITS, "the visits")
    wait_until(lambda: count(r, "requests_total") >= TUNNELS * VISITS, 10, "all were counted")
    wait_until(lambda: count(r, "owners") == TUNNELS, 10, "all owners are counted")
    rows = json.loads(tell(r, "list", "--json"))["reservations"]
    equal([row["connected"] for row in rows], [True] * TUNNELS, "who is connected")
    opened = [begin(both[0][1]) for _ in range(VISITS)]

    def visitors():
        return sum(row["visitors"]
                   for row in json.loads(tell(r, "list", "--json"))["reservations"])
    wait_until(lambda: visitors() == VISITS, 10, "who visits is known of all")
    for s in opened:
        s.close()
    (worker,) = children(r.process.pid)
    r.stop()
    check(not os.path.exists(f"/proc/{worker}"), "the other process is gone")


@case("workers/one-dies", network=False)
def one_dies(t):
    """A process that is killed is started again, its owners come back, and visits are served; also when the
    program's file is another by then."""
    app, program = t.serve(), t.path("beam")
    shutil.copy2(BEAM, program)
    r = relay(t, program=program)
    both = tunnels(t, r, app)
    for upgraded in (False, True):
        if upgraded:
            shutil.copy2(shutil.which("false"), program + ".new")
            os.replace(program + ".new", program)
        (worker,) = children(r.process.pid)
        os.kill(worker, signal.SIGKILL)
        wait_until(lambda: children(r.process.pid) not in ([], [worker]), 20, "another is started")
        wait_until(lambda: count(r, "workers") == 2, 20, "it is there")
        for _, url in both:
            wait_until(lambda: status_of(url + "text") == "200", 30, "its owner is back", 0.1)
    for _, url in both:
        equal([status_of(url + "text") for _ in range(VISITS)], ["200"] * VISITS, "the visits")
    check("was ended by signal 9" in r.log(), "the operator is told")
    check("restart the relay to have the new one" in r.log(), "and that an upgrade waits")


def listens(path):
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(path) == 0


def await_another(pid, child):
    """As soon as pid has another child: this asks for nothing but that, without a pause, for who starts has
    met the first process within some milliseconds."""
    until = time.monotonic() + 20
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        while set(f.read().split()) <= {str(child)}:
            if time.monotonic() > until:
                raise Failure("another is started: not so after 20 s")
            f.seek(0)


def ban_while_one_starts(r):
    """Writes a ban after a new process has read them, and before the first has met it. False: they met before."""
    (worker,) = children(r.process.pid)
    met = r.log().count("worker 1 is there")
    check(met > 0, "the first says whom it has met")
    os.kill(worker, signal.SIGKILL)
    await_another(r.process.pid, worker)
    r.process.signal(signal.SIGSTOP)
    try:
        place = os.path.join(r.folder, "run", "relay-worker.1")
        wait_until(lambda: listens(place), 20, "it has read its files")
        with open(os.path.join(r.folder, "relay", "bans"), "w", encoding="ascii") as f:
            os.fchmod(f.fileno(), 0o600)
            f.write("127.0.0.0/8\n")
        return r.log().count("worker 1 is there") == met
    finally:
        r.process.signal(signal.SIGCONT)


@case("workers/a-ban-while-one-starts", seconds=120, network=False)
def starting(t):
    """What is told while a process starts, and has read its files already, holds in it too."""
    app = t.serve()
    r = relay(t, log__level="info")
    (_, url), = tunnels(t, r, app, 1)
    while not ban_while_one_starts(r):
        os.unlink(os.path.join(r.folder, "relay", "bans"))
        wait_until(lambda: count(r, "workers") == 2, 20, "it is there")
    wait_until(lambda: status_of(url + "text") == "000", 20, "it turns visitors away", 0.1)


@case("workers/bans-hold-at-all", network=False)
def bans(t):
    """What the operator does ends visitors and owners wherever they are, within a second."""
    app = t.serve()
    r = relay(t)
    both = tunnels(t, r, app, 2)
    rows = {row["url"]: row for row in json.loads(tell(r, "list", "--json"))["reservations"]}
    for (tunnel, url), act in zip(both, (("ban",), ("drop",))):
        opened = [begin(url) for _ in range(VISITS)]
        since = time.monotonic()
        what = rows[url]["owner"] if act == ("ban",) else rows[url]["id"]
        check("1 reservation" in tell(r, *act, what), "what it ended")
        for s in opened:
            with s:
                try:
                    read_all(s)
                except ConnectionResetError:
                    pass
        took = time.monotonic() - since
        check(took < 1, f"all visitors are gone after {took:.2f} s")
        t.note(f"{act[0]}: {VISITS} visitors are gone after {1000 * took:.0f} ms")
        if act == ("ban",):
            equal({status_of(url + "text") for _ in range(VISITS)}, {"404"}, "its address")
    tell(r, "ban", "127.0.0.0/8")
    equal({status_of(url + "text") for _ in range(VISITS)}, {"000"}, "nobody comes in")
    equal(count(r, "workers"), 2, "processes that have one another, all the same")


class Resuming:
    """A visitor over TLS of one version, who begins each visit with what the last one gave him."""

    def __init__(self, authority, port, version):
        self.port, self.session = port, None
        self.context = ssl.create_default_context(cafile=authority.ca)
        self.context.minimum_version = self.context.maximum_version = version

    def visit(self):
        """Whether the session was resumed."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        with self.context.wrap_socket(plain, server_hostname="localhost", session=self.session) as s:
            s.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            check(read_all(s).startswith(b"HTTP/1.1 "), "an answer")
            reused, self.session = s.session_reused, s.session
            s.unwrap()  # or the session is not taken up again
            return reused


@case("workers/sessions-of-tls-are-resumed-at-all", network=False)
def tickets(t):
    """Whichever process a visitor comes to, his TLS session is resumed; also at one that was started anew."""
    authority, port = Authority(t.path("ca")), free_port()
    pem, key = authority.issue("relay", "DNS:localhost", "IP:127.0.0.1")
    r = relay(t, relay__tls_listen=f"127.0.0.1:{port}", relay__tls_certificate=pem, relay__tls_key=key)
    visitors = [Resuming(authority, port, version) for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)]
    for visitor in visitors:
        equal([visitor.visit() for _ in range(20)], [False] + [True] * 19, "the first visits")
    (worker,) = children(r.process.pid)
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: children(r.process.pid) not in ([], [worker]), 20, "another is started")
    wait_until(lambda: count(r, "workers") == 2, 20, "it is there")
    for visitor in visitors:
        equal([visitor.visit() for _ in range(20)], [True] * 20, "visits with sessions of before")


@case("workers/two-relays-of-one-name", seconds=90, network=False)
def two_relays(t):
    """Two relays that share nothing but a domain, whose name leads to both: a tunnel by name at both has one
    address, which goes on when either is gone."""
    app, port = t.serve(), free_port()
    relays = [t.keep(Relay(t.path(f"r{i}"), front=f"127.0.0.{i}:{port}", p2p=f"127.0.0.{i}:{free_port()}",
                           relay__domain="relay.localhost", relay__url=f"http://relay.localhost:{port}"))
              for i in (1, 2)]
    tunnel = t.home().publish(str(app.http), "--name", "myapp",
                              paths=[f"--community-relay={r.p2p}" for r in relays])
    url = f"http://myapp.relay.localhost:{port}/"
    equal({tunnel.event("path_up", 20, path="relay")["url"] for _ in relays}, {url}, "its address at both")

    def at(*addresses):
        return CURL(url + "text", "-o", "/dev/null", "-w", "%{http_code}", "--resolve",
                    f"myapp.relay.localhost:{port}:{','.join(addresses)}").out
    for address in ("127.0.0.1", "127.0.0.2"):
        equal(at(address), "200", f"a visit by way of {address}")
    relays[0].kill()
    equal([at("127.0.0.1", "127.0.0.2") for _ in range(8)], ["200"] * 8, "while one is gone")
    relays[0].start()
    equal(tunnel.event("path_up", 20, path="relay")["url"], url, "its address is the same")
    relays[1].kill()
    equal([at("127.0.0.1", "127.0.0.2") for _ in range(8)], ["200"] * 8, "while the other is gone")

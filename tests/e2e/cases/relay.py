# SPDX-License-Identifier: BSD-3-Clause
"""Community relays: what is published through one, and what becomes of it when something dies."""
import concurrent.futures
import hashlib
import hmac
import json
import os
import signal
import socket
import struct
import threading
import time
import urllib.parse

from kit.app import stream, stream_digest
from kit.case import case
from kit.process import check, equal, wait_until
from kit.relay import Relay, free_port, path_of
from kit.visit import Curl, read_all
from kit.websocket import Client

CURL = Curl(["curl", "-q", "-sS", "--noproxy", "*"])
MILLION = 1000 * 1000
OUTSIDE = "198.51.100.7"  # RFC 5737: nobody's


def relay(t, name="r", **options):
    return t.keep(Relay(t.path(name), **options))


def through(t, *relays, target, home=None, options=()):
    """A tunnel through the relays, up at all of them; (tunnel, URLs in their order)."""
    home = home or t.home()
    tunnel = home.publish(str(target), *options,
                          paths=[f"--community-relay={r.p2p}" for r in relays])
    up = {}
    while len(up) < len(relays):
        event = tunnel.event("path_up", 20, path="relay")
        up[event["peer"]] = event["url"]
    return tunnel, [up[r.peer_id] for r in relays]


def talk(url, request, seconds=20):
    """Raw bytes to a URL's host; all that comes back until the connection ends."""
    at = urllib.parse.urlsplit(url)
    with socket.create_connection((at.hostname, at.port), timeout=seconds) as s:
        s.sendall(request)
        return read_all(s)


def status_of(url, *options, data=None):
    return CURL.get(url, "-o", "/dev/null", "-w", "%{http_code}", *options, data=data)


@case("relay/webhook", network=False)
def webhook(t):
    """Two commands, and a webhook comes through: byte for byte, its fields in order and letters."""
    app = t.serve()
    r = relay(t)
    _, (url,) = through(t, r, target=app.http)
    body = os.urandom(300000)
    sign = hmac.new(b"a shared secret", body, hashlib.sha256).hexdigest()
    fields = [f"X-Hub-Signature-256: sha256={sign}", "X-zEbra: 1", "x-Apple: 2", "X-zEbra: 3"]
    got = json.loads(CURL.get(url + "digest", *[a for f in fields for a in ("-H", f)],
                              "--data-binary", "@-", "-H", "Expect:", data=body))
    equal(got["length"], len(body), "bytes of the body")
    equal(got["sha256"], hashlib.sha256(body).hexdigest(), "the body")
    head = CURL.get(url + "hook?a=b", *[a for f in fields for a in ("-H", f)], "-d", "x").decode()
    lines = head.split("\r\n")
    equal(lines[0], "POST /hook?a=b HTTP/1.1", "the request line")
    equal([line for line in lines if line in fields], fields, "fields, their order and letters")
    check("X-Forwarded-Proto: http" in lines, f"how the visitor came: {head}")
    prefix = urllib.parse.urlsplit(url).path.rstrip("/")
    check(f"X-Forwarded-Prefix: {prefix}" in lines, f"below what: {head}")
    check("127.0.0.1" not in [p for line in lines if line.startswith("X-Forwarded-For")
                              for p in line.split()], f"the visitor's address: {head}")


@case("relay/content", seconds=120, network=False)
def content(t):
    """Bodies both ways, chunked and with a length, HEAD, and 100 MB up and down at once."""
    app = t.serve()
    r = relay(t, relay__max_body=200 * MILLION)
    _, (url,) = through(t, r, target=app.http)
    direct = f"http://127.0.0.1:{app.http}/"
    for path in ("empty", "one", "text", "stream/1000000"):
        equal(CURL.get(url + path), CURL.get(direct + path), path)
    equal(CURL.get(url + "chunked"), CURL.get(direct + "chunked"), "chunked")
    check(b"Content-Length: 1000000" in CURL.get(url + "stream/1000000", "--head"), "HEAD")
    data = b"".join(stream(100 * MILLION))
    with concurrent.futures.ThreadPoolExecutor() as pool:
        up = pool.submit(CURL.get, url + "digest", "--data-binary", "@-", "-H", "Expect:",
                         data=data, seconds=100)
        down = CURL.digest(url + f"stream/{100 * MILLION}", seconds=100)
        up = json.loads(up.result())
    equal(down[:2], (100 * MILLION, stream_digest(100 * MILLION)), "downwards")
    equal(up["sha256"], hashlib.sha256(data).hexdigest(), "upwards")


@case("relay/websocket-and-events", network=False)
def websocket(t):
    app = t.serve()
    r = relay(t)
    _, (url,) = through(t, r, target=app.http)
    at = urllib.parse.urlsplit(url)
    with socket.create_connection((at.hostname, at.port), timeout=20) as s:
        client = Client(s, at.netloc, at.path + "socket")
        client.echo()
    with socket.create_connection((at.hostname, at.port), timeout=20) as s:
        s.sendall(f"GET {at.path}events/k HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n".encode())
        file = s.makefile("rb")
        while file.readline() not in (b"\r\n", b""):
            pass
        for i in range(5):
            begin = time.monotonic()
            CURL.get(f"http://127.0.0.1:{app.http}/next/k/event-{i}")
            line = b""
            while b"data:" not in line:
                line = file.readline()
                check(line, "the events ended")
            equal(line, b"data: event-%d\n" % i, "an event")
            t.note(f"an event after {1000 * (time.monotonic() - begin):.0f} ms")


@case("relay/nobody-there", network=False)
def nobody_there(t):
    """Unknown, ended and gone are the same bytes; an owner that is away is 503, never a 2xx."""
    app = t.serve()
    r = relay(t, relay__lease="10s")
    home = t.home()
    tunnel, (url,) = through(t, r, home=home, target=app.http)
    at = urllib.parse.urlsplit(url)
    base = f"http://{r.front}"

    def answer(path):
        return talk(base, f"GET {path} HTTP/1.1\r\nHost: {at.netloc}\r\n"
                          f"Connection: close\r\n\r\n".encode())

    unknown = answer("/t/aaaaaaaaaaaaaaaaaaaaaaaaaa/x")
    check(unknown.startswith(b"HTTP/1.1 404 "), f"{unknown}")
    for path in ("/", "/t/", "/t/short/", "/x", at.path.replace("/t/", "/T/")):
        equal(answer(path), unknown, path)
    equal(answer(at.path + "text").split(b"\r\n")[0], b"HTTP/1.1 200 OK", "the tunnel")
    equal(tunnel.interrupt(), 0, "status")
    wait_until(lambda: answer(at.path + "text") == unknown, 10, "one that was ended is unknown")
    tunnel, (again,) = through(t, r, home=home, target=app.http)
    equal(again, url, "the URL of before")
    os.kill(home.daemon_pid(), 9)
    tunnel.wait(10)
    away = answer(at.path + "text")
    check(away.startswith(b"HTTP/1.1 503 ") and b"\r\nRetry-After: " in away, f"{away}")
    wait_until(lambda: answer(at.path + "text") == unknown, 20, "one that ran out is unknown")


@case("relay/too-large", network=False)
def too_large(t):
    """413 before any of the body is read."""
    app = t.serve()
    r = relay(t, relay__max_body=1000)
    _, (url,) = through(t, r, target=app.http)
    at = urllib.parse.urlsplit(url)
    got = talk(url, f"POST {at.path}digest HTTP/1.1\r\nHost: {at.netloc}\r\n"
                    f"Content-Length: 1001\r\n\r\n".encode())
    check(got.startswith(b"HTTP/1.1 413 "), f"{got}")
    equal(status_of(url + "digest", "--data-binary", "@-", data=b"x" * 1000), b"200", "at the limit")
    equal(status_of(url + "digest", "-H", "Transfer-Encoding: chunked", "--data-binary", "@-",
                    data=b"x" * 1001), b"413", "chunked")


class Bad:
    """An application that takes connections and does what it should not with them."""

    def __init__(self, behave):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.behave, self.taken = behave, []
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            self.taken.append(s)
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        try:
            self.behave(s)
        except OSError:
            pass  # the other end has had enough of it

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for s in self.taken:
            s.close()


def reads_a_head(s):
    head = b""
    while b"\r\n\r\n" not in head:
        head += s.recv(4096) or b"\r\n\r\n"


@case("relay/owner-never-answers", network=False)
def never_answers(t):
    """An owner that takes streams and never answers: 504, and others are served meanwhile."""
    app, bad = t.serve(), t.keep(Bad(reads_a_head))
    r = relay(t, relay__response_timeout="2s")
    _, (url,) = through(t, r, target=app.http)
    _, (hung,) = through(t, r, target=bad.port, home=t.home("hung"))
    begin = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(status_of, hung) for _ in range(8)]
        equal(status_of(url + "text"), b"200", "another owner")
        equal({w.result() for w in waiting}, {b"504"}, "what its visitors get")
    took = time.monotonic() - begin
    check(2 <= took < 10, f"after {took:.1f} s")


@case("relay/owner-answers-garbage", network=False)
def garbage(t):
    """What is no HTTP, or has two readings, is 502, and not one byte of it comes through."""
    answers = [b"SSH-2.0-nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"
               b"Content-Length: 5\r\n\r\nGARBAGE", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"
               b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGARBAGE",
               b"HTTP/1.1 2000 GARBAGE\r\n\r\n", b"\0" * 100000, b""]
    at = iter(answers)

    def behave(s):
        reads_a_head(s)
        s.sendall(next(at))
        s.shutdown(socket.SHUT_WR)

    bad = t.keep(Bad(behave))
    r = relay(t)
    _, (url,) = through(t, r, target=bad.port)
    where = urllib.parse.urlsplit(url)
    for sent in answers:
        got = talk(url, f"GET {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\n"
                        f"Connection: close\r\n\r\n".encode())
        check(got.startswith(b"HTTP/1.1 502 ") and b"GARBAGE" not in got, f"{sent[:80]}: {got[:200]}")


@case("relay/owner-stops-reading", network=False)
def stops_reading(t):
    """
    An owner that takes no more of a body: 504, after no more of it than windows hold was taken
    from the visitor, and the relay and its other owners go on.
    """
    app, bad = t.serve(), t.keep(Bad(reads_a_head))
    r = relay(t, relay__max_body=400 * MILLION, relay__idle_timeout="2s")
    _, (url,) = through(t, r, target=app.http)
    _, (stuck,) = through(t, r, target=bad.port, home=t.home("stuck"))
    at = urllib.parse.urlsplit(stuck)
    sent = 0
    with socket.create_connection((at.hostname, at.port), timeout=20) as s:
        s.sendall(f"POST {at.path} HTTP/1.1\r\nHost: {at.netloc}\r\n"
                  f"Content-Length: {400 * MILLION}\r\n\r\n".encode())
        s.settimeout(1)
        try:
            while sent < 400 * MILLION:
                sent += s.send(b"x" * 65536)
        except TimeoutError:
            pass
        equal(status_of(url + "text"), b"200", "another owner")
        check(sent < 50 * MILLION, f"{sent} bytes were taken")
        s.settimeout(20)
        got = s.recv(4096)
    check(got.startswith(b"HTTP/1.1 504 "), f"{got}")
    t.note(f"{sent / MILLION:.1f} MB taken")


@case("relay/crowd", seconds=120, network=False)
def crowd(t):
    """As many visitors at once as one tunnel may have; one more is told to come again."""
    app, most = t.serve(), 1100  # more than a connection between peers carries by itself
    r = relay(t, relay__max_streams=most)
    _, (url,) = through(t, r, target=app.http, home=t.home(tunnel__max_streams=2 * most))
    at = urllib.parse.urlsplit(url)
    visitors = []

    def visit(path):
        visitors.append(socket.create_connection((at.hostname, at.port), timeout=60))
        visitors[-1].sendall(f"GET {at.path}{path} HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n".encode())

    try:
        for _ in range(most - 1):
            visit(f"together/all/{most}")
        visit("hang")
        wait_until(lambda: status_of(url + "one") == b"503", 20, "one more is one too many")
        gone = visitors.pop()  # by a reset: after a mere end it may still want the response
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.close()
        wait_until(lambda: status_of(url + "one") == b"200", 20, "there is room again")
        visit(f"together/all/{most}")
        for i, s in enumerate(visitors):
            got = s.recv(4096)
            check(got.startswith(b"HTTP/1.1 200 "), f"visitor {i}: {got[:200]}")
    finally:
        for s in visitors:
            s.close()


@case("relay/killed-and-back", network=False)
def killed(t):
    """kill -9 of the relay: the same URL, within 5 s of its return."""
    app = t.serve()
    r = relay(t)
    tunnel, (url,) = through(t, r, target=app.http)
    r.kill()
    tunnel.event("path_down", path="relay")
    time.sleep(1)  # an outage, however short, is what this is about
    r.start()
    begin = time.monotonic()
    wait_until(lambda: status_of(url + "text") == b"200", 5, "the URL of before serves again")
    t.note(f"{time.monotonic() - begin:.1f} s after its return")
    equal(path_of(tunnel), url, "the URL")


@case("relay/owner-restarted", network=False)
def owner_restarted(t):
    """Ctrl-C, and kill -9 of the daemon: the same URL afterwards; with --ephemeral another."""
    app = t.serve()
    r = relay(t)
    home = t.home()
    tunnel, (url,) = through(t, r, home=home, target=app.http)
    equal(tunnel.interrupt(), 0, "status")
    tunnel, (again,) = through(t, r, home=home, target=app.http)
    equal(again, url, "the URL after Ctrl-C")
    os.kill(home.daemon_pid(), 9)
    tunnel.wait(10)
    tunnel, (again,) = through(t, r, home=home, target=app.http)
    equal(again, url, "the URL after kill -9")
    equal(status_of(url + "text"), b"200", "it serves")
    os.kill(home.daemon_pid(), signal.SIGTERM)
    tunnel.wait(10)
    wait_until(lambda: status_of(url) == b"404", 10, "a daemon that ends tells its relays")
    tunnel, (again,) = through(t, r, home=home, target=app.http)
    equal(again, url, "the URL after SIGTERM")
    equal(tunnel.interrupt(), 0, "status")
    _, (other,) = through(t, r, home=home, target=app.http, options=["--ephemeral"])
    check(other != url, "a throw-away address is another one")


@case("relay/two", seconds=90, network=False)
def two(t):
    """Two relays, one killed: the other URL never misses a request."""
    app = t.serve()
    first, second = relay(t, "r1"), relay(t, "r2")
    tunnel, urls = through(t, first, second, target=app.http)
    stop, seen = threading.Event(), []

    def visit():
        while not stop.is_set():
            seen.append(status_of(urls[1] + "text"))

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        first.kill()
        tunnel.event("path_down", path="relay")
        first.start()
        equal(tunnel.event("path_up", 20, path="relay")["url"], urls[0], "the first URL is back")
        wait_until(lambda: len(seen) >= 30 or not visitor.is_alive(), 30, "30 requests")
    finally:
        stop.set()
        visitor.join()
    check(len(seen) >= 30 and set(seen) == {b"200"}, f"{len(seen)} requests: {set(seen)}")
    t.note(f"{len(seen)} requests")


@case("relay/one-leads-elsewhere", network=False)
def leads_elsewhere(t):
    """A relay whose URL is not its own is said to be one, though the tunnel is up at another."""
    app, good = t.serve(), relay(t, "r1")
    bad = relay(t, "r2", relay__url=f"http://{good.front}")
    tunnel = t.home().publish(str(app.http), paths=[f"--community-relay={r.p2p}" for r in (good, bad)])
    up, said = False, False
    while not up or not said:
        event = tunnel.next(20)
        check(event is not None, f"it ended: {tunnel.said()}")
        check(event["event"] != "path_up" or event["peer"] == good.peer_id, f"{event}")
        up |= event["event"] == "path_up"
        said |= event["event"] == "warning" and f"relay {bad.p2p}: its URL does not lead here" in event["text"]


@case("relay/not-one", network=False)
def not_one(t):
    """ADDR is no relay, no peer, nobody, malformed, another peer than pinned."""
    app = t.serve()
    home = t.home()

    def ends(address, status, *words):
        tunnel = home.publish(str(app.http), paths=[f"--community-relay={address}"])
        equal(tunnel.wait(20), status, f"status for {address}\n{tunnel.said()}")
        text = "\n".join(tunnel.output + tunnel.errors)
        for word in words:
            check(word in text, f"{address}: {word!r} is not said:\n{text}")

    ends("nonsense", 2, "not an address")
    ends("/ip4/127.0.0.1", 1)
    ends(f"127.0.0.1:{app.other}", 1)
    ends("12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5", 5, "no address")
    r = relay(t)
    peer = "/p2p/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5"
    ends(f"/ip4/127.0.0.1/tcp/{r.p2p.split(':')[1]}{peer}", 1)
    tunnel, _ = through(t, r, home=home, target=app.http)
    equal(tunnel.interrupt(), 0, "status")
    r.stop()
    other = t.keep(Relay(t.path("other"), front=r.front, p2p=r.p2p))
    check(other.peer_id != r.peer_id, "two relays have two keys")
    ends(r.p2p, 1, "first use", "relays/pins")
    nobody = home.publish(str(app.http), paths=[f"--community-relay=127.0.0.1:{free_port()}"])
    check("nothing listens" in nobody.event("warning")["text"], "what keeps it is said")
    check(nobody.running(), "a relay that does not answer yet is waited for")


@case("relay/both-paths", seconds=90)
def both(t):
    """One tunnel through an onion and a relay at once."""
    app = t.serve()
    r = relay(t)
    tunnel = t.home().publish(str(app.http),
                              paths=["--tor", f"--community-relay={r.p2p}"])
    up = {}
    while len(up) < 2:
        event = tunnel.event("path_up", 60)
        up[event["path"]] = event["url"]
    equal(CURL.get(up["relay"] + "text"), t.visitor.curl.get(up["onion"] + "/text"), "both ways")
    paths = {tunnel.event("request", 20)["path"] for _ in range(2)}
    equal(paths, {"onion", "relay"}, "the paths of requests")


@case("relay/through-tor", seconds=150)
def through_tor(t):
    """
    The owner behind Tor: over the relay's onion, and over an exit. What the relay ever saw of it, at
    its loudest, is Tor and the persona's peer id.
    """
    app = t.serve()
    r = relay(t, relay__tor="yes", tor__torrc=t.network.torrc, log__level="debug", log__scrub="no",
              relay__url=None)
    onion = r.event("onion", 60)["p2p"]
    torrc = t.path("torrc")
    with open(torrc, "w", encoding="utf-8") as f:  # an address beyond loopback that exits can reach
        f.write(f"%include {t.network.torrc}\nMapAddress {OUTSIDE} 127.0.0.1\n"
                "ClientRejectInternalAddresses 0\n")
    r.stop()
    r.options["relay.url"] = f"http://{OUTSIDE}:{r.front.split(':')[1]}"
    r.start()
    equal(r.event("onion", 60)["p2p"], onion, "the relay's onion")
    for name, address in (("onion", onion),
                          ("exit", f"{OUTSIDE}:{r.p2p.split(':')[1]}")):
        home = t.home(name, tor__torrc=torrc)
        tunnel = home.publish(str(app.http), paths=[f"--community-relay={address}"])
        event = tunnel.event("path_up", 100, path="relay")
        url = event["url"].replace(OUTSIDE, "127.0.0.1")
        check(url != event["url"], f"another URL than the relay's: {event}")
        t.note(f"by {name} in {event['ms'] / 1000:.1f} s")
        equal(CURL.get(url + "text"), CURL.get(f"http://127.0.0.1:{app.http}/text"), "the app")
        log = r.log()
        for word in (f":{app.http}", home.path, tunnel.events[0]["name"]):
            check(word not in log, f"the relay knows {word!r}:\n{log}")
        equal(tunnel.interrupt(), 0, "status")
        wait_until(lambda at=url: status_of(at) == b"404", 10, "the relay was told of its end")


@case("relay/private", network=False)
def private(t):
    """The policy `private` has an onion and a relay; which relay, the configuration says."""
    app = t.serve()
    home = t.home()
    done = home.run("-o", "daemon.linger=1s", "-o", "network.rendezvous=off", str(app.http),
                    "--policy", "private")
    check(done.status == 2 and "which one" in done.err, f"{done}")
    done = home.run("-o", "daemon.linger=1s", str(app.http), "--policy", "anonymous",
                    "--community-relay=127.0.0.1:1")
    check(done.status == 2 and "no relay" in done.err, f"{done}")

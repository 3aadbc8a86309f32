# SPDX-License-Identifier: BSD-3-Clause
"""The operator of a relay: what passes, whom it shuts out while it runs, what each may take."""
import json
import os
import re
import signal
import socket
import time
import urllib.parse

from kit.authority import Authority
from kit.beam import BEAM
from kit.case import case
from kit.mirror import Mirror
from kit.process import check, equal, run, wait_until
from kit.relay import Relay, free_port, path_of
from kit.screen import Terminal
from kit.visit import Curl

CURL = Curl(["curl", "-q", "-sS", "--noproxy", "*"])


def relay(t, **options):
    return t.keep(Relay(t.path("r"), **options))


def through(t, r, target, name="h", *options):
    tunnel = t.home(name).publish(str(target), *options, paths=[f"--community-relay={r.p2p}"])
    return tunnel, path_of(tunnel)


def status_of(url, *options):
    return CURL.get(url, "-o", "/dev/null", "-w", "%{http_code}", *options).decode()


def greets(r):
    """Whether the port for peers answers as such a port does."""
    hello = b"\x13/multistream/1.0.0\n"
    host, port = r.p2p.split(":")
    try:
        with socket.create_connection((host, int(port)), timeout=20) as s:
            s.sendall(hello)
            return s.recv(len(hello), socket.MSG_WAITALL) == hello
    except ConnectionError:
        return False


def is_gone(url):
    """Whether a visit gets 404; one that is on its way when the endpoint goes may be cut off."""
    return CURL(url, "-o", "/dev/null", "-w", "%{http_code}").out == "404"


def said(tunnel, words, seconds=20):
    """The next warning with these words in it."""
    while words not in (text := tunnel.event("warning", seconds)["text"]):
        pass
    return text


def tell(r, *words, status=0):
    """`beam relay WORDS` to the relay that runs; what it printed."""
    done = run([*r.within, os.environ.get("BEAM", "beam"), "relay", *words], 20,
               env={**os.environ, "BEAM_HOME": r.folder})
    equal(done.status, status, f"status of relay {words}: {done}")
    return done.out


@case("operator/webhooks-and-pages", network=False)
def webhooks(t):
    """Webhooks pass, pages do not, and the owner is told by which rule."""
    app = t.serve()
    r = relay(t, relay__class="webhook")
    tunnel, url = through(t, r, app.http)
    equal(status_of(url + "text"), "200", "a text")
    equal(status_of(url + "hook", "-d", "x=1", "-H", "Accept: text/html"), "200", "a webhook")
    equal(status_of(url + "text", "-H", "Accept: text/html,*/*;q=0.8"), "403", "a page is asked for")
    check("rule=navigation" in said(tunnel, "refused"), "the owner is told")
    equal(status_of(url + "text", "-X", "PROPFIND"), "403", "a method")
    check("rule=method" in said(tunnel, "refused"), "the owner is told")
    refused = CURL.get(url + "text", "-i", "-H", "Sec-Fetch-Mode: navigate")
    check(b"navigation" not in refused and b"webhook" not in refused, f"told to all: {refused}")
    head = CURL.get(url + "text", "-i").decode()
    check("X-Content-Type-Options: nosniff" in head, head)


@case("operator/bans", network=False)
def bans(t):
    """A ban of any kind holds at once, and after a restart; what it concerned has ended."""
    app = t.serve()
    r = relay(t)
    tunnel, url = through(t, r, app.http)
    equal(status_of(url + "text"), "200", "before")
    listed = json.loads(tell(r, "list", "--json"))
    (row,) = listed["reservations"]
    check(row["live"] and row["connected"] and row["url"] == url, f"{row}")
    at = urllib.parse.urlsplit(url)
    with socket.create_connection((at.hostname, at.port), timeout=20) as open_one:
        open_one.sendall(f"GET {at.path}events/k HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n".encode())
        check(open_one.recv(100).startswith(b"HTTP/1.1 200"), "an answer has begun")
        begin = time.monotonic()
        check("1 reservation" in tell(r, "ban", row["owner"], "spam"), "what it ended")
        equal(status_of(url + "text"), "404", "its address")
        try:
            while open_one.recv(1000):
                pass
        except ConnectionResetError:
            pass
        t.note(f"a ban holds after {1000 * (time.monotonic() - begin):.0f} ms")
    check("does not serve this key" in said(tunnel, "refuses"), "the owner is told")
    r.stop()
    r.start()
    check("banned" in tell(r, "list"), "still banned")
    equal(json.loads(tell(r, "list", "--json"))["reservations"], [], "nothing came back")
    tell(r, "ban", row["owner"], status=1)
    tell(r, "unban", row["owner"])
    tell(r, "unban", row["owner"], status=5)
    url = path_of(tunnel, 90)
    equal(status_of(url + "text"), "200", "taken back")
    equal(greets(r), True, "the port of peers, before")
    tell(r, "ban", "127.0.0.0/8")
    done = CURL(url + "text")
    check(done.status != 0, f"a visitor from a banned place: {done}")
    equal(greets(r), False, "the port of peers, for who is from there")


@case("operator/drop-and-rules-anew", network=False)
def drop(t):
    """A reservation that is dropped is gone, its owner gets another; SIGHUP reads rules anew."""
    app = t.serve()
    os.mkdir(t.path("r"), 0o700)
    config = t.path("r/beam.conf")
    with open(config, "w", encoding="ascii") as f:
        f.write("[relay]\nclass = open\n")
    os.chmod(config, 0o600)
    r = relay(t)
    tunnel, url = through(t, r, app.http)
    (row,) = json.loads(tell(r, "list", "--json"))["reservations"]
    tell(r, "drop", "nobody", status=5)
    tell(r, "drop", row["id"])
    equal(status_of(url + "text"), "404", "dropped")
    again = path_of(tunnel, 30)
    check(again != url, "another address")
    page = ("-H", "Accept: text/html")
    equal(status_of(again + "text", *page), "200", "open")
    with open(config, "w", encoding="ascii") as f:
        f.write("[relay]\nclass = webhook\ntunnel_requests = 1\n")
    r.process.signal(signal.SIGHUP)
    wait_until(lambda: status_of(again + "text", *page) == "403", 10, "closed after SIGHUP")
    statuses = [status_of(again + "text") for _ in range(20)]
    check("429" in statuses and "200" in statuses, f"so many requests a second: {statuses}")
    wait_until(lambda: "Retry-After: " in CURL.get(again + "text", "-i").decode(), 10, "when to come again")
    with open(os.path.join(r.folder, "relay", "bans"), "w", encoding="ascii") as f:
        f.write(row["owner"] + "\n")
    os.chmod(os.path.join(r.folder, "relay", "bans"), 0o600)
    r.process.signal(signal.SIGHUP)
    wait_until(lambda: is_gone(again + "text"), 10, "a ban that was written by hand")


@case("operator/usage", network=False)
def usage(t):
    """Words that are none of its commands, and no relay to tell anything."""
    home = t.home()
    for words, status in ((("ban",), 2), (("ban", "x", "y", "z"), 2), (("burn", "x"), 2),
                          (("list", "x"), 2), (("list",), 3), (("ban", "192.0.2.1"), 3)):
        equal(home.run("relay", *words).status, status, f"relay {words}")
    r = relay(t)
    done = run([os.environ.get("BEAM", "beam"), "relay", "ban", "192.0.2.1/24"], 20,
               env={**os.environ, "BEAM_HOME": r.folder})
    check(done.status == 2 and "neither a peer id" in done.err, f"bits: {done}")
    nowhere = ("--listen", "127.0.0.1:0", "--p2p", "127.0.0.1:0")
    for key, value in (("class", "any"), ("methods", "POST"), ("class", "friends"), ("kinds", "smtp"), ("kinds", "tcp"),
                       ("friend", "alice"), ("url", "relay.example"), ("domain", "Relay"), ("tcp_ports", "9-1"),
                       ("denylist", "list"), ("denylist", f"{r.peer_id} http://"), ("plain_http", "both"),
                       ("workers", "none"), ("acme", "relay.localhost")):
        home.configure("")
        done = home.run("relay", "-o", f"relay.{key}={value}", "--json", *nowhere)
        check(done.status == 2 and f"beam: relay.{key}" in done.err, f"{key} = {value}: {done}")
        equal(json.loads(done.out)["code"], "usage", f"the event of {done}")
        home.configure(f"[relay]\n{key} = {value}\n")
        done = home.run("relay", "--json", *nowhere)
        check(done.status == 1 and f"beam: relay.{key}" in done.err, f"{key} = {value} in a file: {done}")
        equal(json.loads(done.out)["code"], "invalid", f"the event of {done} in a file")
    home.configure("")
    done = home.run("relay", "-o", "relay.class=open", "--listen", "0.0.0.0:0", "--p2p",
                    "127.0.0.1:0")
    check(done.status == 2 and "relay.domain" in done.err, f"an open one on a shared host: {done}")
    done = home.run("relay", "--acme", "relay.localhost", *nowhere)
    check(done.status == 2 and "reserved" in done.err, f"an option that stands for a key: {done}")
    done = home.run("relay", "--worker", "1/2", *nowhere)
    check(done.status == 3 and "no relay runs" in done.err, f"a worker of none: {done}")
    for option in ("--listen", "--p2p"):
        for place, words in ((r.front, "another port"), ("192.0.2.7:4001", "no such address")):
            both = {"--listen": "127.0.0.1:0", "--p2p": "127.0.0.1:0", option: place}
            done = home.run("relay", *(word for pair in both.items() for word in pair))
            check(done.status == 1 and words in done.err, f"{option} {place}: {done}")
    event = json.loads(home.run("relay", "--json", "--listen", r.front, "--p2p", "127.0.0.1:0").out)
    check(event["event"] == "error" and "another port" in event["text"], f"{event}")


@case("operator/hang-up", network=False)
def hang_up(t):
    """Whoever closes the terminal has no relay left; the signal alone has it read its files again."""
    os.mkdir(t.path("r"), 0o700)
    terminal = t.keep(Terminal([BEAM, "relay", "--listen", f"127.0.0.1:{free_port()}", "--p2p", "127.0.0.1:0", "-o",
                                "relay.tor=no", "-o", "network.rendezvous=off", "-o", "log.level=info"],
                               {"PATH": os.environ["PATH"], "BEAM_HOME": t.path("r")}))
    terminal.shows("Ctrl-C")
    os.kill(terminal.pid, signal.SIGHUP)
    terminal.shows("read again")
    equal(terminal.hang_up(20), 0, "the status, with its terminal gone")
    check(not os.path.exists(t.path("r/relay/relay.pid")), "it ended in order")


@case("operator/month", network=False)
def month(t):
    """A relay whose month is used up sleeps at once, over a restart too, until it may carry more."""
    app = t.serve()
    os.mkdir(t.path("r"), 0o700)
    config = t.path("r/beam.conf")

    def allow(count):
        with open(config, "w", encoding="ascii") as f:
            f.write(f"[relay]\nmonth = {count}\n")
        os.chmod(config, 0o600)

    allow(2000000)
    r = relay(t)
    tunnel, url = through(t, r, app.http)
    equal(len(CURL.get(url + "stream/1000000")), 1000000, "the first million")
    done = CURL(url + "stream/5000000")
    check(done.status != 0 and len(done.bytes) < 2000000, f"more than it may: {len(done.bytes)}")
    equal(status_of(url + "text"), "503", "asleep")
    check("Retry-After: " in CURL.get(url + "text", "-i").decode(), "when to come again")
    check("rule=traffic" in said(tunnel, "refused"), "the owner is told")
    r.stop()
    r.start()
    wait_until(lambda: status_of(url + "text") == "503", 20, "asleep after a restart")
    allow(50000000)
    r.process.signal(signal.SIGHUP)
    wait_until(lambda: status_of(url + "text") == "200", 20, "awake again")


@case("operator/work-names-and-notice", network=False)
def work(t):
    """A reservation that costs work comes up all the same; a name that looks like another's does not."""
    app = t.serve()
    r = relay(t, relay__work="16", relay__contact="abuse@relay.example")
    begin = time.monotonic()
    _, url = through(t, r, app.http)
    t.note(f"16 bits of work: up after {time.monotonic() - begin:.1f} s")
    equal(status_of(url + "text"), "200", "worked for")
    notice = CURL.get(f"http://{r.front}/").decode()
    check("abuse@relay.example" in notice, notice)
    named = t.keep(Relay(t.path("n"), relay__domain="relay.test"))
    other = t.home("o").publish(str(app.http), "--name", "my-paypa1-login",
                                paths=[f"--community-relay={named.p2p}"])
    check("not given to anybody" in other.event("error", 30)["text"], "a name refused")


@case("operator/metrics", network=False)
def metrics(t):
    """Counts for a Prometheus of this machine, and for nobody else."""
    app = t.serve()
    at = f"127.0.0.1:{free_port()}"
    r = relay(t, metrics__listen=at)
    _, url = through(t, r, app.http)
    for _ in range(3):
        equal(status_of(url + "text"), "200", "a visit")
    equal(status_of(f"http://{r.front}/t/nothing"), "404", "to nothing")
    text = CURL.get(f"http://{at}/metrics").decode()
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    check(int(lines["beam_relay_requests_total"]) >= 3, text)
    equal((lines["beam_relay_requests_unknown_total"], lines["beam_relay_reservations"]),
          ("1", "1"), "counts")
    for told in (url.split("/")[-2], r.peer_id, str(app.http), "text"):
        check(told not in text.replace("Content", ""), f"{told} is among the counts")
    for host in ("evil.example", "localhost.example", "127.0.0.1.example"):
        equal(status_of(f"http://{at}/metrics", "-H", f"Host: {host}"), "404", "another's name")
    equal(status_of(f"http://{at}/"), "404", "another path")
    done = t.home("o").run("relay", "-o", "metrics.listen=0.0.0.0:9464", "-o", "relay.tor=no",
                        "--listen", "127.0.0.1:0", "--p2p", "127.0.0.1:0")
    check(done.status == 4 and "loopback" in done.err, f"beyond this machine: {done}")


@case("operator/denylist", network=False)
def denylist(t):
    """What one relay shuts out another does, that subscribes to it, from the next look on."""
    app = t.serve()
    first = t.keep(Relay(t.path("a")))
    file = t.path("list")
    os.mkdir(t.path("r"), 0o700)
    with open(t.path("r/beam.conf"), "w", encoding="ascii") as f:
        f.write(f"[relay]\ndenylist = {first.peer_id} {file}\n")
    os.chmod(t.path("r/beam.conf"), 0o600)
    second = relay(t)
    tunnel, url = through(t, second, app.http)
    equal(status_of(url + "text"), "200", "before")
    (row,) = json.loads(tell(second, "list", "--json"))["reservations"]
    tell(first, "ban", row["owner"], "phishing")
    tell(first, "export", file)
    with open(file, "rb") as f:
        good = f.read()
    with open(file, "wb") as f:
        f.write(good[:-1] + bytes([good[-1] ^ 1]))
    second.process.signal(signal.SIGHUP)
    wait_until(lambda: "denylist" in second.log(), 10, "one that is not good is told")
    equal(status_of(url + "text"), "200", "and changes nothing")
    with open(file, "wb") as f:
        f.write(good)
    begin = time.monotonic()
    second.process.signal(signal.SIGHUP)
    wait_until(lambda: is_gone(url + "text"), 10, "one that is good holds")
    t.note(f"after {1000 * (time.monotonic() - begin):.0f} ms")
    check("does not serve this key" in said(tunnel, "refuses"), "the owner is told")
    with open(t.path("r/beam.conf"), "a", encoding="ascii") as f:
        f.write("denylist_age = 1s\n")
    second.process.signal(signal.SIGHUP)
    said(second, "not renewed since", 30)
    (listed,) = json.loads(tell(second, "list", "--json"))["denylists"]
    check(listed["where"] == file and listed["age"] >= 1, f"{listed}")
    check(re.search(rf"denylist {file}  made 20\S+Z, 0 days ago", tell(second, "list")), "for people")
    check(is_gone(url + "text"), "and stays in force")


def exported(t, r, name, *banned):
    """A denylist of a relay's, with these keys on it too."""
    for key in banned:
        tell(r, "ban", key, "phishing")
    file = t.path(name)
    tell(r, "export", file)
    with open(file, "rb") as f:
        return f.read()


@case("operator/denylist-from-afar", network=False)
def denylist_from_afar(t):
    """A denylist is fetched over HTTPS; one that is not good, or older, is not taken; and what was
    taken is there after a restart, when nobody can be asked."""
    app, first = t.serve(), t.keep(Relay(t.path("a")))
    authority = Authority(t.path("ca"))
    mirror = t.keep(Mirror(b"nothing", *authority.issue("mirror", "IP:127.0.0.1")))
    r = relay(t, relay__denylist=f"{first.peer_id} {mirror.url}", relay__denylist_every="1s",
              relay__ca=authority.ca, log__level="info")
    tunnels = [through(t, r, app.http, name) for name in ("h", "i")]
    owners = {row["id"]: row["owner"]
              for row in json.loads(tell(r, "list", "--json"))["reservations"]}
    keys = [owners[url.split("/")[-2]] for _, url in tunnels]
    wait_until(lambda: "not a denylist" in r.log(), 10, "what is none is told")
    old = exported(t, first, "old", keys[0])
    mirror.data = old[:-1] + bytes([old[-1] ^ 1])
    wait_until(lambda: "not those that were signed" in r.log(), 15, "one that was changed is told")
    equal([status_of(url + "text") for _, url in tunnels], ["200"] * 2, "and changes nothing")
    mirror.data, begin = old, time.monotonic()
    wait_until(lambda: is_gone(tunnels[0][1] + "text"), 10, "one that is good holds")
    t.note(f"asked for each second; it held after {1000 * (time.monotonic() - begin):.0f} ms")
    wait_until(lambda: mirror.unchanged > 1, 10, "what has not changed is not sent again")
    time.sleep(1.1)  # a sequence is a time in seconds
    new = exported(t, first, "new", keys[1])
    mirror.data = new
    wait_until(lambda: is_gone(tunnels[1][1] + "text"), 10, "a later one holds")
    mirror.data = old
    wait_until(lambda: "it is older" in r.log(), 10, "an older one is told")
    mirror.stop()
    r.kill()
    r.start()
    wait_until(lambda: "2 entries is in use" in r.said(), 10,
               "what was taken is there after a restart")


@case("operator/no-contents-in-the-log", network=False)
def quiet(t):
    """At the loudest level the relay's log has nothing of what passes, nor of who asks whom."""
    app = t.serve()
    r = relay(t, log__level="debug")
    _, url = through(t, r, app.http)
    canary = "canary" + os.urandom(8).hex()
    got = CURL.get(url + canary, "-H", f"X-Word: {canary}", "-d", canary).decode()
    check(got.count(canary) == 2, f"it came through: {got}")
    r.stop()
    log = r.log()
    check("debug" in log, f"it says a lot: {log[:400]}")
    for word in (canary, url.split("/")[-2]):
        check(word not in log, f"{word} is in the log:\n{log}")

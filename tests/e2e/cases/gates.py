# SPDX-License-Identifier: BSD-3-Clause
"""Who may enter: visitors with keys and without."""
import fcntl
import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from kit.beam import BEAM
from kit.case import case
from kit.process import check, equal, wait_until
from kit.tor import Tor
from kit.visit import Refused, Visitor, host_of, read_all

NO_KEY, WRONG_KEY = 0xF4, 0xF5  # of SOCKS with ExtendedErrors (tor's proposal 304)


class Guest(Visitor):
    """A visitor with a tor of their own, who can be given keys."""

    def __init__(self, t, name):
        self.keys = t.path(f"{name}-keys")
        os.mkdir(self.keys, 0o700)
        tor = t.keep(Tor(t.path(name), t.network.torrc, [f"ClientOnionAuthDir {self.keys}"]))
        super().__init__(tor.wait(), tor.folder)

    def take(self, name, line):
        """Has the line of an .auth_private file."""
        with open(os.path.join(self.keys, f"{name}.auth_private"), "w", encoding="ascii") as f:
            f.write(line + "\n")
        self.tor.control.ask("SIGNAL RELOAD")

    def refused(self, host):
        """The SOCKS code with which tor refuses the onion; None when it lets in."""
        try:
            self.connect(host).close()
        except Refused as refusal:
            return refusal.code
        return None


def make(home, file, name, url):
    return json.loads(home.succeed("visitors", "make", file, name, url, "--json").out)


def asked(tunnel, count):
    """Waits for so many requests that it tells of; gives all."""
    def told():
        return [event for event in tunnel.events_left() if event["event"] == "request"]
    wait_until(lambda: len(told()) >= count, 20, f"{count} requests are told of")
    return told()


def hangs_up(connection):
    """Waits until a connection that says nothing ends."""
    connection.settimeout(30)
    equal(read_all(connection), b"", "what came before the end")


@case("gates/client-auth", seconds=170)
def client_auth(t):
    """With a key one enters; without, or with one that was revoked, not even over circuits that
    were there before."""
    home, file = t.home(), t.path("visitors")
    stranger, alice, bob = (Guest(t, name) for name in ("stranger", "alice", "bob"))

    # Open to all at first; the stranger's circuit, and a stream over it, stay.
    other = home.publish(t.app.other, "--name", "other")  # so that daemon and tor go on
    open_to_all = home.publish(t.app.http, "--name", "closed")
    url = open_to_all.ready()
    host = host_of(url)
    stranger.curl.get(url + "/text")
    held = stranger.connect(host)
    equal(open_to_all.interrupt(), 0, "the status after SIGINT")
    other.ready()

    # Closed, on the same tor.
    keys = {name: make(home, file, name, url) for name in ("alice", "bob")}
    closed = home.publish(t.app.http, "--name", "closed", "--client-auth", file)
    equal(closed.ready(), url, "the address")
    hangs_up(held)
    equal(stranger.refused(host), NO_KEY, "what a visitor without a key gets")
    alice.take("a", keys["alice"]["auth_private"])
    bob.take("b", keys["bob"]["auth_private"])
    body = alice.curl.get(url + "/text")
    equal(bob.curl.get(url + "/text"), body, "what a visitor with a key gets")

    # Bob's key is revoked while he is in.
    held, hers = bob.connect(host), alice.connect(host)
    home.succeed("visitors", "revoke", file, "bob")
    down = closed.event("path_down", 10)
    check("published anew" in down["reason"], f"{down}")
    closed.event("path_up", 40)
    for connection in (held, hers):
        hangs_up(connection)
    wait_until(lambda: alice.answers(url + "/text", body, 30), 60, "alice enters again", pause=0.5)
    for _ in range(3):
        check(bob.refused(host) in (NO_KEY, WRONG_KEY), "a revoked visitor came in")
    equal(stranger.refused(host), NO_KEY, "what a visitor without a key gets")
    check(alice.answers(url + "/text", body, 30), "alice was harmed")

    # What was revoked stays so.
    again = home.run("visitors", "add", file, "carol", keys["bob"]["public"])
    check(again.status == 1 and "was revoked" in again.err, f"{again}")
    hers = alice.connect(host)
    home.succeed("visitors", "revoke", file, "alice")
    check("lets nobody in" in closed.event("path_down", 10)["reason"], "nobody is left")
    hangs_up(hers)
    check(alice.refused(host) is not None, "the last revoked visitor came in")


@case("gates/client-auth-with-circuits-told-apart", seconds=150)
def told_apart(t):
    """A service by tor's configuration asks for keys as well, and those who enter have tags."""
    home, file = t.home(onion__tag_circuits="yes"), t.path("visitors")
    alice, bob = (Guest(t, name) for name in ("alice", "bob"))
    keys = {name: json.loads(home.succeed("visitors", "make", file, name, "--json").out)
            for name in ("alice", "bob")}
    tunnel = home.publish(t.app.http, "--client-auth", file)
    url = tunnel.ready()
    host = host_of(url)
    for guest, name in ((alice, "alice"), (bob, "bob")):
        line = keys[name]["auth_private"].replace("ADDRESS", host.removesuffix(".onion"))
        guest.take(name, line)
    body = alice.curl.get(url + "/text")
    equal(bob.curl.get(url + "/text"), body, "what a visitor with a key gets")
    equal(len({event["circuit"] for event in asked(tunnel, 2)}), 2, "tags of two visitors")

    held = bob.connect(host)
    home.succeed("visitors", "revoke", file, "bob")
    tunnel.event("path_down", 10)
    equal(tunnel.event("path_up", 40)["url"], url, "the address")
    hangs_up(held)
    wait_until(lambda: alice.answers(url + "/text", body, 30), 60, "alice enters again", pause=0.5)
    check(all(event["circuit"] for event in asked(tunnel, 3)), "a request without a tag")
    for _ in range(3):
        check(bob.refused(host) in (NO_KEY, WRONG_KEY), "a revoked visitor came in")
    check(alice.answers(url + "/text", body, 30), "alice was harmed")


@case("gates/nobody-is-lost-when-two-write-at-once", network=False, seconds=60)
def at_once(t):
    """Each that says it has added somebody has; the others say that they have not."""
    home, file = t.home(tor__torrc=None), t.path("visitors")
    home.succeed("visitors", "make", file, "first")
    done = home.run("visitors", "make", file, "No Name")
    equal(done.status, 2, f"the status of {done}")
    with open("/dev/full", "wb") as full:
        lost = subprocess.run([BEAM, "visitors", "make", file, "lost"], stdout=full,
                              env=home.environment(), timeout=20, check=False)
    equal(lost.returncode, 1, "the status where the key cannot be written out")
    with open(file + ".lock", "rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for words in (("make", file, "second"), ("revoke", file, "first")):
            done = home.run("visitors", *words)
            check(done.status == 1 and "try again" in done.err and not done.out, f"{done}")
    with ThreadPoolExecutor(8) as pool:
        names = [f"v{i}" for i in range(16)]
        done = list(pool.map(lambda n: home.run("visitors", "make", file, n), names))
    made = {n for n, d in zip(names, done) if d.status == 0}
    listed = home.succeed("visitors", "list", file, "--json").out.splitlines()
    equal({json.loads(line)["name"] for line in listed}, made | {"first"}, "who is in the file")


@case("gates/as-many-visitors-as-there-may-be", seconds=90)
def many_visitors(t):
    """A file with all the visitors that it may have makes a descriptor that directories take."""
    home, file = t.home(), t.path("visitors")
    guest = Guest(t, "guest")
    last = None
    for i in range(256):
        last = json.loads(home.succeed("visitors", "make", file, f"v{i}", "--json").out)
    full = home.run("visitors", "make", file, "one-more")
    check(full.status == 1 and "256 visitors" in full.err, f"{full}")
    tunnel = home.publish(t.app.http, "--client-auth", file)
    url = tunnel.ready()
    guest.take("k", last["auth_private"].replace("ADDRESS", host_of(url).removesuffix(".onion")))
    guest.curl.get(url + "/text")


SMUGGLED = (
    b"Content-Length: 0\r\nContent-Length: 43\r\n\r\n",
    b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"Content-Length: 0\r\n\r\n",
)


@case("gates/basic-auth", seconds=90)
def basic_auth(t):
    """Every request needs a password, the second on a connection and a hidden one too."""
    home, file = t.home(), t.path("passwords")
    with open(file, "w", encoding="utf-8") as f:
        f.write("alice:sesame\n")
    os.chmod(file, 0o600)
    tunnel = home.publish(t.app.http, "--basic-auth", file)
    url = tunnel.ready()
    host, curl = host_of(url), t.visitor.curl
    direct = t.visitor.direct.get(f"http://127.0.0.1:{t.app.http}/text")
    equal(curl.get(url + "/text", "-u", "alice:sesame"), direct, "what alice gets")
    for more in ((), ("-u", "alice:wrong"), ("-u", "mallory:sesame")):
        equal(curl.get(url + "/text", "-o", "/dev/null", "-w", "%{http_code}", *more), b"401",
              f"the status with {more}")
    # One connection: with, without, with again.
    credentials = b"Authorization: Basic YWxpY2U6c2VzYW1l\r\n"
    plain = b"GET /text HTTP/1.1\r\nHost: a\r\n"
    with t.visitor.connect(host) as connection:
        connection.sendall(plain + credentials + b"\r\n" + plain + b"\r\n" + plain + credentials
                           + b"Connection: close\r\n\r\n")
        connection.settimeout(30)
        got = read_all(connection)
    equal(re.findall(rb"HTTP/1\.1 (\d+)", got), [b"200", b"401", b"200"],
          "the answers on one connection")
    # A second request that some readers would see, and some not.
    for framing in SMUGGLED:
        with t.visitor.connect(host) as connection:
            connection.sendall(b"POST /digest HTTP/1.1\r\nHost: a\r\n" + credentials + framing
                               + b"GET /text HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            connection.settimeout(30)
            got = read_all(connection)
        check(direct not in got and (b" 400 " in got or b" 401 " in got), f"{framing}: {got}")
    equal(tunnel.interrupt(), 0, "the status after SIGINT")
    told = [(e["method"], e["status"]) for e in tunnel.events_left() if e["event"] == "request"]
    equal(told[:7], [("GET", 200), ("GET", 401), ("GET", 401), ("GET", 401), ("GET", 200),
                     ("GET", 401), ("GET", 200)], "the requests that were told")


@case("gates/refused-with-words")
def refused(t):
    """What cannot be is refused before anything is published, with the status of wrong usage."""
    home, file = t.home(), t.path("visitors")
    for options, words, status in (
            (("--allow", "10.0.0.0/8"), "visitors of an onion have no address", 2),
            (("--client-auth", t.path("none")), "no such file", 5)):
        done = home.detach(t.app.http, *options)
        check(done.status == status and words in done.err, f"{done}")
    with open(file, "w", encoding="ascii") as f:
        f.write("allow bob 8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a\n")
    os.chmod(file, 0o600)
    done = home.detach(t.app.http, "--client-auth", file)
    check(done.status == 1 and "line 1: the key is in hexadecimal" in done.err, f"{done}")
    os.chmod(file, 0o644)
    done = home.detach(t.app.http, "--client-auth", file)
    check(done.status == 1 and "chmod" in done.err, f"{done}")
    with open(file, "w", encoding="ascii") as f:
        f.write("alice:sesame\r\n")
    os.chmod(file, 0o600)
    for options, words, status in (
            (("--basic-auth", file), "line 1: it ends in CR LF", 1),
            (("--basic-auth", file, "--proto", "tcp"), "not with --proto tcp", 2),
            (("--proto", "sctp"), "must be http, tcp or udp", 2),
            (("--proto", "udp"), "Tor carries TCP alone", 2),
            (("--proto", "tcp", "--relay-port", "20000"), "only a relay has ports", 2)):
        done = home.detach(t.app.http, *options)
        check(done.status == status and words in done.err, f"{done}")
        check("sesame" not in done.err, f"{done}")
    equal(home.status()["tunnels"], [], "tunnels")

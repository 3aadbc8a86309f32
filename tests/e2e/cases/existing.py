# SPDX-License-Identifier: BSD-3-Clause
"""A tor that runs already: used through its control port, and left as it was found."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time

from kit import process
from kit.case import case
from kit.filter import ALLOWED, Filter
from kit.process import Failure, check, equal, wait_until
from kit.relay import Relay
from kit.tor import Tor

TEXT = b"the app is here\n" * 3  # what the app answers to /text
GIGABYTE = 1 << 30
MOST = 64 << 20  # bytes of memory a daemon may have grown to


def answers(t, url, seconds=40):
    wait_until(lambda: t.visitor.answers(url + "/text", TEXT, 10), seconds, f"{url} answers",
               pause=0.2)


def existing(t, *lines, name="tor"):
    return t.keep(Tor(t.path(name), t.network.torrc, lines))


def using(t, control, name="h", **options):
    return t.home(name, tor__torrc=None, tor__control=control, **options)


def has_onion(control, url):
    """Whether that tor has the service."""
    address = re.search(r"//(\w{56})\.onion", url)[1]
    try:
        control.ask(f"GETINFO hs/service/desc/id/{address}")
    except Failure:
        return False
    return True


def state(control):
    """What of a tor could have been changed, and the services that outlive a control connection."""
    return [control.ask(q) for q in ("GETINFO config-text", "GETINFO onions/detached",
                                     "GETCONF HiddenServiceOptions", "GETCONF SocksPort",
                                     "GETCONF ControlPort", "GETINFO net/listeners/socks",
                                     "GETINFO net/listeners/control")]


@case("existing/left-as-found", seconds=90)
def left_as_found(t):
    """Published and fetched; then beam is gone, and so is its onion, and nothing else is."""
    tor = existing(t).wait()
    tor.control.ask("ADD_ONION NEW:ED25519-V3 Flags=DiscardPK,Detach Port=80")
    before = state(tor.control)
    home = using(t, f"unix:{tor.folder}/control")
    tunnel = home.publish(t.app.http)
    url = tunnel.ready()
    answers(t, url)
    check(home.tor_pid() is None, "a tor of beam's own runs")
    equal(home.status()["tor"]["pid"], 0, "the pid of its tor")
    check(has_onion(tor.control, url), "the service is not there")
    equal(tunnel.interrupt(), 0, "the status after SIGINT")
    wait_until(lambda: not has_onion(tor.control, url), 5, "the service ends with the tunnel")
    wait_until(lambda: home.daemon_pid() is None, 10, "the daemon is gone")
    equal(state(tor.control), before, "the tor, before and after")
    check(tor.process.running(), "it was stopped")


@case("existing/killed-beam-leaves-nothing", seconds=60)
def killed(t):
    tor = existing(t).wait()
    home = using(t, f"unix:{tor.folder}/control")
    url = home.publish(t.app.http).ready()
    os.kill(home.daemon_pid(), 9)
    wait_until(lambda: not has_onion(tor.control, url), 10, "the service went with the connection")


@case("existing/through-a-filter", seconds=90)
def filtered(t):
    """Nothing but the documented commands is let through, and nothing else is asked."""
    tor = existing(t).wait()
    wall = t.keep(Filter(f"{tor.folder}/control"))
    home = using(t, f"127.0.0.1:{wall.port}", onion__watch="2s")
    tunnel = home.publish(t.app.http)
    url = tunnel.ready()
    answers(t, url)
    wait_until(lambda: any(p.startswith("HSFETCH") for p in wall.passed), 20, "it is visited")
    visitors = t.path("visitors")
    home.succeed("visitors", "make", visitors, "alice")
    other = home.publish(t.app.other, "--ephemeral", "--client-auth", visitors)
    other.ready()
    equal([other.interrupt(), tunnel.interrupt()], [0, 0], "the status after SIGINT")
    equal(wall.refused, [], "what the filter refused")
    for start in ("DEL_ONION", "GETINFO circuit-status"):
        check(any(p.startswith(start) for p in wall.passed), f"{start} was not asked for")
    check(any("V3Auth" in p for p in wall.passed), "the second is open to all")
    check(not has_onion(tor.control, url), "the service is still there")


@case("existing/a-node-and-a-relay-through-a-filter", seconds=120)
def nodes_filtered(t):
    """Their onion services, too, take nothing but the documented commands."""
    tor = existing(t).wait()
    walls = [t.keep(Filter(f"{tor.folder}/control")) for _ in range(2)]
    home = using(t, f"127.0.0.1:{walls[0].port}", network__listen="tor")
    daemon = t.keep(process.Process(home.argv("daemon"), env=home.environment()))
    relay = t.keep(Relay(t.path("r"), relay__tor="yes",
                         tor__control=f"127.0.0.1:{walls[1].port}"))
    check(":4001/p2p/" in relay.event("onion", 60)["p2p"], "the relay's address")
    wait_until(lambda: home.run("status").status == 0, 20, "the daemon serves")
    wait_until(lambda: json.loads(home.succeed("network", "status", "--json").out)["listen"], 60,
               "the node is an onion service", pause=0.2)
    relay.stop()
    daemon.signal(signal.SIGTERM)
    equal(daemon.wait(10), 0, "the daemon's status")
    for wall in walls:
        equal(wall.refused, [], "what the filter refused")
        equal(sum(" Port=4001," in p for p in wall.passed), 1, "onion services of this port")


@case("existing/a-filter-that-allows-too-little", seconds=60)
def too_little(t):
    tor = existing(t).opened()
    wall = t.keep(Filter(f"{tor.folder}/control",
                         [a for a in ALLOWED if not a.pattern.startswith("GETCONF")]))
    done = using(t, f"127.0.0.1:{wall.port}").detach(str(t.app.http))
    equal(done.status, 1, f"the status of {done}")
    check("refuses GETCONF: 510 Command filtered" in done.err, done.err)


@case("existing/goes-away-and-comes-back", seconds=120)
def comes_back(t):
    """The tunnel waits and says so; once tor is back, so is the same address."""
    tor = Tor(t.path("tor"), t.network.torrc).wait()
    home = using(t, f"unix:{tor.folder}/control")
    tunnel = home.publish(t.app.http)
    url = tunnel.ready()
    tor.stop()
    down = tunnel.event("path_down", 10)
    t.note(down["reason"])
    check("control connection" in down["reason"], down["reason"])
    time.sleep(1)  # it stays away for a while, so that it is looked for in vain
    equal(home.status()["tor"]["state"], "resting", "what it is said to do")
    shutil.rmtree(tor.folder)
    t.keep(Tor(t.path("tor"), t.network.torrc)).wait()
    tunnel.event("path_up", 60, url=url)
    answers(t, url)


@case("existing/sleeps", seconds=120)
def sleeps(t):
    """One that is dormant, because nobody has wanted anything of it, is woken by being used."""
    never_used = existing(t, "DormantOnFirstStartup 1", name="never").opened()
    long_idle = existing(t, name="idle").wait()
    long_idle.control.ask("SIGNAL DORMANT")
    wait_until(lambda: "Going dormant" in long_idle.log(), 10, "it sleeps")
    check("Bootstrapped 5%" not in never_used.log(), "it never slept")
    for name, tor in (("n", never_used), ("i", long_idle)):
        answers(t, using(t, f"unix:{tor.folder}/control", name=name).publish(t.app.http).ready())


@case("existing/hangs", seconds=90)
def hangs(t):
    """One that is stopped is let go of, said so, and found again when it goes on."""
    tor = existing(t).wait()
    home = using(t, f"unix:{tor.folder}/control", tor__answer_timeout="2s")
    tunnel = home.publish(t.app.http)
    url = tunnel.ready()
    os.kill(tor.pid, 19)
    down = tunnel.event("path_down", 20)
    check("hangs" in down["reason"], down["reason"])
    os.kill(tor.pid, 18)
    tunnel.event("path_up", 60, url=url)
    answers(t, url)


# ---- how it lets us in -----------------------------------------------------------------------


@case("existing/by-safecookie", seconds=60)
def by_safecookie(t):
    tor = existing(t, "CookieAuthentication 1", f"CookieAuthFile {t.path('cookie')}")
    tor.opened()
    answers(t, using(t, f"unix:{tor.folder}/control").publish(t.app.http).ready())


@case("existing/a-cookie-that-is-none", seconds=60)
def wrong_cookie(t):
    """Of 31 bytes; not tor's; everybody's; not there: status 1, and what is wrong."""
    tor = existing(t, "CookieAuthentication 1", f"CookieAuthFile {t.path('cookie')}")
    tor.opened()  # its cookie is written a little later
    wait_until(lambda: os.path.exists(t.path("cookie")), 20, "tor's cookie is there")
    home = using(t, f"unix:{tor.folder}/control")
    for content, mode, said in ((bytes(31), 0o600, "31 bytes, and a cookie has 32"),
                                (bytes(32), 0o600, "does not know the cookie"),
                                (bytes(32), 0o644, "everybody can read it"),
                                (None, 0, "No such file")):
        os.unlink(t.path("cookie"))
        if content is not None:
            with open(t.path("cookie"), "wb") as f:
                f.write(content)
            os.chmod(t.path("cookie"), mode)
        done = home.detach(str(t.app.http))
        equal(done.status, 1, f"the status of {done}")
        check(said in done.err and t.path("cookie") in done.err, done.err)


@case("existing/by-password", seconds=60)
def by_password(t):
    """From a file; a wrong one, none, and a loose file are told apart."""
    hashed = subprocess.run(["tor", "--hash-password", 'pass "xyzzy"', "--hush"], check=True,
                            capture_output=True, text=True).stdout.split()[-1]
    tor = existing(t, f"HashedControlPassword {hashed}")
    control = f"unix:{tor.folder}/control"
    tor.opened()
    done = using(t, control).detach(str(t.app.http))
    equal(done.status, 1, f"the status of {done}")
    check("tor.control_password_file" in done.err, done.err)
    for name, text, mode, said in (("wrong", "xyzzy", 0o600, "515"),
                                   ("loose", 'pass "xyzzy"\n', 0o644, "0600")):
        with open(t.path(name), "w", encoding="ascii", opener=lambda p, f, m=mode: os.open(p, f, m)) \
                as f:
            f.write(text)
        done = t.home(name + "-home", tor__torrc=None, tor__control=control,
                      tor__control_password_file=t.path(name)).detach(str(t.app.http))
        equal(done.status, 1, f"the status of {done}")
        check(said in done.err, done.err)
        check("xyzzy" not in done.err, "the password was shown")
    with open(t.path("right"), "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as f:
        f.write('pass "xyzzy"\r\n')
    home = t.home("right-home", tor__torrc=None, tor__control=control,
                  tor__control_password_file=t.path("right"))
    tunnel = home.publish(t.app.http)
    answers(t, tunnel.ready())
    command = " ".join(process.command(home.daemon_pid()))
    check("xyzzy" not in command, f"seen by all: {command}")


# ---- what is no such tor -----------------------------------------------------------------------


@case("existing/not-anonymous", seconds=60)
def not_anonymous(t):
    tor = t.keep(Tor(t.path("tor"), t.network.torrc, socks="0",
                     lines=["HiddenServiceSingleHopMode 1", "HiddenServiceNonAnonymousMode 1"]))
    tor.opened()
    done = using(t, f"unix:{tor.folder}/control").detach(str(t.app.http))
    equal(done.status, 4, f"the status of {done}")
    check("show where this machine is" in done.err, done.err)


@case("existing/nobody-there", network=False)
def nobody(t):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))  # taken, and nothing listens
        for control in (f"127.0.0.1:{s.getsockname()[1]}", "unix:/nowhere/control"):
            home = t.home(control[0], tor__torrc=None, tor__control=control)
            done = home.detach("3000")
            equal(done.status, 1, f"the status of {done}")
            check("nothing listens" in done.err and control in done.err, done.err)


@case("existing/a-place-that-is-none", network=False)
def bad_place(t):
    home = t.home(tor__torrc=None)
    for control in ("9051", "10.0.0.1:9051", "unix:run/tor", "tor.example:9051"):
        done = home.run("3000", "--tor", "-o", f"tor.control={control}")
        equal(done.status, 2, f"the status of {done}")
        check("tor.control" in done.err, done.err)


class Flood:
    """Says the same again and again to whoever comes, up to a gigabyte."""

    def __init__(self, first, again):
        self.first, self.again, self.sent = first, again, 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        try:
            peer, _ = self._server.accept()
            with peer:
                peer.sendall(self.first)
                while self.sent < GIGABYTE:
                    peer.sendall(self.again)
                    self.sent += len(self.again)
        except OSError:
            pass

    def stop(self):
        self._server.close()


FLOODS = {
    "a web page": (b"HTTP/1.1 400 Bad Request\r\n\r\n", b"<p>no</p>\r\n", 1),
    "one line": (b"250-", b"x" * 65536, 1),
    "lines": (b"", b"250-PROTOCOLINFO 1\r\n" * 4096, 1),
    "data": (b"250+PROTOCOLINFO\r\n", b"more\r\n" * 16384, 1),
    "zeros": (b"", bytes(65536), 1),
    "events": (b"", b"650 STATUS_CLIENT NOTICE NONE\r\n" * 4096, 6),
}


@case("existing/a-peer-that-sends-a-gigabyte", network=False, seconds=120)
def gigabyte(t):
    """Whatever it sends: it is let go of, said to be no tor, and costs no memory."""
    for number, (what, (first, again, status)) in enumerate(FLOODS.items()):
        flood = t.keep(Flood(first, again))
        home = t.home(str(number), tor__torrc=None, tor__control=f"127.0.0.1:{flood.port}")
        done = home.detach("3000", seconds=40)
        equal(done.status, status, f"the status with {what}: {done}")
        check("tor.control" in done.err, done.err)
        with open(f"/proc/{home.daemon_pid()}/status", encoding="ascii") as f:
            peak = int(re.search(r"VmHWM:\s+(\d+) kB", f.read())[1]) << 10
        t.note(f"{what}: {flood.sent >> 20} MiB, {peak >> 20} MiB at most")
        check(peak < MOST, f"the daemon grew to {peak} bytes with {what}")

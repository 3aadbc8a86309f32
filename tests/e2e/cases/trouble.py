# SPDX-License-Identifier: BSD-3-Clause
"""What keeps tor from its network: each is made to happen, is said in words, and passes by itself."""
import os
import signal
import socket
import subprocess
import threading

from kit import case as case_module
from kit.case import case
from kit.process import check, equal, wait_until
from kit.tor import Tor

TEXT = b"the app is here\n" * 3  # what the app answers to /text
PORTAL = (b"HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\n"
          b"Content-Length: 0\r\nConnection: close\r\n\r\n")


def program(t, name, text):
    path = t.path(name)
    with open(path, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return path


def answers(t, url, seconds=30):
    wait_until(lambda: t.visitor.answers(url + "/text", TEXT, 10), seconds, f"{url} answers",
               pause=0.2)


def wrong_clock(t):
    """A library that puts the clock of the program it is loaded into off by CLOCK_OFFSET."""
    library = t.path("clock.so")
    source = os.path.join(os.path.dirname(case_module.__file__), "clock.c")
    subprocess.run([*os.environ.get("CC", "gcc").split(), "-D_GNU_SOURCE", "-shared", "-fPIC", "-O1",
                    "-o", library, source, "-ldl"], check=True)
    return library


def clock(t, seconds):
    """What is said while tor's clock is off by so many seconds; then it is set, and all is well."""
    flag = t.path("set")
    binary = program(t, "tor",
                     f"[ -e {flag} ] || {{ export LD_PRELOAD={wrong_clock(t)}\n"
                     f"export CLOCK_OFFSET={seconds}; }}\nexec tor \"$@\"\n")
    home = t.home(tor__binary=binary, tor__bootstrap_timeout="20s")
    tunnel = home.publish(t.app.http)
    said = tunnel.event("warning", seconds=40)["text"]
    t.note(said)
    check("clock" in said and "timedatectl" in said, said)
    with open(flag, "w", encoding="ascii"):
        pass
    os.kill(home.tor_pid(), signal.SIGKILL)
    answers(t, tunnel.ready(40))


@case("trouble/clock-behind-by-hours", seconds=90)
def clock_hours(t):
    clock(t, -5 * 3600)


@case("trouble/clock-ahead-by-days", seconds=90)
def clock_ahead(t):
    clock(t, 3 * 86400)


@case("trouble/clock-behind-by-days", seconds=90)
def clock_behind(t):
    clock(t, -3 * 86400)


class Portal:
    """Answers every connection as the page does that wants a login first."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(2)
                try:
                    peer.recv(4096)
                    peer.sendall(PORTAL)
                except OSError:
                    pass

    def stop(self):
        self._socket.close()


@case("trouble/captive-portal", seconds=60)
def portal(t):
    """What answers in the place of Tor's servers is a web page."""
    server = t.keep(Portal())
    home = t.home(tor__bridge=f"127.0.0.1:{server.port} {'A' * 40}", tor__bootstrap_timeout="5s")
    tunnel = home.publish(t.app.http)
    said = tunnel.event("warning", seconds=40)["text"]
    t.note(said)
    check("login page" in said, said)


@case("trouble/nothing-answers", seconds=60)
def silent(t):
    """Connections are taken, and nothing comes."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        home = t.home(tor__bridge=f"127.0.0.1:{server.getsockname()[1]} {'A' * 40}",
                      tor__bootstrap_timeout="5s")
        tunnel = home.publish(t.app.http)
        said = tunnel.event("warning", seconds=20)["text"]
        t.note(said)
        check("no progress for 5 s" in said, said)


@case("trouble/refused", seconds=60)
def refused(t):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))  # taken, and nothing listens
        home = t.home(tor__bridge=f"127.0.0.1:{s.getsockname()[1]} {'A' * 40}",
                      tor__bootstrap_timeout="5s")
        tunnel = home.publish(t.app.http)
        said = tunnel.event("warning", seconds=20)["text"]
        t.note(said)
        check("refuse" in said, said)


@case("trouble/crashes-again-and-again", seconds=60)
def crashes(t):
    """Each time later, with how often; and all is well once it lives."""
    flag = t.path("well")
    binary = program(t, "tor", f"[ -e {flag} ] && exec tor \"$@\"\n"
                               "tor \"$@\" & sleep 0.7\nkill -9 $!\nkill -SEGV $$\n")
    home = t.home(tor__binary=binary)
    tunnel = home.publish(t.app.http)
    log = home.file("state", "beam.log")

    def often():
        if not os.path.exists(log):
            return False
        with open(log, encoding="utf-8") as f:
            return "3 times in a row" in f.read()

    wait_until(often, 20, "it was said how often")
    with open(flag, "w", encoding="ascii"):
        pass
    answers(t, tunnel.ready(40))


@case("trouble/port-in-use", seconds=30)
def port(t):
    """A port that the included torrc asks for is taken: tor's own words, and no tunnel."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        torrc = t.path("torrc")
        with open(torrc, "w", encoding="ascii") as f:
            f.write(f"%include {t.network.torrc}\nSocksPort 127.0.0.1:{server.getsockname()[1]}\n")
        done = t.home(tor__torrc=torrc).detach(str(t.app.http))
        check(done.status == 1 and "Address already in use" in done.err, f"{done}")
        t.note(done.err.strip())


@case("trouble/data-directory-in-use", seconds=60)
def in_use(t):
    """By a tor that beam did not start: it is said which folder, and no tunnel comes up."""
    home = t.home()
    os.mkdir(home.file("tor"), 0o700)
    other = t.keep(Tor(t.path("other"), t.network.torrc,
                       [f"DataDirectory {home.file('tor', 'data')}"])).opened()
    done = home.detach(str(t.app.http))
    t.note(done.err.strip())
    check(done.status == 1 and "has the data directory" in done.err, f"{done}")
    other.stop()
    equal(home.detach(str(t.app.http)).status, 0, "the status once it is free")


@case("trouble/data-directory-not-ours-alone", network=False)
def loose(t):
    home = t.home(tor__torrc=None)
    os.mkdir(home.file("tor"))
    os.chmod(home.file("tor"), 0o750)
    done = home.detach("3000")
    check(done.status in (1, 3) and home.file("tor") in done.err and "chmod" in done.err, f"{done}")


class Old:
    """A control port of a tor from long ago."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        try:
            peer, _ = self._socket.accept()
            with peer:
                peer.recv(4096)
                peer.sendall(b'250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n'
                             b'250-VERSION Tor="0.4.6.9"\r\n250 OK\r\n')
                peer.recv(4096)
        except OSError:
            pass

    def stop(self):
        self._socket.close()


@case("trouble/tor-too-old", network=False)
def too_old(t):
    server = t.keep(Old())
    done = t.home(tor__torrc=None, tor__control=f"127.0.0.1:{server.port}").detach("3000")
    check(done.status == 1 and "0.4.6.9 is too old" in done.err and "update" in done.err, f"{done}")

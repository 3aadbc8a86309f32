# SPDX-License-Identifier: BSD-3-Clause
"""What keeps tor from its network: each is made to happen, is said in words, and passes by itself."""
import os
import re
import socket
import threading
import time

from kit.case import case
from kit.clock import Clock
from kit.process import check, equal, wait_until
from kit.tor import BRIDGE_LINES, Tor

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


def clock(t, seconds):
    """What is said while the clock of beam and its tor is off by so many seconds; then it is set,
    and all is well."""
    wrong = Clock(t.folder)
    wrong.move(seconds)
    home = t.home(within=[wrong.give_to("env")], tor__binary=wrong.give_to("tor"),
                  tor__bootstrap_timeout="20s")
    tunnel = home.publish(t.app.http)
    said = tunnel.event("warning", seconds=40)["text"]
    t.note(said)
    check("clock" in said and "timedatectl" in said, said)
    wrong.move(0)
    answers(t, tunnel.ready(60))


@case("trouble/clock-behind-by-hours", seconds=150)
def clock_hours(t):
    clock(t, -5 * 3600)


@case("trouble/clock-ahead-by-days", seconds=150)
def clock_ahead(t):
    clock(t, 3 * 86400)


@case("trouble/clock-behind-by-days", seconds=150)
def clock_behind(t):
    clock(t, -3 * 86400)


class Door:
    """In front of a bridge into the private network. At first it is shut, and connections to it are
    refused."""

    def __init__(self, t):
        self._bridge = t.keep(Tor(t.path("bridge"), t.network.torrc, BRIDGE_LINES)).wait()
        ask = self._bridge.control.ask
        self._inner = int(re.search(r':(\d+)"', ask("GETINFO net/listeners/or")[0])[1])
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._answer = None
        fingerprint = ask("GETINFO fingerprint")[0].partition("=")[2]
        self.line = f"127.0.0.1:{self._socket.getsockname()[1]} {fingerprint}"

    def be_silent(self):
        """Connections are taken, and nothing comes."""
        self._socket.listen(64)

    def be_portal(self):
        """What answers is the page that wants a login first."""
        self._serve(self._login_page)

    def open(self):
        """It leads to the bridge."""
        self._serve(self._pass_on)

    def _serve(self, answer):
        self._socket.listen(64)
        first, self._answer = self._answer is None, answer
        if first:
            threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(peer,), daemon=True).start()

    @staticmethod
    def _login_page(peer):
        with peer:
            peer.settimeout(2)
            try:
                peer.recv(4096)
                peer.sendall(PORTAL)
            except OSError:
                pass

    def _pass_on(self, peer):
        with peer, socket.create_connection(("127.0.0.1", self._inner)) as bridge:
            threading.Thread(target=copy, args=(bridge, peer), daemon=True).start()
            copy(peer, bridge)

    def stop(self):
        self._socket.close()


def copy(source, to):
    """Until the end of it, which is passed on."""
    try:
        while data := source.recv(65536):
            to.sendall(data)
        to.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def behind(t, door, words):
    """It is said what the door does, and once it is open all is well, by the same tor."""
    home = t.home(tor__bridge=door.line, tor__bootstrap_timeout="5s")
    tunnel = home.publish(t.app.http)
    said = tunnel.event("warning", seconds=40)["text"]
    t.note(said)
    check(words in said, said)
    tor = home.tor_pid()
    door.open()
    begin = time.monotonic()
    answers(t, tunnel.ready(60))
    t.note(f"well after {time.monotonic() - begin:.1f} s")
    equal(home.tor_pid(), tor, "the pid of its tor")


@case("trouble/captive-portal", seconds=120)
def portal(t):
    """What answers in the place of Tor's servers is a web page, until somebody has logged in."""
    door = t.keep(Door(t))
    door.be_portal()
    behind(t, door, "login page")


@case("trouble/nothing-answers", seconds=120)
def silent(t):
    door = t.keep(Door(t))
    door.be_silent()
    behind(t, door, "no progress for 5 s")


@case("trouble/refused", seconds=120)
def refused(t):
    behind(t, t.keep(Door(t)), "refuse")


@case("trouble/crashes-again-and-again", seconds=60)
def crashes(t):
    """It is said with its end and how often, doctor knows it too, and all is well once it lives."""
    flag = t.path("well")
    binary = program(t, "tor", f"[ -e {flag} ] && exec tor \"$@\"\n"
                               "tor \"$@\" & sleep 0.7\nkill -9 $!\nkill -SEGV $$\n")
    home = t.home(tor__binary=binary)
    tunnel = home.publish(t.app.http)
    said = tunnel.event("warning", seconds=20)["text"]
    t.note(said)
    check("signal 11" in said and "2 times in a row" in said and "beam doctor" in said, said)
    wait_until(lambda: "signal 11" in home.run("doctor").out, 20, "doctor says why it ended")
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

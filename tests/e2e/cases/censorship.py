# SPDX-License-Identifier: BSD-3-Clause
"""Where the way to the public relays is barred: bridges, and the programs that speak to them."""
import os
import re
import signal
import socket

from kit.bridge import PROXY, Bridge
from kit.case import case
from kit.process import check, equal, wait_until

TEXT = b"the app is here\n" * 3  # what the app answers to /text
FINGERPRINT = "0123456789ABCDEF" * 2 + "01234567"  # of nobody
CERT = "cert=" + "A" * 70


def read(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.read()
    except OSError:
        return ""


def children(pid):
    return [int(c) for c in read(f"/proc/{pid}/task/{pid}/children").split()]


def connections(pid):
    """The ports on 127.0.0.1 that a process's TCP connections lead to."""
    inodes = {m[1] for name in os.listdir(f"/proc/{pid}/fd")
              if (m := re.match(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{name}")))}
    rows = [line.split() for line in read(f"/proc/{pid}/net/tcp").splitlines()[1:]]
    return {int(r[2].rpartition(":")[2], 16) for r in rows if r[9] in inodes and r[3] == "01"}


@case("censorship/obfs4", seconds=90)
def obfs4(t):
    """By an obfs4 bridge alone: published, fetched, and tor itself speaks to nothing else."""
    bridge = t.keep(Bridge(t.path("bridge"), t.network.torrc))
    home = t.home(tor__bridge=bridge.line)
    tunnel = home.publish(t.app.http)
    url = tunnel.ready()
    wait_until(lambda: t.visitor.answers(url + "/text", TEXT, 10), 30, f"{url} answers", pause=0.2)
    tor = home.tor_pid()
    proxies = [p for p in children(tor) if read(f"/proc/{p}/comm").startswith("obfs4proxy")]
    equal(len(proxies), 1, "programs that speak the transport")
    equal(connections(proxies[0]) & {bridge.port}, {bridge.port}, "the bridge is spoken to")
    relays = {port for _, port in t.visitor_control().relays()}
    check(not connections(tor) & (relays | {bridge.port}),
          f"tor has connections of its own: {connections(tor)}")
    check(not connections(proxies[0]) & relays, "the program reaches past the bridge")
    os.kill(proxies[0], signal.SIGKILL)
    said = tunnel.event("warning", seconds=30)["text"]
    check("has ended" in said and "tor.transport" in said, said)


@case("censorship/a-line-that-is-wrong", network=False)
def wrong_line(t):
    """Refused with status 2; the word that is wrong is named, and no more of the line shown."""
    home = t.home(tor__torrc=None)
    short = f"obfs4 192.0.2.7:443 {FINGERPRINT[1:]} cert=abc"
    for key, value, said in (("bridge", short, "40 hex digits"),
                             ("bridge", "example.org:443", "192.0.2.1:443"),
                             ("bridge", f"obfs4 192.0.2.7:443 {FINGERPRINT}", "without cert="),
                             ("bridge", "Bridge 192.0.2.7:443", "leave out this word"),
                             ("transport", "obfs4 /usr/bin/obfs4proxy", "`exec` is wanted")):
        done = home.run("3000", "--tor", "-o", f"tor.{key}={value}")
        equal(done.status, 2, f"the status of {done}")
        check(f"tor.{key}" in done.err and said in done.err, done.err)
        check("cert=abc" not in done.err, "the whole line was shown")


@case("censorship/a-bridge-that-does-not-answer", network=False, seconds=60)
def no_answer(t):
    """The bridge is named as what is wrong, and not the network; where it is stays out of the log."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))  # taken, and nothing listens
        line = f"obfs4 127.0.0.1:{s.getsockname()[1]} {FINGERPRINT} {CERT} iat-mode=0"
        home = t.home(tor__torrc=None, tor__bridge=line, log__level="debug")
        said = home.publish("3000").event("warning", seconds=30)["text"]
        told = read(home.file("state", "beam.log"))
        check("unable to connect" in told, "tor's words are not in the log")
        check(not any(secret in told for secret in line.split()[1:4]), told)
    check("a bridge does not answer" in said and "no network" not in said, said)


@case("censorship/no-program", network=False)
def no_program(t):
    """A transport whose program is not here: what to do is said, and nothing falls back."""
    home = t.home(tor__torrc=None)
    done = home.run("3000", "--tor", "-o", "tor.bridge=strange 192.0.2.7:443")
    equal(done.status, 1, "the status")
    check("tor.transport = strange exec PATH" in done.err, done.err)


@case("censorship/the-program-dies", seconds=60)
def program_dies(t):
    """It is said, tor is kept from any other way, and once the program works all goes on."""
    bridge = t.keep(Bridge(t.path("bridge"), t.network.torrc))
    program = t.path("program")
    with open(program, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\nexit 1\n")
    os.chmod(program, 0o755)
    home = t.home(tor__bridge=bridge.line, tor__transport=f"obfs4 exec {program}")
    tunnel = home.publish(t.app.http)
    said = tunnel.event("warning", seconds=30)
    check("transport" in said["text"], said["text"])
    os.unlink(program)
    os.symlink(PROXY, program)
    url = tunnel.ready(60)
    wait_until(lambda: t.visitor.answers(url + "/text", TEXT, 10), 30, f"{url} answers", pause=0.2)


@case("censorship/a-new-bridge-on-sighup", seconds=120)
def new_bridge(t):
    """The only bridge does not answer; another is named, the daemon told, and the tunnel comes up."""
    bridge = t.keep(Bridge(t.path("bridge"), t.network.torrc))
    home = t.home(log__level="debug")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))  # taken, and nothing listens
        dead = f"obfs4 127.0.0.1:{s.getsockname()[1]} {FINGERPRINT} {CERT} iat-mode=0"
        home.configure(f"[tor]\nbridge = {dead}\n")
        tunnel = home.publish(t.app.http)
        said = tunnel.event("warning", seconds=40)["text"]
        check("a bridge does not answer" in said, said)
        daemon, tor = home.daemon_pid(), home.tor_pid()
        home.configure(f"[tor]\nbridge = {bridge.line}\n")
        os.kill(daemon, signal.SIGHUP)
        url = tunnel.ready(60)
    equal(home.daemon_pid(), daemon, "the daemon's pid")
    check(home.tor_pid() != tor, "it is the same tor")
    wait_until(lambda: t.visitor.answers(url + "/text", TEXT, 10), 30, f"{url} answers", pause=0.2)
    told = read(home.file("state", "beam.log"))
    check("begins anew" in told, "the log does not say why tor was started again")
    secrets = [*dead.split()[1:4], *bridge.line.split()[1:4]]
    check(not any(secret in told for secret in secrets), "where a bridge is was logged")


@case("censorship/no-configuration-on-sighup", seconds=120)
def no_configuration(t):
    """The file that names the bridge is gone, and the daemon told to read it: tor keeps to the
    bridge, though it does not answer."""
    home = t.home()
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))  # taken, and nothing listens
        dead = f"obfs4 127.0.0.1:{s.getsockname()[1]} {FINGERPRINT} {CERT} iat-mode=0"
        home.configure(f"[tor]\nbridge = {dead}\n")
        tunnel = home.publish(t.app.http)
        said = tunnel.event("warning", seconds=40)["text"]
        check("a bridge does not answer" in said, said)
        tor, torrc = home.tor_pid(), read(home.file("tor", "torrc"))
        check("UseBridges 1" in torrc, torrc)
        os.unlink(home.file("beam.conf"))
        os.kill(home.daemon_pid(), signal.SIGHUP)
        wait_until(lambda: "is left as it was" in read(home.file("state", "beam.log")), 10,
                   "it is said that the file is missing")
        equal(read(home.file("tor", "torrc")), torrc, "what tor is told")
        equal(home.tor_pid(), tor, "the pid of its tor")
        home.configure("")
        os.kill(home.daemon_pid(), signal.SIGHUP)
        tunnel.ready(60)

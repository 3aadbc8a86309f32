# SPDX-License-Identifier: BSD-3-Clause
"""`beam doctor`: a machine that is well, and each fault with its words and what to do about it."""
import json
import os
import socket

from kit.case import case
from kit.process import check, equal, run
from kit.tor import Tor


def examine(home, *options, seconds=60):
    """(the exit status, {check: [its findings]})"""
    done = run(home.argv("doctor", "--json", *options), seconds, env=home.environment())
    report = json.loads(done.out)
    equal(set(report), {"status", "findings"}, "the members")
    found = {}
    for f in report["findings"]:
        equal(set(f), {"check", "status", "text", "next"}, "the members of a finding")
        check(f["status"] in ("ok", "warn", "fail"), f"{f}")
        check(f["next"] or f["status"] == "ok", f"no next step: {f}")
        found.setdefault(f["check"], []).append(f)
    worst = max((f["status"] for fs in found.values() for f in fs),
                key=("ok", "warn", "fail").index)
    equal(report["status"], worst, "the worst of it")
    equal(done.status, 1 if worst == "fail" else 0, f"the status of {done}")
    return done.status, found


def fault(home, where, said, seconds=60):
    """There is a fault of that kind, with these words in it."""
    status, found = examine(home, seconds=seconds)
    equal(status, 1, "the status")
    failed = [f for f in found.get(where, []) if f["status"] == "fail"]
    check(any(said in f["text"] for f in failed), f"{said!r} is not among {found}")
    return failed[0]


@case("doctor/all-is-well", seconds=90)
def well(t):
    """On a fresh home, then beside a daemon whose tor is up; as text, too."""
    home = t.home()
    status, found = examine(home)
    equal(status, 0, f"the status: {found}")
    equal(set(found), {"folders", "keys", "configuration", "clock", "tor", "bridges", "data", "daemon",
                       "network"}, "what was looked at")
    check("after" in found["network"][-1]["text"], f"{found['network']}")
    check(home.daemon_pid() is None, "it started a daemon")
    home.only_state_is_left()
    home.publish(t.app.http).ready()
    status, found = examine(home)
    equal(status, 0, f"the status: {found}")
    check("runs as pid" in found["daemon"][-1]["text"], f"{found['daemon']}")
    check("the daemon's tor" in found["network"][-1]["text"], f"{found['network']}")
    done = run(home.argv("doctor"), 30, env=home.environment())
    equal(done.status, 0, f"{done}")
    check(all(line[:4] in ("ok  ", "warn", "    ") for line in done.out.splitlines()), done.out)


@case("doctor/an-existing-tor", seconds=90)
def existing(t):
    tor = t.keep(Tor(t.path("tor"), t.network.torrc)).wait()
    home = t.home(tor__torrc=None, tor__control=f"unix:{tor.folder}/control")
    status, found = examine(home)
    equal(status, 0, f"the status: {found}")
    check(f"{tor.folder}/control" in found["tor"][0]["text"] and "NULL" in found["tor"][0]["text"],
          f"{found['tor']}")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        fault(t.home("none", tor__torrc=None, tor__control=f"127.0.0.1:{s.getsockname()[1]}"),
              "network", "nothing listens")


@case("doctor/faults", network=False, seconds=60)
def faults(t):
    """Each made, one at a time."""
    home = t.home("missing", tor__torrc=None, tor__binary="/nowhere/tor")
    check("install" in fault(home, "tor", "no such program")["next"], "what to do")
    old = t.path("tor")
    with open(old, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\necho 'Tor version 0.4.6.9.'\n")
    os.chmod(old, 0o755)
    fault(t.home("old", tor__torrc=None, tor__binary=old), "tor", "too old")

    home = t.home("loose", tor__torrc=None)
    os.mkdir(home.file("tor"))
    os.chmod(home.file("tor"), 0o755)
    check("chmod" in fault(home, "folders", home.file("tor"))["next"], "what to do")

    home = t.home("wrong", tor__torrc=None)
    with open(home.file("beam.conf"), "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) \
            as f:
        f.write("[tor]\nbinry = x\n")
    fault(home, "configuration", "beam.conf:2")

    fault(t.home("bridge", tor__torrc=None, tor__bridge="strange 192.0.2.7:443"), "bridges",
          "no program is known")
    torrc = t.path("lines")
    with open(torrc, "w", encoding="ascii") as f:
        f.write("SockPort 0\n")
    fault(t.home("torrc", tor__torrc=torrc), "network", "SockPort")


@case("doctor/no-way-to-the-network", network=False, seconds=60)
def no_way(t):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))  # taken, and nothing listens
        home = t.home(tor__torrc=None, tor__bridge=f"127.0.0.1:{s.getsockname()[1]} {'A' * 40}",
                      tor__bootstrap_timeout="5s")
        found = fault(home, "network", "refuse")
        t.note(f"{found['text']}: {found['next']}")


@case("doctor/the-data-directory-is-in-use", seconds=60)
def in_use(t):
    """By a tor that no daemon of ours started."""
    home = t.home()
    os.mkdir(home.file("tor"), 0o700)
    t.keep(Tor(t.path("other"), t.network.torrc,
               [f"DataDirectory {home.file('tor', 'data')}"])).wait()
    check("stop" in fault(home, "data", "in use")["next"], "what to do")

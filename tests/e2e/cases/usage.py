# SPDX-License-Identifier: BSD-3-Clause
"""What a user may get wrong, and what beam says: a status of the contract, and helpful words."""
import os
import re

from kit.beam import BEAM, Home
from kit.case import case
from kit.process import check, equal, run

MESSAGE = re.compile(r"^beam: .+: .+$")  # WHAT: WHY (what to do)

# name: what is typed, the exit status, what the words must have (patterns, any case)
WRONG = {
    "nothing": ((), 2, ["TARGET"]),
    "port-0": (("0", "--tor"), 2, [r"\b0\b", "1 to 65535"]),
    "port-65536": (("65536", "--tor"), 2, ["65536", "1 to 65535"]),
    "port-negative": (("--tor", "--", "-1"), 2, ["-1"]),
    "port-huge": (("99999999999999999999", "--tor"), 2, ["99999999999999999999"]),
    "port-abc": (("abc", "--tor"), 2, ["abc"]),
    "port-with-letters": (("30a", "--tor"), 2, ["30a"]),
    "host-port-0": (("127.0.0.1:0", "--tor"), 2, [r"\b0\b"]),
    "host-by-name": (("app.example.com:80", "--tor"), 2, ["app.example.com", "DNS"]),
    "url": (("http://127.0.0.1:3000/", "--tor"), 2, ["URL", "127.0.0.1:3000"]),
    "ipv6-without-brackets": (("::1:3000", "--tor"), 2, [r"\["]),
    "directory": (("unix:/tmp", "--tor"), 2, ["/tmp", "director|folder"]),
    "directory-as-it-is": (("/tmp", "--tor"), 2, ["/tmp"]),
    "unix-without-path": (("unix:", "--tor"), 2, ["path"]),
    "unix-too-long": (("unix:/" + "a" * 200, "--tor"), 2, ["107|long"]),
    "name-capitals": (("3000", "--tor", "--name", "Alice"), 2, ["Alice", "a-z"]),
    "name-dots": (("3000", "--tor", "--name", "a.b"), 2, [r"a\.b", "a-z"]),
    "name-emoji": (("3000", "--tor", "--name", "a\U0001F9C5"), 2, ["a-z"]),
    "name-300": (("3000", "--tor", "--name", "a" * 300), 2, ["63"]),
    "name-empty": (("3000", "--tor", "--name", ""), 2, ["a-z"]),
    "name-escape": (("3000", "--tor", "--name", "a\x1b[31m"), 2, [r"a\\x1b\[31m"]),
    "name-dash": (("3000", "--tor", "--name", "-a"), 2, [""]),
    "option-unknown": (("3000", "--frobnicate"), 2, ["--frobnicate", "help"]),
    "option-10000": (("3000", "--" + "x" * 10000), 2, [r"x: no such option \(`beam help`"]),
    "option-near": (("3000", "--ephemral"), 2, ["--ephemral", "--ephemeral"]),
    "option-nearer": (("3000", "--tot"), 2, ["--tot", r"--tor\b"]),
    "option-letter": (("3000", "-z"), 2, ["-z"]),
    "option-without-its-value": (("3000", "--name"), 2, ["--name"]),
    "option-with-a-value": (("3000", "--tor=yes"), 2, ["--tor"]),
    "option-of-another": (("status", "--qr"), 2, ["--qr", "status"]),
    "command-near": (("stauts",), 2, ["stauts", "status"]),
    "command-nearer": (("hlep",), 2, ["hlep", r"\bhelp\b"]),
    "two-targets": (("3000", "3001", "--tor"), 2, ["3001"]),
    "stop-nothing": (("stop",), 2, ["--all"]),
    "stop-too-long": (("stop", "a" * 10000), 5, [r"aa\.\.\.aa", "beam status"]),
    "stop-no-utf-8": (("stop", "\udcff\x1b[31m"), 5, [r"\\xff\\x1b\[31m", "beam status"]),
    "stop-both": (("stop", "a", "--all"), 2, ["--all"]),
    "json-and-qr": (("3000", "--json", "--qr"), 2, ["--json", "--qr"]),
    "policy-unknown": (("3000", "--policy", "anonymus"), 2, ["anonymus", "anonymous"]),
    "policy-and-path": (("3000", "--policy", "anonymous", "--tor"), 2, ["--policy", "--tor"]),
    "egress-unknown": (("3000", "--tor", "--egress", "lots"), 2, ["lots", "tor", "any"]),
    "help-unknown": (("help", "frobnicate"), 2, ["frobnicate"]),
    "key-without-value": (("-o", "tor.binary", "3000", "--tor"), 2, ["tor.binary", "="]),
    "key-unknown": (("-o", "tor.binari=x", "3000", "--tor"), 2, ["tor.binari", "tor.binary"]),
    "key-of-no-section": (("-o", "nothing.at=all", "3000", "--tor"), 2, ["nothing"]),
    "bootstrap-not-dialled": (("-o", "network.bootstrap=/ip4/127.0.0.1/udp/1/quic-v1", "3000",
                               "--tor"), 2, ["network.bootstrap", "transport", "/tcp/PORT"]),
    "key-not-a-time": (("-o", "daemon.linger=soon", "3000", "--tor"), 2, ["soon", "linger"]),
    "key-out-of-range": (("-o", "tunnel.max_streams=0", "3000", "--tor"), 2,
                         ["max_streams", r"\b1\b"]),
    "key-too-long": (("-o", "tor.binary=" + "a" * 5000, "3000", "--tor"), 2,
                     ["the value is not at most 4096"]),
    "key-not-a-switch": (("-o", "log.scrub=perhaps", "3000", "--tor"), 2, ["perhaps", "yes"]),
    "config-not-there": (("--config", "/nonexistent/beam.conf", "3000", "--tor"), (1, 2, 5),
                         ["/nonexistent/beam.conf"]),
    "config-a-directory": (("--config", "/tmp", "3000", "--tor"), (1, 2), ["/tmp"]),
    "peer-that-is-none": (("network", "ping", "alice"), 2, ["alice", "12D3KooW", "/ip4/"]),
    "verb-near": (("keys", "improt", "f"), 2, ["improt", r"\bimport\b"]),
    "verb-without-its-word": (("relay", "ban"), 2, ["beam relay ban WHAT"]),
    "verb-with-another's-option": (("relay", "list", "--acme", "a.example"), 2, ["--acme", "list"]),
    "status-without-daemon": (("status",), 3, ["daemon"]),
    "stop-without-daemon": (("stop", "--all"), 3, ["daemon"]),
}

# name: the lines of beam.conf, the line that is wrong, what the words must have
CONFIGS = {
    "unknown-key": ("[tor]\nbinray = tor\n", 2, ["binray", "binary"]),
    "unknown-section": ("\n[trunk]\na = b\n", 2, ["trunk"]),
    "no-section": ("binary = tor\n", 1, ["binary"]),
    "not-a-number": ("[tunnel]\n\nmax_streams = many\n", 3, ["many", "max_streams"]),
    "out-of-range": ("[tunnel]\nmax_streams = 65537\n", 2, ["65537", "65536"]),
    "not-a-time": ("[daemon]\nlinger = 10 fortnights\n", 2, ["fortnights", "10s|5m|1h"]),
    "not-a-level": ("[log]\nlevel = loud\n", 2, ["loud", "error", "debug"]),
    "no-equals": ("[tor]\nbinary\n", 2, [""]),
    "control-character": ("[tor]\nbinary = a\x1b[2Jb\n", 2, [""]),
    "no-utf-8": (b"[tor]\nbinary = \xff\xfe\n", 2, [""]),
    "nul": (b"[tor]\nbinary = a\x00b\n", 2, [""]),
    "long-line": ("[tor]\nbinary = " + "a" * 5000 + "\n", 2, ["4096|long"]),
    "policy-bad": ('[policy "mine"]\npaths = carrier-pigeon\n', None, ["carrier-pigeon"]),
}


def complains(done, status, words):
    """Fails unless it ended with the status, wrote one line of the right form, and nothing else."""
    allowed = status if isinstance(status, tuple) else (status,)
    check(done.status in allowed, f"{done}\n    wanted status {status}")
    lines = done.err.splitlines()
    check(lines and MESSAGE.match(lines[0]), f"{done}\n    not of the form `beam: WHAT: WHY`")
    check(len(lines) == 1, f"{done}\n    more than one line")
    check(done.out == "", f"{done}\n    something on standard output")
    check(lines[0].isprintable(), f"{done}\n    a control character on the terminal")
    for word in words:
        check(re.search(word, done.err, re.IGNORECASE), f"{done}\n    nothing about {word!r}")


def nothing_was_started(home):
    check(not os.path.exists(home.file("run", "beam.pid")), "a daemon was started for that")


def _wrong(args, status, words):
    def body(t):
        home = t.home()
        complains(home.run(*args), status, words)
        nothing_was_started(home)
    return body


def _config(text, line, words):
    def body(t):
        home = t.home()
        path = home.file("beam.conf")
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(path, 0o600)
        where = [] if line is None else [rf"{re.escape(path)}:{line}\b"]
        complains(home.run("3000", "--tor"), (1, 2), [*where, *words])
        nothing_was_started(home)
    return body


for _name, _row in WRONG.items():
    case(f"usage/{_name}", seconds=30, network=False)(_wrong(*_row))
for _name, _row in CONFIGS.items():
    case(f"usage/config-{_name}", seconds=30, network=False)(_config(*_row))


@case("usage/port-65536-as-json", network=False)
def wrong_as_json(t):
    """With --json an error is an event too; standard error has the same words."""
    done = t.home().run("65536", "--tor", "--json")
    equal(done.status, 2, f"{done}: the status")
    check("65536" in done.err and MESSAGE.match(done.err.splitlines()[0]), f"{done}")


@case("usage/config-loose-mode", network=False)
def loose_config(t):
    """A configuration that others may write is refused, and named."""
    home = t.home()
    path = home.file("beam.conf")
    with open(path, "w", encoding="ascii") as f:
        f.write("[log]\nlevel = warn\n")
    os.chmod(path, 0o666)
    complains(home.run("3000", "--tor"), 1, [re.escape(path), "chmod|mode|0644|0600|write"])
    nothing_was_started(home)


@case("usage/home-loose-mode", network=False)
def loose_home(t):
    """A home, or a folder of it, that others may enter is refused, and named."""
    for folder, mode in (("", 0o755), ("run", 0o750), ("tor", 0o711)):
        home = Home(t.path(f"home{folder}"))
        path = home.file(folder) if folder else home.path
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
        done = home.run("-o", "tor.binary=/nonexistent/tor", "3000", "--tor")
        complains(done, (1, 3), [re.escape(path), "700"])
        nothing_was_started(home)


@case("usage/home-relative", network=False)
def relative_home(t):
    home = t.home()
    done = home.run("3000", "--tor", env=home.environment(BEAM_HOME="relative/home"), cwd=t.folder)
    complains(done, (1, 2), ["relative/home|BEAM_HOME"])


@case("usage/home-a-file", network=False)
def file_home(t):
    home = t.home()
    for words in (("3000", "--tor"), ("status",), ("keys", "show"), ("relay",), ("daemon",)):
        complains(home.run(*words, env=home.environment(BEAM_HOME="/dev/null")), 1,
                  ["BEAM_HOME", "/dev/null", "not a folder"])


@case("usage/home-too-long", network=False)
def long_home(t):
    """No unix socket fits below it: said at once, not when tor has been waited for."""
    home = t.home()
    done = home.run("3000", "--tor", env=home.environment(BEAM_HOME=t.path("a" * 120)))
    complains(done, (1, 2, 3), ["long|107|socket"])


@case("usage/no-tor", network=False)
def no_tor(t):
    """Without a tor binary: which one, and what to do; status 1."""
    home = t.home()
    done = home.run("-o", "daemon.linger=0s", "-o", "tor.binary=/nonexistent/tor", "3000", "--tor",
                    seconds=15)
    check(done.status == 1 and "/nonexistent/tor" in done.err, f"{done}")
    check(re.search(r"install|apt|tor\.binary", done.err), f"{done}: nothing about what to do")


@case("usage/tor-that-fails", network=False)
def failing_tor(t):
    """A tor that refuses its configuration: its own words are shown."""
    home = t.home()
    torrc = t.path("torrc")
    with open(torrc, "w", encoding="ascii") as f:
        f.write("NoSuchOption 1\n")
    done = home.run("-o", "daemon.linger=0s", "-o", f"tor.torrc={torrc}", "3000", "--tor",
                    seconds=15)
    check(done.status == 1 and "NoSuchOption" in done.err, f"{done}")


@case("usage/loose-key", seconds=60)
def loose_key(t):
    """Keys that others may read are not used, though they were read before; the file is named."""
    home = t.home()
    tunnel = home.publish(t.app.http)
    tunnel.ready()
    tunnel.interrupt()
    keys = [p for p in home.files() if p.endswith(".key")]
    equal(len(keys), 1, f"keys among {home.files()}")
    os.chmod(home.file(keys[0]), 0o644)
    done = home.detach(str(t.app.http))
    check(done.status == 1 and keys[0] in done.err and "600" in done.err, f"{done}")


@case("usage/target-elsewhere", network=False)
def target_elsewhere(t):
    """A target beyond this machine is refused by the policy: status 4, and how to allow it."""
    done = t.home().run("-o", "daemon.linger=0s", "198.51.100.7:80", "--tor")
    complains(done, 4, ["198.51.100.7", "--egress any"])


@case("usage/standard-output-closed", network=False)
def closed_output(t):
    """What nobody can read is not told as done; a visitor whose key is lost is not let in."""
    home = t.home()
    for words in (("help",), ("--version",), ("visitors", "make", home.file("list"), "bob")):
        done = run(["sh", "-c", 'exec "$@" >&-', "sh", BEAM, *words], 20, env=home.environment())
        check(done.status == 1 and MESSAGE.match(done.err), f"{done}")
    check(not os.path.exists(home.file("list")), "a visitor was added")


@case("usage/help-and-version", network=False)
def help_and_version(t):
    home = t.home()
    for args in (("help",), ("--help",), ("-h",), ("help", "status"), ("status", "--help"),
                 ("3000", "--help")):
        done = home.run(*args)
        check(done.status == 0 and "beam" in done.out and not done.err, f"{done}")
    done = home.run("--version")
    check(done.status == 0 and re.match(r"beam \d+\.\d+\.\d+\n$", done.out), f"{done}")
    check(all(len(line) <= 100 for line in home.run("help").out.splitlines()), "help is too wide")
    nothing_was_started(home)


@case("usage/single-hop", seconds=60)
def single_hop(t):
    """A tor that would give our place away is refused: status 4, nothing is published."""
    torrc = t.path("torrc")
    with open(torrc, "w", encoding="ascii") as f:
        f.write(f"%include {t.network.torrc}\n"
                "HiddenServiceNonAnonymousMode 1\nHiddenServiceSingleHopMode 1\n")
    home = t.home(tor__torrc=torrc)
    done = home.detach(str(t.app.http))
    equal(done.status, 4, f"{done}: the status")
    check(re.search("non-?anonymous|single-?hop", done.err, re.IGNORECASE),
          f"{done}: it does not say why")
    check(".onion" not in done.out, f"{done}: an address was told")


@case("usage/single-hop-tor", seconds=60)
def single_hop_tor(t):
    """The same of a tor that runs like that although its configuration does not say so."""
    wrapper = t.path("tor")
    with open(wrapper, "w", encoding="ascii") as f:
        f.write('#!/bin/sh\nexec tor "$@" --SocksPort 0 --HiddenServiceNonAnonymousMode 1 '
                "--HiddenServiceSingleHopMode 1\n")
    os.chmod(wrapper, 0o755)
    done = t.home(tor__binary=wrapper).detach(str(t.app.http))
    equal(done.status, 4, f"{done}: the status")
    check(re.search("non-?anonymous|single-?hop", done.err, re.IGNORECASE),
          f"{done}: it does not say why")
    check(".onion" not in done.out, f"{done}: an address was told")

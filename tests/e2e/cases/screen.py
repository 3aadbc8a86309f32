# SPDX-License-Identifier: BSD-3-Clause
"""What a user sees: beam on a terminal, and beam whose output goes elsewhere."""
import os
import re
import signal

from kit.case import case
from kit.process import Process, check, equal, run
from kit.screen import Terminal
from kit.visit import host_of

UTF8 = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}


def terminal(t, home, *args, env=None):
    return t.keep(Terminal(home.argv(*args), home.environment(**{**UTF8, **(env or {})})))


def ask(t, host, request):
    """Sends a request as it is, and waits for the answer."""
    with t.visitor.connect(host) as connection:
        connection.sendall(request)
        check(connection.recv(100), "no answer")


@case("screen/a-tunnel")
def a_tunnel(t):
    """What is published where, how it is protected, each request, and Ctrl-C."""
    home = t.home()
    beam = terminal(t, home, str(t.app.http), "--tor", "--name", "seen")
    beam.shows(r"⚡ Beam \d+\.\d+\.\d+ \(anonymous\)")
    beam.shows(rf"🔗 Local +.*seen.* → 127\.0\.0\.1:{t.app.http}")
    url = beam.shows(r"🧅 Tor +(http://[a-z2-7]{56}\.onion) +ready in \d+\.\d s", 40).group(1)
    beam.shows(r"🔒 onion: end to end, Tor v3")
    beam.shows(r"Ctrl-C stops\.")
    check("%" not in beam.screen.text(), f"progress is left on the screen:\n{beam.screen.text()}")
    t.visitor.curl.get(url + "/stream/1234")
    t.visitor.curl.get(url + "/hello?a=1", "--data-binary", "x")
    beam.shows(r"\n\d\d:\d\d:\d\d +GET /stream/1234 +200 .*1\.2 kB.*onion")
    beam.shows(r"\n\d\d:\d\d:\d\d +POST /hello\?a=1 +200 ")
    beam.type(b"\x03")
    equal(beam.wait(10), 0, "the status after Ctrl-C")
    equal(beam.screen.unknown, [], "sequences of no use")


@case("screen/terminal-escapes")
def terminal_escapes(t):
    """What a visitor writes for terminals is shown, not obeyed; nor are tricks of direction."""
    home = t.home()
    beam = terminal(t, home, str(t.app.http), "--tor")
    host = host_of(beam.shows(r"http://[a-z2-7]{56}\.onion", 40).group())
    beam.shows(r"Ctrl-C stops")
    ask(t, host, b"GET /\x1b[31mred\x1b[2J\x1b]0;owned\x07 HTTP/1.1\r\n\r\n")
    beam.shows(r"GET /\\x1b\[31mred\\x1b\[2J\\x1b\]0;owned")
    ask(t, host, b"GET /\x9b31m HTTP/1.1\r\n\r\n")
    beam.shows(r"GET /\\x9b31m")
    ask(t, host, "GET /\u202egnp.exe HTTP/1.1\r\n\r\n".encode())
    beam.shows(r"\\xe2\\x80\\xaegnp")
    ask(t, host, b"GET /x HTTP/1.1\r\n\r\n")
    beam.shows(r"GET /x ")
    equal(beam.screen.unknown, [], "sequences that reached the terminal")
    check("red" in beam.screen.text() and "\u202e" not in beam.screen.text(), beam.screen.text())
    check(beam.screen.text().count("⚡") == 1, f"the first lines are gone:\n{beam.screen.text()}")


@case("screen/tor-killed")
def tor_killed(t):
    """A tunnel that is down says so, and says when it is up again."""
    home = t.home()
    beam = terminal(t, home, str(t.app.http), "--tor")
    url = beam.shows(r"http://[a-z2-7]{56}\.onion", 40).group()
    beam.shows(r"Ctrl-C stops")
    os.kill(home.tor_pid(), signal.SIGKILL)
    beam.shows(r"🧅 Tor +down: .+next try in \d", 5)
    beam.shows(rf"(?s)down: .*🧅 Tor +{re.escape(url)} +ready in ", 20)


@case("screen/no-colour")
def no_colour(t):
    """NO_COLOR takes the colours; what is not UTF-8 gets no emoji; a dumb terminal neither."""
    home = t.home()
    for env in ({"NO_COLOR": "1"}, {"LC_ALL": "C", "LANG": "C"}, {"TERM": "dumb"}):
        beam = terminal(t, home, str(t.app.http), "--tor", env=env)
        raw = Recorder(beam)
        beam.shows(r"Ctrl-C stops", 40)
        beam.type(b"\x03")
        equal(beam.wait(10), 0, "the status after Ctrl-C")
        if "NO_COLOR" in env or "TERM" in env:
            check("\x1b[" not in raw.text.replace("\x1b[K", ""),
                  f"colours in spite of {env}: {raw.text!r}")
        if "LC_ALL" in env or "TERM" in env:
            check(raw.text.isascii(), f"emoji in spite of {env}: {raw.text!r}")


class Recorder:
    """Keeps all that a screen is fed."""

    def __init__(self, terminal_):
        self.text, feed = "", terminal_.screen.feed

        def record(text):
            self.text += text
            feed(text)
        terminal_.screen.feed = record


@case("screen/not-a-terminal")
def not_a_terminal(t):
    """Into a file or a pipe: plain lines, no emoji, no colour."""
    home = t.home()
    beam = t.keep(Process(home.argv(t.app.http, "--tor"), env=home.environment(**UTF8)))
    while (line := beam.line(40)) != "Ctrl-C stops.":
        check(line is not None, f"beam ended\n{beam.said()}")
        check(line.isascii() and line.isprintable(), f"not plain: {line!r}")
    beam.signal(signal.SIGINT)
    equal(beam.wait(10), 0, "the status after SIGINT")


@case("screen/qr")
def qr(t):
    """--qr draws the URL as blocks: a square with three finder patterns."""
    home = t.home()
    beam = terminal(t, home, str(t.app.http), "--tor", "--qr")
    square = beam.shows(r"(?:\n[█▀▄ ]{30,60}){15,30}", 40).group().strip("\n").split("\n")
    equal(len({len(row) for row in square}), 1, f"widths of its rows\n{beam.screen.text()}")


@case("screen/reader-goes")
def reader_goes(t):
    """`beam … | head -1`: it ends when nobody reads, and takes the tunnel down."""
    home = t.home(daemon__linger="30s")
    line = " ".join(f"'{a}'" for a in home.argv(t.app.http, "--tor", "--json")) + " | head -n 1"
    done = run(["bash", "-c", line + "; echo ${PIPESTATUS[0]}"], 30, env=home.environment())
    check("starting" in done.out, f"{done}")
    equal(home.status()["tunnels"], [], "what is left")


@case("screen/status")
def status(t):
    """The list for people, and nothing in it that a terminal would obey."""
    home = t.home()
    tunnel = home.publish(t.app.http, "--name", "listed")
    url = tunnel.ready()
    out = home.succeed("status").out
    check("listed" in out and url in out and f"127.0.0.1:{t.app.http}" in out and "up" in out, out)
    check(all(line.isprintable() for line in out.splitlines()), f"{out!r}")

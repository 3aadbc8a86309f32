# SPDX-License-Identifier: BSD-3-Clause
"""The program under test: a home of its own, its commands, its tunnels and their events."""
import json
import os
import re
import shutil
import signal
import stat

from kit import process
from kit.process import Failure, Process, check, equal, run, wait_until

BEAM = os.environ.get("BEAM", "beam")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")  # RFC 3339, UTC, milliseconds
ONION = re.compile(r"http://[a-z2-7]{56}\.onion/?$")
KINDS = {stat.S_IFDIR: "folder", stat.S_IFSOCK: "socket", stat.S_IFREG: "file"}
LINGER = "1s"  # in place of the default 10 s, which one case waits for


class Tunnel(Process):
    """`beam TARGET --tor --json` in the foreground, and its events as they come."""

    def __init__(self, home, target, options, paths=("--tor",)):
        self.events = []
        super().__init__(home.argv(target, *paths, "--json", *options), env=home.environment())

    def next(self, seconds):
        """The next event, whatever it is; None when there are no more."""
        line = self.line(seconds)
        if line is None:
            return None
        try:
            event = json.loads(line)
        except ValueError:
            raise Failure(f"not JSON, a line of {self}: {line!r}") from None
        check(isinstance(event, dict) and isinstance(event.get("event"), str)
              and TIME.match(event.get("time", "")), f"not an event, a line of {self}: {line!r}")
        self.events.append(event)
        return event

    def event(self, name, seconds=40, **wanted):
        """The next event of that name with those values; those before it are passed over."""
        until = process.time.monotonic() + seconds
        while True:
            event = self.next(max(until - process.time.monotonic(), 0))
            if event is None:
                raise Failure(f"{self} ended, status {self.wait(5)}, before an event {name!r}\n"
                              f"{self.said()}")
            if event["event"] == name and all(event.get(k) == v for k, v in wanted.items()):
                return event

    def ready(self, seconds=40):
        """The onion's URL."""
        urls = self.event("ready", seconds)["urls"]
        check(len(urls) == 1 and ONION.match(urls[0]), f"not one onion: {urls}")
        return urls[0]

    def events_left(self):
        """All its events so far, those included that nobody has asked for yet."""
        while not self._lines.empty() and self.next(1):
            pass
        return self.events

    def interrupt(self, seconds=2):
        """Ctrl-C; gives the exit status."""
        self.signal(signal.SIGINT)
        return self.wait(seconds)


class Home:
    """A BEAM_HOME, and what runs in it."""

    def __init__(self, path, torrc=None, within=(), **options):
        """`within`: a command that runs beam, in a namespace or under a tracer."""
        os.mkdir(path, 0o700)
        self.path, self.within = path, list(within)
        self.options = {"daemon.linger": LINGER, "tor.torrc": torrc, "network.rendezvous": "off",
                        **{k.replace("__", "."): v for k, v in options.items()}}
        self._started = []

    def environment(self, **more):
        """Nothing of what surrounds the test but what a program needs."""
        kept = {k: v for k, v in os.environ.items()
                if k in ("PATH", "HOME", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")}
        return {**kept, "BEAM_HOME": self.path, **more}

    def argv(self, *args):
        """The command, with this home's options."""
        sets = [a for k, v in self.options.items() if v is not None for a in ("-o", f"{k}={v}")]
        return [*self.within, BEAM, *sets, *args]

    def configure(self, text):
        """Its configuration is this from now on; who runs reads it on SIGHUP."""
        path = self.file("beam.conf")
        with open(path + ".new", "w", encoding="ascii",
                  opener=lambda p, flags: os.open(p, flags, 0o600)) as f:
            f.write(text)
        os.rename(path + ".new", path)

    # ---- commands

    def run(self, *args, seconds=20, env=None, cwd=None):
        """A command that ends by itself, without this home's options."""
        return run([*self.within, BEAM, *args], seconds, env=env or self.environment(), cwd=cwd)

    def succeed(self, *args, seconds=20):
        done = self.run(*args, seconds=seconds)
        check(done.status == 0, f"{done}")
        return done

    def publish(self, target, *options, paths=("--tor",)):
        """Starts a tunnel in the foreground."""
        tunnel = Tunnel(self, target, options, paths)
        self._started.append(tunnel)
        return tunnel

    def detach(self, target, *options, policy=("--tor",), seconds=40):
        """Hands a tunnel to the daemon; gives the finished command."""
        return run(self.argv(target, *policy, "--detach", *options), seconds,
                   env=self.environment())

    def status(self):
        """What `beam status --json` tells."""
        return json.loads(self.succeed("status", "--json").out)

    # ---- what runs

    def file(self, *names):
        return os.path.join(self.path, *names)

    def daemon_pid(self):
        """The daemon's pid, or None when none runs."""
        try:
            with open(self.file("run", "beam.pid"), encoding="ascii") as f:
                pid = int(f.read())
        except (OSError, ValueError):
            return None
        return pid if process.alive(pid) else None

    def tor_pid(self):
        """The pid of the daemon's tor, or None."""
        daemon = self.daemon_pid()
        tors = process.named(process.descendants(daemon), "tor") if daemon else ()
        check(len(tors) <= 1, f"{len(tors)} tors of one daemon")
        return next(iter(tors), None)

    def files(self):
        """{path within the home: kind} of all that is there: "file", "socket", "folder", …"""
        found = {}
        for folder, folders, files in os.walk(self.path):
            for name in folders + files:
                path = os.path.join(folder, name)
                try:
                    mode = os.lstat(path).st_mode
                except FileNotFoundError:
                    continue
                found[os.path.relpath(path, self.path)] = KINDS.get(stat.S_IFMT(mode), "other")
        return found

    def only_state_is_left(self):
        """Fails when a socket, a pid, a cookie or what else only a running beam has is there."""
        left = [p for p, kind in self.files().items()
                if kind in ("socket", "other") or "cookie" in p
                or (p.startswith("run/") and kind != "folder")]
        equal(left, [], "what a beam that ended left")

    # ---- the end

    def close(self):
        """Ends all that runs here, in order, and checks that it went."""
        for tunnel in self._started:
            if tunnel.running():
                tunnel.interrupt(seconds=10)
        daemon = self.daemon_pid()
        if daemon:
            tor = self.tor_pid()
            os.kill(daemon, signal.SIGTERM)
            wait_until(lambda: not process.alive(daemon), 10, "the daemon ended on SIGTERM")
            if tor:
                wait_until(lambda: not process.alive(tor), 10, "its tor went with it")
            self.only_state_is_left()

    def remove(self):
        shutil.rmtree(self.path)

    def story(self):
        """For a failed test: what the tunnels said, and the log."""
        text = "".join(f"  {t}:\n{t.said()}\n" for t in self._started)
        for name in [p for p in self.files() if p.endswith(".log")]:
            with open(self.file(name), encoding="utf-8", errors="replace") as f:
                text += f"  {name}:\n" + "".join(f"    {line}" for line in f.readlines()[-40:])
        return text

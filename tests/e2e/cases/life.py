# SPDX-License-Identifier: BSD-3-Clause
"""How tunnels, the daemon and its tor begin and end, and what they leave."""
import os
import signal
import time

from kit import process
from kit.case import case
from kit.process import check, equal, named, wait_until

TEXT = b"the app is here\n" * 3  # what the app answers to /text


def up(t, url, seconds=20):
    """Waits until the onion answers; gives the seconds that took."""
    begin = time.monotonic()
    wait_until(lambda: t.visitor.answers(url + "/text", TEXT, 10), seconds, f"{url} answers",
               pause=0.2)
    return time.monotonic() - begin


def down(t, url):
    """Fails when the onion still answers."""
    check(not t.visitor.answers(url + "/text", TEXT, 2), f"{url} still answers")


@case("life/tor-killed")
def tor_killed(t):
    """The tunnel says so, tor comes back, and the same address answers within 15 s."""
    home = t.home()
    tunnel = home.publish(t.app.http)
    url = tunnel.ready()
    up(t, url)
    tor = home.tor_pid()
    begin = time.monotonic()
    os.kill(tor, signal.SIGKILL)
    said = tunnel.event("path_down", seconds=2)
    equal(said["path"], "onion", "the path that went down")
    check(said["reason"] and said["retry_ms"] > 0, f"no reason, or no retry: {said}")
    equal(tunnel.event("path_up", seconds=15)["url"], url, "the address after tor came back")
    up(t, url)
    seconds = time.monotonic() - begin
    check(seconds <= 15, f"it answered only after {seconds:.1f} s")
    check(home.tor_pid() not in (None, tor), "there is no other tor")
    t.note(f"answered {seconds:.1f} s after the kill")


@case("life/tor-hangs")
def tor_hangs(t):
    """A tor that is there and does nothing is found out and replaced; the address stays."""
    home = t.home(tor__answer_timeout="1s")
    tunnel = home.publish(t.app.http)
    url = tunnel.ready()
    up(t, url)
    tor = home.tor_pid()
    begin = time.monotonic()
    os.kill(tor, signal.SIGSTOP)
    said = tunnel.event("path_down", seconds=10)
    check("has not answered for 1 s" in said["reason"], f"the reason: {said['reason']}")
    t.note(f"found out after {time.monotonic() - begin:.1f} s")
    wait_until(lambda: not process.alive(tor), 5, "the tor that hung was ended")
    equal(tunnel.event("path_up", seconds=15)["url"], url, "the address after tor came back")
    up(t, url)


@case("life/tor-killed-while-bootstrapping")
def tor_killed_early(t):
    home = t.home()
    tunnel = home.publish(t.app.http)
    os.kill(wait_until(home.tor_pid, 10, "tor was started"), signal.SIGKILL)
    up(t, tunnel.ready())


@case("life/tor-killed-again-and-again", seconds=90)
def tor_killed_often(t):
    """The pauses grow, and it still comes back."""
    home = t.home()
    tunnel = home.publish(t.app.http)
    url = tunnel.ready()
    pauses = []
    for _ in range(3):
        os.kill(home.tor_pid(), signal.SIGKILL)
        pauses.append(tunnel.event("path_down", seconds=2)["retry_ms"])
        tunnel.event("path_up", seconds=30)
    check(pauses[-1] >= pauses[0] and all(pauses), f"the pauses: {pauses}")
    up(t, url)
    t.note(f"pauses of {pauses} ms")


@case("life/daemon-killed")
def daemon_killed(t):
    """Its tor is gone within 1 s; `beam` says so, status 1; nothing is in the way of the next."""
    home = t.home()
    tunnel = home.publish(t.app.http)
    url = tunnel.ready()
    daemon, tor = home.daemon_pid(), home.tor_pid()
    begin = time.monotonic()
    os.kill(daemon, signal.SIGKILL)
    wait_until(lambda: not process.alive(tor), 1, "tor went with the daemon")
    t.note(f"tor was gone after {time.monotonic() - begin:.2f} s")
    equal(tunnel.wait(10), 1, "the status of beam")
    check("daemon" in "\n".join(tunnel.errors), f"beam did not say what happened:\n{tunnel.said()}")
    equal(home.run("status").status, 3, "the status of `beam status` without a daemon")
    again = home.publish(t.app.http)
    equal(again.ready(), url, "the address afterwards")


@case("life/daemon-killed-early")
def daemon_killed_early(t):
    """Its tor goes with it even before it had a word with tor."""
    home = t.home()
    home.publish(t.app.http)
    tor = wait_until(home.tor_pid, 10, "tor was started", pause=0)
    daemon = home.daemon_pid()
    os.kill(daemon, signal.SIGKILL)
    wait_until(lambda: not process.alive(daemon), 10, "it is dead")
    wait_until(lambda: not process.alive(tor), 1, "tor went with the daemon")


@case("life/interrupt-the-last", seconds=90)
def interrupt_last(t):
    """Status 0 and no endpoint within 2 s; the daemon and tor follow within 12 s; state is left."""
    home = t.home(daemon__linger=None)  # the 10 s of every day
    tunnel = home.publish(t.app.http)
    url = tunnel.ready()
    up(t, url)
    daemon, tor = home.daemon_pid(), home.tor_pid()
    begin = time.monotonic()
    equal(tunnel.interrupt(seconds=2), 0, "the status after SIGINT")
    t.note(f"ended after {time.monotonic() - begin:.2f} s")
    equal(tunnel.events_left()[-1]["event"], "stopped", "the last event")
    down(t, url)
    check(home.status()["tunnels"] == [], "a tunnel is left in the status")
    begin = time.monotonic()  # the command above was the last thing the daemon heard
    wait_until(lambda: not process.alive(daemon) and not process.alive(tor), 12,
               "the daemon and tor went")
    t.note(f"the daemon and tor were gone {time.monotonic() - begin:.1f} s after the last command")
    home.only_state_is_left()


@case("life/terminate")
def terminate(t):
    """SIGTERM is as Ctrl-C."""
    home = t.home()
    tunnel = home.publish(t.app.http)
    tunnel.ready()
    tunnel.signal(signal.SIGTERM)
    equal(tunnel.wait(10), 0, "the status after SIGTERM")


@case("life/interrupt-early")
def interrupt_early(t):
    """Ctrl-C before it was ready is as good as any."""
    home = t.home()
    tunnel = home.publish(t.app.http)
    tunnel.event("starting")
    equal(tunnel.interrupt(seconds=2), 0, "the status after SIGINT")


@case("life/beam-killed")
def beam_killed(t):
    """A `beam TARGET` that was killed takes its endpoint with it."""
    home = t.home(daemon__linger="60s")
    tunnel = home.publish(t.app.http)
    url = tunnel.ready()
    tunnel.signal(signal.SIGKILL)
    wait_until(lambda: home.status()["tunnels"] == [], 10, "its tunnel is gone")
    down(t, url)


@case("life/same-address")
def same_address(t):
    """An address and a name are kept for a target, beyond the daemon's end."""
    home = t.home()
    first = home.publish(t.app.http)
    name = first.event("starting")["name"]
    url = first.ready()
    equal(first.interrupt(), 0, "the status after SIGINT")
    wait_until(lambda: home.daemon_pid() is None, 10, "the daemon went")
    second = home.publish(f"127.0.0.1:{t.app.http}")
    equal(second.event("starting")["name"], name, "the name, a second time")
    equal(second.ready(), url, "the address, a second time")
    up(t, url)
    other = home.publish(t.app.other)
    check(other.ready() != url, "two targets have one address")


@case("life/ephemeral")
def ephemeral(t):
    """Another address each time, and nothing of it on the disk."""
    home = t.home()
    urls = set()
    for _ in range(2):
        tunnel = home.publish(t.app.http, "--ephemeral")
        name = tunnel.event("starting")["name"]
        url = tunnel.ready()
        up(t, url)
        urls.add(url)
        equal(tunnel.interrupt(), 0, "the status after SIGINT")
        wait_until(lambda: home.daemon_pid() is None, 10, "the daemon went")
        host = url.split("//")[1].split(".")[0]
        for path in [p for p, kind in home.files().items() if kind == "file"]:
            check(host not in path and name not in path, f"a file is called {path}")
            with open(home.file(path), "rb") as f:
                data = f.read()
            check(host.encode() not in data and name.encode() not in data, f"{path} tells of {url}")
    equal(len(urls), 2, "how many addresses two ephemeral tunnels had")


@case("life/detach")
def detach(t):
    """The daemon keeps the tunnel; status shows it; stop ends it, by its name."""
    home = t.home()
    done = home.detach(str(t.app.http), "--name", "shop")
    equal(done.status, 0, f"{done}: the status")
    check(".onion" in done.out, f"it does not say where: {done}")
    tunnel, = home.status()["tunnels"]
    equal((tunnel["name"], tunnel["target"]), ("shop", f"127.0.0.1:{t.app.http}"),
          "name and target")
    url = tunnel["paths"][0]["url"]
    check(url in done.out, f"beam --detach said another address than {url}: {done}")
    wait_until(lambda: home.status()["tunnels"][0]["paths"][0]["state"] == "up", 30, "it is up")
    up(t, url)
    check("shop" in home.succeed("status").out, "beam status does not show it")
    home.succeed("stop", "shop")
    down(t, url)
    wait_until(lambda: home.daemon_pid() is None, 10, "the daemon went")


@case("life/stop")
def stop(t):
    """By id, all at once, and what is not there: status 5. A beam whose tunnel was stopped ends."""
    home = t.home(daemon__linger="60s")
    tunnels = [home.publish(t.app.http, "--name", "one"),
               home.publish(t.app.other, "--name", "two")]
    urls = [tunnel.ready() for tunnel in tunnels]
    done = home.run("stop", "three")
    check(done.status == 5 and "three" in done.err, f"{done}")
    ids = {entry["name"]: entry["id"] for entry in home.status()["tunnels"]}
    home.succeed("stop", str(ids["one"]))
    equal(tunnels[0].wait(10), 0, "the status of the one that was stopped")
    equal([entry["name"] for entry in home.status()["tunnels"]], ["two"], "what is left")
    down(t, urls[0])
    check(tunnels[1].running(), "the other ended too")
    home.succeed("stop", "--all")
    equal(tunnels[1].wait(10), 0, "the status of the other")
    equal(home.status()["tunnels"], [], "what is left")


@case("life/one-of-two-stopped")
def one_of_two(t):
    """A tunnel that ends does not touch its neighbour, not even a stream that is open."""
    home = t.home()
    first = home.publish(t.app.http, "--name", "one")
    second = home.publish(t.app.other, "--name", "two")
    first.ready()
    host = second.ready().split("//")[1].strip("/")
    equal(len(named(process.descendants(home.daemon_pid()), "tor")), 1, "tors of two tunnels")
    with t.visitor.connect(host) as connection:
        answers = connection.makefile("rb")
        answers.read(len(b"\x00\x01\xffready\r\n\x80\n"))
        equal(first.interrupt(), 0, "the status after SIGINT")
        connection.sendall(b"still\n")
        equal(answers.readline(), b"llits\n", "the neighbour's answer")
    check(second.running() and not any(e["event"] == "path_down" for e in second.events_left()),
          "the neighbour was harmed")


@case("life/20-tunnels", seconds=120)
def twenty(t):
    """Each with its own address, all by one tor."""
    home = t.home()
    tunnels = [home.publish(t.app.http, "--name", f"n{i}") for i in range(20)]
    urls = [tunnel.ready(60) for tunnel in tunnels]
    equal(len(set(urls)), 20, "addresses of 20 tunnels")
    for url in urls:
        up(t, url)
    equal(len(home.status()["tunnels"]), 20, "tunnels in the status")


@case("life/daemon-in-the-foreground")
def foreground(t):
    """`beam daemon` stays without tunnels, serves them, and ends on SIGTERM with status 0."""
    home = t.home(daemon__linger="0s")
    daemon = t.keep(process.Process(home.argv("daemon"), env=home.environment()))
    wait_until(lambda: home.run("status").status == 0, 5, "the daemon answers")
    equal(home.daemon_pid(), daemon.pid, "the pid in run/beam.pid")
    tunnel = home.publish(t.app.http)
    tunnel.ready()
    equal(tunnel.interrupt(), 0, "the status after SIGINT")
    check(daemon.running(), "a daemon that a user started went with its last tunnel")
    second = home.run("daemon")
    check(second.status == 1 and "run" in second.err, f"a second daemon: {second}")
    daemon.signal(signal.SIGTERM)
    equal(daemon.wait(5), 0, "the status after SIGTERM")
    home.only_state_is_left()


@case("life/name")
def name(t):
    """--name names it; the same name twice is refused and says so."""
    home = t.home()
    tunnel = home.publish(t.app.http, "--name", "blue-door-7")
    equal(tunnel.event("starting")["name"], "blue-door-7", "the name")
    tunnel.ready()
    done = home.detach(str(t.app.other), "--name", "blue-door-7")
    check(done.status == 1 and "blue-door-7" in done.err, f"the same name again: {done}")
    check(tunnel.running(), "the first one ended")


@case("life/a-running-daemon-has-another-value")
def another_value(t):
    """-o that contradicts the running daemon is an error that says both values, but for those that
    are nobody's business; one that is none is wrong usage, as it is where no daemon runs."""
    home = t.home()
    home.publish(t.app.http).ready()

    def asked(value, status):
        done = home.run("-o", value, str(t.app.other), "--tor")
        equal(done.status, status, f"the status of {done}")
        return done.err

    said = asked("tunnel.connect_timeout=3s", 1)
    check("3s" in said and "10s" in said, said)
    said = asked("tor.bridge=192.0.2.7:443 " + "A" * 40, 1)
    check("tor.bridge" in said and "192.0.2.7" not in said and "AAA" not in said, said)
    for value in ("tor.bridge=obfs4 192.0.2.7:443 cert", "tor.control=9051",
                  "network.bootstrap=nowhere"):
        said = asked(value, 2)
        check(value.partition("=")[0] in said and "192.0.2.7" not in said, said)


@case("life/tor-inherits-nothing")
def tor_inherits_nothing(t):
    """No descriptor and no variable of beam's reaches tor; nor a descriptor the daemon."""
    home = t.home()
    with open(t.path("secret"), "w+b") as secret:
        tunnel = t.keep(process.Process(home.argv(t.app.http, "--tor", "--json"),
                                        env=home.environment(SECRET_OF_MINE="1"),
                                        keep=[secret.fileno()]))
        while '"ready"' not in (line := tunnel.line(40) or "nothing"):
            check(line != "nothing", f"beam ended\n{tunnel.said()}")
        tor = home.tor_pid()
        holds = {pid: secret.name in {os.readlink(f"/proc/{pid}/fd/{fd}")
                                      for fd in os.listdir(f"/proc/{pid}/fd")}
                 for pid in (tunnel.pid, home.daemon_pid(), tor)}
        equal(list(holds.values()), [True, False, False], "who holds it of beam, daemon, tor")
        equal(os.readlink(f"/proc/{tor}/fd/0"), "/dev/null", "tor's standard input")
        with open(f"/proc/{tor}/environ", "rb") as f:
            check(b"SECRET_OF_MINE" not in f.read(), "tor has beam's environment")
    tunnel.signal(signal.SIGINT)
    equal(tunnel.wait(10), 0, "the status after SIGINT")


@case("life/log-is-scrubbed")
def log_is_scrubbed(t):
    """Even a log of everything has no address, name or request in it; unless it is asked to."""
    app = t.serve()
    home = t.home(log__level="debug")
    tunnel = home.publish(app.http, "--name", "nobody-knows")
    url = tunnel.ready()
    t.visitor.curl.get(url + "/text?token=hush", "-H", "X-Mine: hush")
    os.kill(home.tor_pid(), signal.SIGKILL)
    tunnel.event("path_up", 20)
    app.stop()
    check(b" 502 " in t.visitor.curl.get(url + "/text?token=hush", "-i"), "not a 502")
    tunnel.interrupt()
    with open(home.file("state", "beam.log"), encoding="utf-8") as f:
        log = f.read()
    check(len(log.splitlines()) > 10, f"next to nothing is in it:\n{log}")
    for word in (url.split("//")[1].split(".")[0], "nobody-knows", "hush", str(app.http), "/text"):
        check(word not in log, f"the log tells of {word}:\n{log}")


@case("life/relays-out-of-reach", network=False)
def out_of_reach(t):
    """No relay answers: the tunnel says so and what to do, waits, and ends on Ctrl-C."""
    torrc = t.path("torrc")
    with open(torrc, "w", encoding="ascii") as f:
        f.write("TestingTorNetwork 1\nAssumeReachable 1\nDirAuthority nobody orport=1 no-v2 "
                f"v3ident={'0123456789' * 4} 127.0.0.1:1 {'0123456789' * 4}\n")
    home = t.home(tor__torrc=torrc, tor__bootstrap_timeout="5s")
    tunnel = home.publish("3000")
    begin = time.monotonic()
    said = tunnel.event("warning", 15)["text"]
    check("refuse" in said and "(" in said, f"no reason, or nothing to do: {said}")
    t.note(f"said after {time.monotonic() - begin:.1f} s")
    equal(tunnel.interrupt(), 0, "the status after SIGINT")


@case("life/targets")
def targets(t):
    """localhost, a bare port and [::1]: an app that listens on one family alone is found."""
    app = t.serve("::1:0", t.path("other.sock"))
    home = t.home()
    tunnels = [home.publish(target) for target in
               (str(app.http), f"[::1]:{app.http}", f"localhost:{t.app.http}")]
    for tunnel in tunnels:
        up(t, tunnel.ready())


@case("life/policy-of-ones-own")
def own_policy(t):
    """A policy of the configuration; the default one is what it says."""
    home = t.home()
    with open(home.file("beam.conf"), "w", encoding="ascii") as f:
        f.write('[policy "mine"]\npaths = onion\negress = tor\n\n[policy]\ndefault = mine\n')
    os.chmod(home.file("beam.conf"), 0o600)
    done = home.detach(str(t.app.http), policy=())
    equal(done.status, 0, f"{done}: the status")
    equal(home.status()["tunnels"][0]["policy"], "mine", "the policy")
    done = home.run("198.51.100.7:80", "--policy", "mine")
    check(done.status == 4 and "198.51.100.7" in done.err, f"beyond this machine: {done}")


def logged(home, words):
    try:
        with open(home.file("state", "beam.log"), encoding="utf-8") as f:
            return words in f.read()
    except OSError:
        return False


@case("life/configuration-read-again", seconds=90)
def read_again(t):
    """On SIGHUP: what can change does, tunnels go on, and what is wrong changes nothing."""
    home = t.home()
    first = home.publish(t.app.http)
    url = first.ready()
    daemon, tor = home.daemon_pid(), home.tor_pid()
    done = home.detach(t.app.other, policy=("--policy", "mine"))
    check(done.status != 0 and "mine" in done.err, f"{done}")

    home.configure('[policy "mine"]\npaths = onion\n[log]\nlevel = info\n[tor]\nanswer_timeout = 2s\n'
                   "control = auto\n")
    os.kill(daemon, signal.SIGHUP)
    wait_until(lambda: logged(home, "the configuration was read again"), 5, "it was read")
    check(logged(home, "tor.answer_timeout has changed, which takes effect with the next start"),
          "nothing was said of what tor has")
    check(logged(home, "tor.control has changed, which takes effect when the daemon is started"),
          "nothing was said of what needs a new daemon")
    done = home.detach(t.app.other, policy=("--policy", "mine"))
    equal(done.status, 0, f"{done}")

    home.configure("[tor]\nbinry = x\n")
    os.kill(daemon, signal.SIGHUP)
    wait_until(lambda: logged(home, "the configuration is left as it was"), 5, "it was refused")
    check(logged(home, "beam.conf:2"), "where it is wrong was not said")
    home.configure('[policy "mine"]\npaths = onion\n')
    equal([home.daemon_pid(), home.tor_pid()], [daemon, tor], "daemon and tor")
    up(t, url)
    os.kill(tor, signal.SIGKILL)
    equal(first.event("path_up", seconds=20, url=url)["url"], url, "the address after tor died")
    up(t, url)

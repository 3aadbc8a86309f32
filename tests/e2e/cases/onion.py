# SPDX-License-Identifier: BSD-3-Clause
"""What beam asks of tor for an onion: a ceiling of streams, proofs of work, a visit now and then."""
import json
import os
import re
import signal
import threading
import time

from kit.app import BANNER
from kit.case import case
from kit.process import check, equal, wait_until
from kit.relay import free_port
from kit.tor import Tor
from kit.visit import Refused, Visitor, host_of

TEXT = b"the app is here\n" * 3  # what the app answers to /text
CROWD = 5     # visitors at once, where one a second is taken in
SOONEST = 2   # seconds until the last of them can have been


def answers(t, url, seconds=40):
    wait_until(lambda: t.visitor.answers(url + "/text", TEXT, 10), seconds, f"{url} answers",
               pause=0.2)


def served(connection, word=b"hello"):
    """Whether the other protocol answers."""
    connection.sendall(word + b"\n")
    answer = b""
    while len(answer) <= len(word) and (data := connection.recv(100)):
        answer += data
    return answer == word[::-1] + b"\n"


def greeted(connection):
    """Whether its banner comes."""
    greeting = b""
    while len(greeting) < len(BANNER) and (data := connection.recv(len(BANNER) - len(greeting))):
        greeting += data
    return greeting == BANNER


def lone_visitor(t, name):
    """One whose circuits are none of other cases' concern, who may be somebody new at any time."""
    tor = t.keep(Tor(t.path(name), t.network.torrc))
    return Visitor(tor.wait(), tor.folder)


@case("onion/max-streams", seconds=90)
def max_streams(t):
    """Beyond as many streams as a circuit may have the next is ended at once; what is open goes on,
    others come in, and when one is closed there is room again."""
    home = t.home(onion__max_streams="2")
    tunnel = home.publish(t.app.other)
    host, visitor = host_of(tunnel.ready()), lone_visitor(t, "visitor")
    eager = [visitor.connect(host, user="eager") for _ in range(2)]
    check(all(greeted(c) for c in eager), "the first two are not served")

    def comes_in(user):
        try:
            with visitor.connect(host, user=user) as connection:
                return greeted(connection)
        except Refused as refused:
            t.note(f"reply {refused.code:#04x}")
            return False

    check(not comes_in("eager"), "a third stream on one circuit")
    equal(home.status()["tunnels"][0]["open"], 2, "open streams")
    check(comes_in("modest"), "another visitor does not come in")
    check(all(served(c) for c in eager), "what was open is harmed")
    eager.pop().close()
    wait_until(lambda: home.status()["tunnels"][0]["open"] == 1, 10, "one is closed")
    wait_until(lambda: comes_in("eager"), 10, "there is room again")
    check(all(served(c) for c in eager), "the other one is harmed")
    eager.pop().close()


@case("onion/proof-of-work", seconds=170)
def proof_of_work(t):
    """Tor queues those who come at once and takes in no more a second than it is told; all are
    served in the end."""
    home = t.home(onion__pow="yes", onion__pow_rate="1", onion__pow_burst="1")
    tunnel = home.publish(t.app.other)
    host, visitor = host_of(tunnel.ready()), lone_visitor(t, "visitor")
    warnings = [e["text"] for e in tunnel.events_left() if e["event"] == "warning"]
    equal(warnings, [], "what was said of a tor that can do it")
    gate, waited = threading.Barrier(CROWD), []

    def visit(user):
        gate.wait()
        begin = time.monotonic()
        with visitor.connect(host, seconds=120, user=user) as connection:
            if greeted(connection):
                waited.append(time.monotonic() - begin)

    crowd = [threading.Thread(target=visit, args=(f"visitor{n}",)) for n in range(CROWD)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    equal(len(waited), CROWD, "visitors that were served")
    t.note(f"served after {min(waited):.1f} to {max(waited):.1f} s")
    check(max(waited) > SOONEST, "they were not queued")


def log_of(home):
    path = home.file("state", "beam.log")
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as f:
        return f.read()


def logged(home, words):
    return words in log_of(home)


@case("onion/watch", seconds=220)
def watch(t):
    """It visits itself, and nobody sees it; when it does not come through the path is down, and up
    again once it does."""
    tor = t.keep(Tor(t.path("tor"), t.network.torrc,
                     socks=f"127.0.0.1:{free_port()} IsolateSOCKSAuth ExtendedErrors")).wait()
    home = t.home(tor__torrc=None, tor__control=f"unix:{tor.folder}/control", onion__watch="2s",
                  tor__answer_timeout="8s", log__level="debug")
    tunnel = home.publish(t.app.http)
    url = tunnel.ready()
    wait_until(lambda: log_of(home).count(": reply 0x5") >= 2, 60, "it came through twice")
    check(logged(home, ": descriptor received"), "it does so by a descriptor that it asks for")
    tor.control.ask("SETCONF DisableNetwork=1")
    begin = time.monotonic()
    down = tunnel.event("path_down", 90)
    t.note(f"after {time.monotonic() - begin:.1f} s: {down['reason']}")
    check("published, but cannot be reached" in down["reason"], down["reason"])
    looked = [json.loads(line) for line in home.run(
        "doctor", "--json", "-o", f"tor.control=unix:{tor.folder}/control", seconds=60).out.splitlines()]
    found = [f for f in looked[-1]["findings"] if f["check"] == "tunnels"]
    check(found and found[0]["status"] == "warn" and "opening" in found[0]["text"], f"{looked}")
    tor.control.ask("SETCONF DisableNetwork=0")
    tunnel.event("path_up", 60, url=url)
    answers(t, url)
    moved = free_port()
    tor.control.ask(f'SETCONF SocksPort="127.0.0.1:{moved} IsolateSOCKSAuth ExtendedErrors"')
    words = f"tor takes SOCKS at 127.0.0.1:{moved}"
    wait_until(lambda: logged(home, words), 30, "the SOCKS port that tor has now is found")
    wait_until(lambda: "reply 0x5" in log_of(home).partition(words)[2], 60,
               "it visits itself by that one")
    requests = [e["target"] for e in tunnel.events_left() if e["event"] == "request"]
    equal(set(requests), {"/text"}, "requests that were told")


def tags(tunnel):
    """Those of the requests it told of, in order."""
    return [e.get("circuit") for e in tunnel.events_left() if e["event"] == "request"]


@case("onion/tag-circuits", seconds=150)
def tag_circuits(t):
    """Requests of one circuit have one tag, those of another another, and no tunnel has one of
    another's; of a policy that does not want it there is none. The services' keys are on disk only
    while they are published."""
    home = t.home(onion__max_streams="7")
    home.configure('[policy "tagged"]\npaths = onion\ntag_circuits = yes\n')
    tagged = ("--policy", "tagged")
    first = home.publish(t.app.http, paths=tagged)
    second = home.publish(t.app.http, "--name", "second", paths=tagged)
    plain = home.publish(t.app.http, "--name", "plain")
    url, other = first.ready(), second.ready()
    host = url.partition("//")[2]
    folder = home.file("run", "services")
    secret = os.path.join(folder, host.partition(".")[0], "hs_ed25519_secret_key")
    equal(os.stat(secret).st_mode & 0o777, 0o600, "the mode of a key's file")
    answers(t, url)
    answers(t, other)
    visitor = lone_visitor(t, "visitor")
    for user in ("bob", "bob", "alice", "bob"):
        with visitor.connect(host, user=user) as connection:
            connection.sendall(f"GET /{user} HTTP/1.1\r\nHost: x\r\n"
                               "Connection: close\r\n\r\n".encode())
            while connection.recv(4096):
                pass
    wait_until(lambda: len(tags(first)) >= 5, 20, "the requests were told of")
    told = {}
    for event in first.events:
        if event["event"] == "request":
            check(re.fullmatch("[a-z2-7]{8}", event["circuit"]), f"no tag: {event}")
            told.setdefault(event["target"], set()).add(event["circuit"])
    equal(len(told["/bob"]), 1, "tags of bob's circuit")
    check(told["/alice"] != told["/bob"] and told["/text"] != told["/bob"], f"{told}")
    check(not set(tags(first)) & set(tags(second)), "two tunnels share a tag")
    answers(t, plain.ready())
    wait_until(lambda: tags(plain), 20, "the request was told of")
    equal(set(tags(plain)), {None}, "the tags under another policy")

    equal(first.interrupt(10), 0, "the status after SIGINT")
    wait_until(lambda: not os.path.exists(os.path.dirname(secret)), 10, "the key is gone with it")
    t.visitor.tor.as_somebody_new()
    answers(t, other)
    again = home.publish(t.app.http, paths=tagged)
    equal(again.ready(), url, "the address")
    t.visitor.tor.as_somebody_new()
    answers(t, url)
    for number in (signal.SIGHUP, signal.SIGKILL):  # the first has it read its torrc again
        os.kill(home.tor_pid(), number)
        again.event("path_up", 60, url=url)
        second.event("path_up", 60, url=other)
    t.visitor.tor.as_somebody_new()
    answers(t, url)
    answers(t, other)
    home.close()
    check(not os.path.exists(folder), "a service's folder is left")


@case("onion/tag-circuits-of-anothers-tor", network=False)
def tag_circuits_of_another(t):
    """Refused: a tor that is not beam's is not configured by it."""
    home = t.home(tor__torrc=None, tor__control="unix:/nowhere/at/all", onion__tag_circuits="yes")
    tunnel = home.publish("3000")
    equal(tunnel.wait(20), 1, "the status")
    check("tag_circuits" in tunnel.said() and "leave out tor.control" in tunnel.said(),
          tunnel.said())

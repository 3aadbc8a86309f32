# SPDX-License-Identifier: BSD-3-Clause
"""The DHT: nodes find one another from one that they are told of."""
import json
import os
import signal
import socket

from kit.case import case
from kit.process import Process, check, equal, wait_until
from kit.relay import Relay, free_port
from kit.visit import Curl

CURL = Curl(["curl", "-q", "-sS", "--noproxy", "*"])

OUTSIDE = "198.51.100.7"  # where exits find the relays: nobody's (RFC 5737)
NOBODY = "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB"  # whose key nobody here has
CONFIGURATION = """
[policy]
default = wide
[policy "wide"]
paths = onion
egress = any
discovery = dht, gossip
[network]
allow_private = yes
"""


class Server:
    """A daemon that serves the DHT, at a loopback address of its own."""

    def __init__(self, stage, number, first=None, listen=None):
        self.stage, self.listen = stage, listen or f"127.{number}.0.1"
        self.home = stage.home(f"n{number}", tor__torrc=None)
        with open(self.home.file("beam.conf"), "w", encoding="ascii") as f:
            f.write(CONFIGURATION)
        self.begin(first)

    def begin(self, first=None):
        keys = ["-o", f"network.listen=/ip4/{self.listen}/tcp/0"]
        if first:
            keys += ["-o", f"network.bootstrap={first}"]
        self.daemon = Process(self.home.argv(*keys, "daemon"), env=self.home.environment())
        self.stage.keep(self.daemon)
        wait_until(lambda: self.home.run("status").status == 0, 20, "the daemon serves")

    def ask(self, what):
        done = self.home.run("network", what, "--json")
        equal(done.status, 0, f"{done}")
        return json.loads(done.out)

    def address(self):
        return self.ask("status")["listen"][0]

    def end(self):
        self.daemon.signal(signal.SIGTERM)
        equal(self.daemon.wait(10), 0, "the daemon's status")


@case("dht/routes", network=False, seconds=120)
def routes(stage):
    """Four nodes, three of which know the first alone: each comes to know all others."""
    first = Server(stage, 1)
    others = [Server(stage, n, first.address()) for n in (2, 3, 4)]
    everybody = [first, *others]
    hidden = json.loads(first.home.succeed("keys", "show", "--json").out)["peer_id"]
    check(hidden != first.ask("status")["peer_id"], "who is seen has another key than who hides")
    for server in everybody:
        equal(server.ask("status")["dht"], "server", "the mode")
        wait_until(lambda s=server: s.ask("routes")["count"] == 3, 60, "three others are known")
    known = {peer["peer"] for bucket in first.ask("routes")["buckets"] for peer in bucket["peers"]}
    equal(known, {other.ask("status")["peer_id"] for other in others}, "the routes of the first")
    done = first.home.run("network", "routes")
    check("3 servers known" in done.out and done.out.count(" bits  ") == 3, f"{done}")
    for server in everybody:
        server.end()


@case("dht/again", network=False)
def again(stage):
    """A node comes back by the peers of last time, told of nobody; another identity does not."""
    first = Server(stage, 1)
    other = Server(stage, 2, first.address())
    wait_until(lambda: other.ask("routes")["count"] == 1, 30, "the first is known")
    other.end()
    [kept] = [f for f in other.home.files() if f.endswith(".peers")]
    equal(os.stat(other.home.file(kept)).st_mode & 0o777, 0o600, "the mode of the peers' file")
    other.begin()
    wait_until(lambda: other.ask("routes")["count"] == 1, 30, "the first is known again")
    other.end()
    with open(other.home.file("beam.conf"), "w", encoding="ascii") as f:
        f.write(CONFIGURATION.replace("default = wide", "default = anonymous"))
    other.begin()
    status = other.ask("status")
    equal((status["dht"], status["peers"], other.ask("routes")["count"]), ("client", 0, 0),
          "whom the node that hides knows of the one that does not")
    other.end()
    first.end()


@case("dht/reached", network=False)
def reached(stage):
    """A node finds out that others reach it: four did, each of a network of its own."""
    first = Server(stage, 1)
    others = [Server(stage, n, first.address()) for n in (2, 3, 4)]
    last = Server(stage, 5, first.address(), listen="0.0.0.0")
    equal(last.ask("status")["nat"], "unknown", "at first")
    wait_until(lambda: last.ask("status")["nat"] == "public", 60, "four others reached it")
    status = last.ask("status")
    equal(status["dht"], "server", "the mode")
    check(any(at.startswith("/ip4/127.0.0.1/tcp/") for at in status["listen"]), f"{status}")
    for server in (first, *others, last):
        server.end()


@case("dht/client", network=False)
def client(stage):
    """A node that hides is a client: it knows a server, and no server knows it."""
    server = Server(stage, 1)
    home = stage.home("c", network__bootstrap=server.address())
    daemon = stage.keep(Process(home.argv("daemon"), env=home.environment()))
    wait_until(lambda: home.run("status").status == 0, 20, "the daemon serves")
    wait_until(lambda: json.loads(home.run("network", "routes", "--json").out)["count"] == 1, 20,
               "the server is known")
    equal(json.loads(home.run("network", "status", "--json").out)["dht"], "client", "the mode")
    equal(server.ask("routes")["count"], 0, "whom the server knows")
    daemon.signal(signal.SIGTERM)
    equal(daemon.wait(10), 0, "the daemon's status")
    server.end()


def relays(stage, count):
    """Relays at loopback addresses of their own; all but the first know the first alone."""
    made = []
    for n in range(1, count + 1):
        options = {"network__bootstrap": made[0].address} if made else {}
        made.append(stage.keep(Relay(stage.path(f"r{n}"), front=f"127.{n}.0.1:{free_port()}",
                                     p2p=f"127.{n}.0.1:{free_port()}", network__allow_private="yes",
                                     **options)))
    return made


def found(tunnel, among, seconds=60):
    """The relay by which the tunnel is up, and its URL."""
    event = tunnel.event("path_up", seconds, path="relay")
    [relay] = [r for r in among if r.peer_id == event["peer"]]
    check(event["url"].startswith(f"http://{relay.front}/t/"), f"{event}")
    return relay, event


@case("dht/relay", network=False, seconds=180)
def relay_found(stage):
    """Three relays, none named: one is found, the same one again, and another when it is gone."""
    three = relays(stage, 3)
    app = stage.serve()
    home = stage.home(tor__torrc=None)
    options = ("--egress", "any", "-o", f"network.bootstrap={three[0].address}",
               "-o", "network.allow_private=yes")
    paths = ("--community-relay",)
    tunnel = home.publish(str(app.http), *options, paths=paths)
    first, event = found(tunnel, three)
    url = event["url"]
    stage.note(f"up after {event['ms']} ms")
    check(event["ms"] < 5000, f"{event}")
    check(CURL.get(url + "text"), "the app answers")
    tunnel.interrupt()
    tunnel = home.publish(str(app.http), *options, paths=paths)
    again, event = found(tunnel, three)
    equal((again.peer_id, event["url"]), (first.peer_id, url), "the relay and the URL of before")
    tunnel.interrupt()
    node = stage.home("node", tor__torrc=None)
    with open(node.file("beam.conf"), "w", encoding="ascii") as f:
        f.write(CONFIGURATION + f"bootstrap = {three[0].address}\n")
    stage.keep(Process(node.argv("daemon"), env=node.environment()))
    wait_until(lambda: node.run("status").status == 0, 20, "the daemon serves")
    wait_until(lambda: len(json.loads(node.succeed("relays", "--json").out)["relays"]) == 3, 60,
               "all three are listed")
    text = node.succeed("relays").out
    check(all(r.peer_id in text and r.front in text for r in three), text)
    if first is three[0]:  # the others stay reachable from it, so it goes on
        return
    first.kill()
    tunnel = home.publish(str(app.http), *options, paths=paths)
    _, event = found(tunnel, [r for r in three if r is not first], 120)
    check(CURL.get(event["url"] + "text"), "the app answers at another relay")
    tunnel.interrupt()


@case("dht/tor", seconds=240)
def relay_found_through_tor(stage):
    """Three relays, of which the owner is told the onion of one: it finds them there, and is
    published by one of them, through Tor alone."""
    three, onions, first = [], [], None
    for n in range(1, 4):
        front = f"127.0.0.1:{free_port()}"
        relay = stage.keep(Relay(stage.path(f"r{n}"), front=front, p2p=f"127.{n}.0.1:{free_port()}",
                                 relay__tor="yes", tor__torrc=stage.network.torrc,
                                 relay__url=f"http://{OUTSIDE}:{front.split(':')[1]}",
                                 network__bootstrap=first))
        first = first or relay.address
        three.append(relay)
    for relay in three:
        onions.append(relay.event("onion", 100)["p2p"])
    torrc = stage.path("torrc")
    with open(torrc, "w", encoding="utf-8") as f:  # an address beyond loopback that exits can reach
        f.write(f"%include {stage.network.torrc}\nMapAddress {OUTSIDE} 127.0.0.1\n"
                "ClientRejectInternalAddresses 0\n")
    home = stage.home("owner", tor__torrc=torrc, network__bootstrap=onions[0])
    tunnel = home.publish(str(stage.serve().http), paths=("--community-relay",))
    event = tunnel.event("path_up", 150, path="relay")
    check(event["peer"] in [relay.peer_id for relay in three], f"{event}")
    stage.note(f"up after {event['ms']} ms")
    check(event["ms"] < 15000, f"{event}")
    check(CURL.get(event["url"].replace(OUTSIDE, "127.0.0.1") + "text"), "the app answers")
    tunnel.interrupt()


@case("dht/strangers", seconds=150)
def strangers(stage):
    """Told of no relay and of no beam, a tunnel under a private policy asks the DHT of IPFS: what
    it dials there is dialled by an exit."""
    door = socket.create_server(("127.0.0.1", 0))
    torrc = stage.path("torrc")
    with open(torrc, "w", encoding="utf-8") as f:
        f.write(f"%include {stage.network.torrc}\nMapAddress {OUTSIDE} 127.0.0.1\n"
                "ClientRejectInternalAddresses 0\n")
    entry = f"/ip4/{OUTSIDE}/tcp/{door.getsockname()[1]}/p2p/{NOBODY}"
    home = stage.home(tor__torrc=torrc, network__rendezvous="auto",
                      network__rendezvous_bootstrap=entry)
    tunnel = home.publish(str(stage.serve().http), "--ephemeral", paths=("--community-relay",))
    door.settimeout(100)
    stream, _ = door.accept()
    with door, stream:
        stream.settimeout(20)
        check(b"/multistream/1.0.0" in stream.recv(64), "a libp2p node knocks")
    tunnel.interrupt()


@case("dht/no-relay", network=False)
def no_relay(stage):
    """Nobody named, and nobody to ask: status 2. Somebody to ask, and no relay: it says so."""
    app = stage.serve()
    home = stage.home(tor__torrc=None)
    done = stage.home("alone").run(
        "-o", "network.rendezvous=off", str(app.http), "--community-relay", "--json")
    equal(done.status, 2, f"{done}")
    check("network.bootstrap" in done.err, f"{done}")
    server = Server(stage, 1)
    tunnel = home.publish(str(app.http), "--egress", "any", "-o",
                          f"network.bootstrap={server.address()}", "-o",
                          "network.allow_private=yes", paths=("--community-relay",))
    while "none is known in the network" not in (event := tunnel.event("warning", 40))["text"]:
        pass
    check("--community-relay=ADDR" in event["text"], f"{event}")
    tunnel.interrupt()


@case("dht/heard", network=False, seconds=120)
def heard(stage):
    """A node that need not hide hears of relays that come after it; one that hides hears nothing."""
    [first] = relays(stage, 1)
    node = Server(stage, 9, first.address)
    hidden = stage.home("hidden", network__bootstrap=first.address)
    daemon = stage.keep(Process(hidden.argv("daemon"), env=hidden.environment()))
    topics = [{"topic": f"/beam/{what}/1.0.0", "peers": 1, "mesh": 1} for what in ("names", "relays")]
    wait_until(lambda: sorted(node.ask("status")["gossip"], key=lambda t: t["topic"]) == topics, 30,
               "the node gossips")
    stage.keep(Relay(stage.path("late"), front=f"127.8.0.1:{free_port()}",
                     p2p=f"127.8.0.1:{free_port()}", network__allow_private="yes",
                     network__bootstrap=first.address))
    wait_until(lambda: node.ask("status")["relays_heard"] == 2, 60, "both are heard of")
    check("in the mesh" in node.home.run("network", "status").out, "as text")
    done = hidden.run("network", "status", "--json")
    equal((json.loads(done.out)["gossip"], json.loads(done.out)["relays_heard"]), ([], 0),
          "what the hidden one hears")
    node.end()
    daemon.signal(signal.SIGTERM)
    equal(daemon.wait(10), 0, "the daemon's status")


@case("dht/back", network=False)
def back(stage):
    """The only relay is away when it is tried: it is tried again, and used once it is back."""
    node = Server(stage, 9)  # which keeps what the relay says, and answers for it
    relay = stage.keep(Relay(stage.path("r1"), network__allow_private="yes",
                             network__bootstrap=node.address()))
    wait_until(lambda: json.loads(node.home.succeed("relays", "--json").out)["relays"], 30,
               "the relay is in the list")
    relay.kill()
    tunnel = stage.home(tor__torrc=None).publish(
        str(stage.serve().http), "--egress", "any", "-o", f"network.bootstrap={node.address()}",
        "-o", "network.allow_private=yes", paths=("--community-relay",))
    while "can be used now" not in tunnel.event("warning", 40)["text"]:
        pass
    relay.start()
    found(tunnel, [relay])
    tunnel.interrupt()
    node.end()

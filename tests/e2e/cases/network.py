# SPDX-License-Identifier: BSD-3-Clause
"""The peer-to-peer node: two daemons that reach one another, over TCP and as onions alone."""
import json
import signal
import socket

from kit.case import case
from kit.process import Process, check, equal, wait_until

LOOPBACK = "/ip4/127.0.0.1/tcp/0"


class Node:
    """A daemon in the foreground with a node."""

    def __init__(self, stage, name, *listen, **options):
        self.home = stage.home(name, **options)
        keys = [word for at in listen for word in ("-o", f"network.listen={at}")]
        self.daemon = Process(self.home.argv(*keys, "daemon"), env=self.home.environment())
        stage.keep(self.daemon)
        wait_until(lambda: self.home.run("status").status == 0, 20, "the daemon serves")

    def network(self, *words, seconds=170):
        return self.home.run("network", *words, seconds=seconds)

    def status(self):
        done = self.network("status", "--json")
        equal(done.status, 0, f"{done}")
        return json.loads(done.out)

    def address(self, seconds=20):
        """Where it is reached, once it is."""
        wait_until(lambda: self.status()["listen"], seconds, "the node listens somewhere")
        return self.status()["listen"][0]

    def ping(self, whom):
        done = self.network("ping", whom, "--json")
        equal(done.status, 0, f"{done}")
        return json.loads(done.out)

    def end(self):
        self.daemon.signal(signal.SIGTERM)
        equal(self.daemon.wait(10), 0, "the daemon's status")


@case("network/nobody-to-ask", network=False)
def nobody(stage):
    """Relays are looked for by a node that knows nobody: it says so at once."""
    node = Node(stage, "a")
    done = node.home.run("relays", seconds=20)
    check(done.status == 5 and "network.bootstrap" in done.err, f"{done}")


@case("network/tcp", network=False)
def over_tcp(stage):
    """Two nodes on loopback: who they are, who is connected, round trips; what goes wrong."""
    alice, bob = Node(stage, "a", LOOPBACK), Node(stage, "b", LOOPBACK)
    status = bob.status()
    equal(sorted(status), ["dht", "gossip", "listen", "nat", "peer_id", "peers", "relays_heard",
                           "tor"], "the members")
    equal((status["dht"], status["tor"], status["peers"]), ("client", "off", 0), "at first")
    address = bob.address()
    check(address.endswith("/p2p/" + status["peer_id"]), address)
    pinged = alice.ping(address)
    equal((pinged["peer"], pinged["path"]), (status["peer_id"], "direct"), "the ping")
    check(len(pinged["ms"]) == 4 and all(0 < ms < 10000 for ms in pinged["ms"]), f"{pinged}")
    equal(bob.status()["peers"], 1, "peers")
    equal(alice.ping(status["peer_id"])["address"], address.rsplit("/p2p/")[0],
          "by its id, over the connection that there is")
    [peer] = json.loads(bob.network("peers", "--json").out)["peers"]
    equal((peer["peer"], peer["direction"], peer["path"]),
          (alice.status()["peer_id"], "in", "direct"), "the peer")
    equal(peer["agent"], "beam", "an anonymous node says no version")

    other = alice.status()["peer_id"]
    wrong = address.rsplit("/p2p/")[0] + "/p2p/" + other
    for words, expected in {
            ("ping", "12D3KooWRBhwfeP2Y4TCx1SM6s9rUoHhR5STiGwxBhgFRcw3UERE"): 5,
            ("ping", "/ip4/10.9.8.7/tcp/4001"): 4,
            ("ping", "/ip4/127.0.0.1/tcp/1"): 1,
            ("ping", "/ip4/127.0.0.1/udp/1/quic-v1"): 2,
            ("ping", "nobody"): 2,
            ("ping", "/ip4/127.0.0.1"): 2,
            ("ping",): 2,
            ("peers", "all"): 2,
            ("frobnicate",): 2,
            ("ping", wrong): 2,
    }.items():
        done = alice.network(*words)
        equal(done.status, expected, f"{words}: {done}")
        check(done.err.startswith("beam: "), f"{words}: {done}")


@case("network/wrong-peer", network=False)
def wrong_peer(stage):
    """Somebody else than the one that was asked for: the connection ends, nothing was told."""
    alice, bob, carol = (Node(stage, name, LOOPBACK) for name in "abc")
    address = bob.address().rsplit("/p2p/")[0] + "/p2p/" + carol.status()["peer_id"]
    done = alice.network("ping", address)
    equal(done.status, 1, f"{done}")
    equal((alice.status()["peers"], bob.status()["peers"]), (0, 0), "peers")


@case("network/strangers", network=False)
def strangers(stage):
    """Bytes that are no libp2p, and none at all: the connection ends, the node goes on."""
    bob, alice = Node(stage, "b", LOOPBACK), Node(stage, "a", LOOPBACK)
    port = int(bob.address().split("/")[4])
    for text in (b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x13/multistream/1.0.0\n\xff\xff",
                 b"\x13/multistream/1.0.0\n\x07/noise\n" + b"\x00\x20" + b"a" * 32 + b"\xff" * 9000):
        with socket.create_connection(("127.0.0.1", port), 20) as s:
            s.sendall(text)
            s.settimeout(30)
            try:
                while s.recv(4096):
                    pass
            except ConnectionResetError:
                pass  # an end as well
    equal(alice.ping(bob.address())["path"], "direct", "the path")
    equal(bob.status()["peers"], 1, "peers")


@case("network/bootstrap", network=False)
def bootstrap(stage):
    """Who is named stays connected, and is found again after it was gone."""
    bob = Node(stage, "b", LOOPBACK)
    address = bob.address()
    port = address.split("/")[4]
    alice = Node(stage, "a", network__bootstrap=address)
    wait_until(lambda: alice.status()["peers"] == 1, 20, "the peer of the configuration is dialled")
    bob.end()
    wait_until(lambda: alice.status()["peers"] == 0, 20, "its end is noticed")
    again = Process(bob.home.argv("-o", f"network.listen=/ip4/127.0.0.1/tcp/{port}", "daemon"),
                    env=bob.home.environment())
    stage.keep(again)
    wait_until(lambda: alice.status()["peers"] == 1, 40, "it is dialled again")
    carol = Node(stage, "c")
    done = carol.network("bootstrap", address)
    equal(done.status, 0, f"{done}")
    barred = carol.network("bootstrap", "/ip4/10.9.8.7/tcp/4001/p2p/" + address.rsplit("/", 1)[1])
    check(barred.status == 4 and "egress" in barred.err, f"though the peer is connected: {barred}")
    equal(json.loads(carol.network("bootstrap", "--json").out), {"kept": 1, "dialled": 0},
          "bootstrap without an address")


@case("network/policy", network=False)
def policy(stage):
    """Beyond loopback nothing is taken under the anonymous policy: status 4, and no daemon."""
    home = stage.home()
    done = home.run("daemon", "-o", "network.listen=/ip4/0.0.0.0/tcp/0")
    equal(done.status, 4, f"{done}")
    for at in ("nonsense", "/ip4/127.0.0.1/tcp/0/", "/frob/1", "/ip4/127.0.0.1" + "/tcp/1" * 100000):
        with open(home.file("beam.conf"), "w", encoding="ascii") as f:
            f.write(f"[network]\nlisten = {at}\n")
        done = home.run("daemon")
        check(done.status in (1, 2) and done.err.startswith("beam: "), f"{at[:40]}: {done}")


@case("network/onion", seconds=240)
def onions_alone(stage):
    """Two nodes with no TCP port at all, each an onion: they ping one another through Tor."""
    alice, bob = Node(stage, "a", "tor"), Node(stage, "b", "tor")
    to_bob, to_alice = bob.address(90), alice.address(90)
    for node, to in ((alice, to_bob), (bob, to_alice)):
        check(to.startswith("/onion3/") and len(node.status()["listen"]) == 1, to)
        pinged = node.ping(to)
        equal(pinged["path"], "onion", "the path")
        stage.note(f"{min(pinged['ms']):.0f} ms")
        equal(node.status()["tor"], "ready", "tor")
    # An onion that nobody has published.
    nobody = "/onion3/vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd:4001"
    done = alice.network("ping", nobody)
    equal(done.status, 5, f"{done}")

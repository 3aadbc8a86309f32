# SPDX-License-Identifier: BSD-3-Clause
"""The way of bytes through a private Tor network, for figures: a plain tor's onion service, and a
visitor who says by which circuit each of his streams goes."""
import os
import statistics
import time

from kit.process import Failure, check, wait_until
from kit.tor import Tor, onion_host
from kit.visit import Visitor

PROMPT = 20.0  # milliseconds to the first byte on a circuit fit to be timed
QUIET = 0.06   # seconds for what the stream before left to be acknowledged


class Way:
    """Both tors, and the service with these ports: {port: target}. `warm` leads to an app that
    tells when it is reached."""

    def __init__(self, folder, network, ports, warm):
        self.circuits, self.warm = 0, warm
        service = os.path.join(folder, "plain", "service")
        self.plain = Tor(os.path.join(folder, "plain"), network.torrc,
                         [f"HiddenServiceDir {service}"]
                         + [f"HiddenServicePort {port} {to}" for port, to in ports.items()])
        visitor = Tor(os.path.join(folder, "visitor"), network.torrc)
        self.plain.wait()
        self.visitor = Visitor(visitor.wait(), folder)
        self.host = onion_host(service)
        wait_until(lambda: self.visitor.answers(f"http://{self.host}:{warm}/one", b"\x00", 10), 60,
                   "the plain tor's onion answers")

    def fetch(self, host, port, circuit, path):
        """One stream on a circuit: (milliseconds to the first byte, to the last; bytes)."""
        begin, size, block = time.monotonic(), 0, bytearray(1 << 18)
        first = None
        with self.visitor.connect(host, port, user=circuit) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\n\r\n".encode())
            while got := connection.recv_into(block):
                first = first or time.monotonic()
                size += got
        end = time.monotonic()
        check(first, f"nothing came from {host}:{port}{path}")
        return (first - begin) * 1e3, (end - begin) * 1e3, size

    def circuit(self, host, port=80):
        """The name of a fresh rendezvous circuit that is built and warm."""
        for _ in range(5):
            self.circuits += 1
            name = f"c{self.circuits}"
            try:
                self.fetch(host, port, name, "/stream/2000000")
                return name
            except (Failure, OSError):
                pass  # not every circuit can be built: another
        raise Failure(f"{host}: five circuits in a row could not be built")

    def prompt_circuit(self):
        """
        One on which the service takes less than PROMPT. On one in some, where a connection between
        two relays is passed twice, every cell waits for an acknowledgement that TCP delays, 40 ms
        each time; that says nothing of what is measured, and hides it.
        """
        for _ in range(20):
            name, tries = self.circuit(self.host, self.warm), []
            for _ in range(9):
                time.sleep(QUIET)
                tries.append(self.fetch(self.host, self.warm, name, "/one")[0])
            if statistics.median(tries) < PROMPT:
                return name
        raise Failure("no circuit without delayed acknowledgements was found")


def cpu(pid):
    """Seconds for which a process has run, on all its threads."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total / 1e9

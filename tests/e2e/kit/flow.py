# SPDX-License-Identifier: BSD-3-Clause
"""A visitor who takes all that comes, and how much of it came when."""
import socket
import threading
import time
import urllib.parse

from kit.process import check

CHUNK = 65536


class Flow(threading.Thread):
    """An answer without an end, which has begun; it is read as fast as it comes, and little is held on the way."""

    def __init__(self, url):
        super().__init__(daemon=True)
        at = urllib.parse.urlsplit(url)
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, CHUNK)
        self.socket.settimeout(60)
        self.socket.connect((at.hostname, at.port))
        self.socket.sendall(f"GET {at.path}stream/{10**13} HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n".encode())
        begun = self.socket.recv(CHUNK)
        check(begun.startswith(b"HTTP/1.1 200"), f"an answer has begun: {begun[:100]}")
        self.bytes, self.ended = len(begun), False
        self.start()

    def run(self):
        try:
            while (got := self.socket.recv(CHUNK)):
                self.bytes += len(got)
        except OSError:
            pass
        self.ended = True

    def stop(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.join()
        self.socket.close()


def during(flows, seconds):
    """Bytes a second of all of them together, from now on for so long."""
    begin, before = time.monotonic(), sum(f.bytes for f in flows)
    time.sleep(seconds)
    return (sum(f.bytes for f in flows) - before) / (time.monotonic() - begin)

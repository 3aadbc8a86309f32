# SPDX-License-Identifier: BSD-3-Clause
"""WebSocket (RFC 6455): the handshake's key and frames, and a client over a connected socket."""
import base64
import hashlib
import os

from kit.process import Failure, check, equal

CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3


def accept_key(key):
    """What a server answers to Sec-WebSocket-Key."""
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest())


def frame(kind, data, last=True, mask=b""):
    """One frame (5.2); a client's has a mask of 4 bytes."""
    head = bytes([(0x80 if last else 0) | kind])
    bit = 0x80 if mask else 0
    if len(data) < 126:
        head += bytes([bit | len(data)])
    elif len(data) < 1 << 16:
        head += bytes([bit | 126]) + len(data).to_bytes(2, "big")
    else:
        head += bytes([bit | 127]) + len(data).to_bytes(8, "big")
    return head + mask + masked(data, mask)


def masked(data, mask):
    """data XORed with the mask over and over (5.3); itself for an empty one."""
    if not mask:
        return data
    keys = (mask * (len(data) // 4 + 1))[:len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(keys, "big")).to_bytes(len(data), "big")


class Client:
    """A client; all it gets is held against what it sent."""

    def __init__(self, connection, host, path="/socket"):
        self._connection = connection
        self._file = connection.makefile("rwb")
        key = base64.b64encode(os.urandom(16)).decode()
        self._file.write((f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
                          f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                          f"Sec-WebSocket-Key: {key}\r\n\r\n").encode())
        self._file.flush()
        head = []
        while (line := self._file.readline()) not in (b"\r\n", b""):
            head.append(line.strip())
        check(head and head[0].startswith(b"HTTP/1.1 101 "), f"no WebSocket: {head}")
        check(b"Sec-WebSocket-Accept: " + accept_key(key) in head,
              f"a wrong Sec-WebSocket-Accept: {head}")

    def send(self, kind, data, last=True):
        self._file.write(frame(kind, data, last, os.urandom(4)))
        self._file.flush()

    def get(self):
        """The next frame: (kind, whether it is its message's last, data)."""
        first, size = self._exactly(2)
        if size == 126:
            size = int.from_bytes(self._exactly(2), "big")
        elif size == 127:
            size = int.from_bytes(self._exactly(8), "big")
        return first & 0x0F, bool(first & 0x80), self._exactly(size)

    def _exactly(self, size):
        data = self._file.read(size)
        if len(data) != size:
            raise Failure(f"the WebSocket ended within a frame ({len(data)} of {size} bytes)")
        return data

    def echo(self):
        """Messages of every kind and size of length field, and the closing handshake."""
        for kind, data in ((TEXT, b"hello"), (BINARY, b""), (BINARY, bytes(range(126))),
                           (BINARY, os.urandom(65535)), (BINARY, os.urandom(200000))):
            self.send(kind, data)
            equal(self.get(), (kind, True, data), "WebSocket echo")
        self.send(TEXT, b"in ", last=False)
        self.send(PING, b"between")
        self.send(CONTINUED, b"parts")
        equal([self.get() for _ in range(3)],
              [(TEXT, False, b"in "), (PONG, True, b"between"), (CONTINUED, True, b"parts")],
              "a message in parts with a ping between")
        self.send(CLOSE, b"\x03\xe8bye")
        equal(self.get(), (CLOSE, True, b"\x03\xe8bye"), "WebSocket close")
        equal(self._file.read(1), b"", "what came after the close")

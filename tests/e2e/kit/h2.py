# SPDX-License-Identifier: BSD-3-Clause
"""HTTP/2 by hand (RFC 9113): frames as a test wants them, good or bad, over a connected socket."""
import socket
import struct
import time

MAGIC = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST, SETTINGS, PING, AWAY, WINDOW, MORE = 0, 1, 2, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1
NO_ERROR, PROTOCOL_ERROR, CANCEL, CALM = 0, 1, 8, 11
GET, POST, OK = 0x82, 0x83, 0x88  # of the static table (RFC 7541, appendix A)
PATIENCE = 30


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(
        ">I", stream) + payload


def literal(name, value):
    """A field that is in no table; both are shorter than 127 bytes."""
    return bytes([0, len(name)]) + name + bytes([len(value)]) + value


def request(path=b"/", method=GET, authority=b"a"):
    """The pseudo-fields of a request for an https URL."""
    return bytes([method, 0x87, 0x04, len(path)]) + path + bytes([1, len(authority)]) + authority


def websocket(path, authority):
    """The fields of one that asks for a WebSocket (RFC 8441)."""
    return (literal(b":method", b"CONNECT") + literal(b":protocol", b"websocket") + b"\x87\x04" +
            bytes([len(path)]) + path + bytes([1, len(authority)]) + authority +
            literal(b"sec-websocket-version", b"13"))


class Client:
    """Gives back every window, unless told not to."""

    def __init__(self, connected):
        self.s = connected
        self.s.settimeout(PATIENCE)
        self.s.sendall(MAGIC + frame(SETTINGS, 0, 0))
        self.next = 1
        self.content = {}  # of each stream
        self.ended = set()
        self.status = {}  # the first byte of each response's fields
        self.connect = False  # the server knows RFC 8441
        self.keeps = set()  # streams whose windows are not given back

    def send(self, data):
        """False: the other end has closed."""
        try:
            self.s.sendall(data)
            return True
        except OSError:
            return False

    def exactly(self, n):
        got = b""
        while len(got) < n:
            more = self.s.recv(n - len(got))
            if not more:
                raise ConnectionResetError("the other end has closed")
            got += more
        return got

    def frame(self):
        """(kind, flags, stream, payload) of the next one, whatever it is."""
        head = self.exactly(9)
        return (head[3], head[4], struct.unpack(">I", head[5:])[0],
                self.exactly(int.from_bytes(head[:3], "big")))

    def hear(self):
        """The same; it was dealt with as a client does."""
        kind, flags, stream, payload = heard = self.frame()
        if kind == SETTINGS and not flags & ACK:
            self.connect = b"\x00\x08\x00\x00\x00\x01" in payload
            self.s.sendall(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self.s.sendall(frame(PING, ACK, 0, payload))
        elif kind == HEADERS:
            self.status.setdefault(stream, payload[0])
        elif kind == DATA and payload:
            self.content[stream] = self.content.get(stream, b"") + payload
            size = struct.pack(">I", len(payload))
            back = b"" if stream in self.keeps else frame(WINDOW, 0, stream, size)
            self.s.sendall(frame(WINDOW, 0, 0, size) + back)
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            self.ended.add(stream)
        return heard

    def begin(self, fields, ended=True):
        """A request; the stream that it is."""
        stream, self.next = self.next, self.next + 2
        self.s.sendall(frame(HEADERS, END_HEADERS | (END_STREAM if ended else 0), stream, fields))
        return stream

    def finish(self, stream):
        """Until its response is whole."""
        while stream not in self.ended:
            kind, _, of, payload = self.hear()
            if kind == AWAY or (kind == RST and of == stream):
                raise ConnectionResetError(f"sent away: {payload}")

    def ask(self, fields=None):
        """The seconds that a request took, to its last byte."""
        start = time.monotonic()
        stream = self.begin(fields or request())
        self.finish(stream)
        self.content.pop(stream, None)
        return time.monotonic() - start

    def away(self):
        """The code of the GOAWAY it gets; None: it is hung up on without one, for what was on its way
        to a socket that is closed may cost the last that was said."""
        try:
            while True:
                kind, _, _, payload = self.frame()
                if kind == AWAY:
                    return struct.unpack(">I", payload[4:8])[0]
        except ConnectionError:
            return None

    def close(self):
        self.s.close()


def loopback(port):
    s = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Client(s)

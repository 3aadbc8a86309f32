# SPDX-License-Identifier: BSD-3-Clause
"""
The application behind the tunnels of the tests: two servers of one process, an HTTP server whose
every byte is known, and one that speaks a protocol of its own, first.

HTTP. A connection is closed after its response, unless the request says "Connection: keep-alive".
What is not listed is answered with the request's own head, as it came, for a body:

    GET  /empty  /one  /text     0 bytes, 1 byte, a few lines
    GET  /page                   a page of HTML
    GET  /cookies/NAME/NAME      sets them
    GET  /stream/N               N bytes of stream(); HEAD gives the head alone
    GET  /chunked                chunks of many sizes, an extension, trailers
    POST /trailers/NAME/NAME     the lines behind the body, which is chunked; NAME: x, of each, behind
                                 the answer, which is too
    POST /digest                 the length and SHA-256 of the body, which may be chunked; "100
                                 Continue" is sent only to who asks, before any of the body is read
    GET  /together/K/N           answered once N requests for the same K are there
    GET  /events/K               server-sent events; the next one each time /next/K is asked for
    GET  /socket                 a WebSocket (RFC 6455) that echoes what it gets
    GET  /hang                   never answered
    GET  /reset/K                a part of the body; a reset once /next/K is asked for
"""
import asyncio
import hashlib
import json
import os
import socket
import struct
import sys

from kit.process import Process, check
from kit.websocket import CLOSE, PING, PONG, accept_key, frame

BANNER = b"\x00\x01\xffready\r\n\x80\n"  # of the other protocol: no text, and said unasked
BLOCK = 1 << 18
_pattern = hashlib.shake_128(b"beam").digest(BLOCK)


def stream(length):
    """`length` bytes, the same each time, in blocks no two of which are alike."""
    for i in range((length + BLOCK - 1) // BLOCK):
        block = i.to_bytes(8, "big") + _pattern[8:]
        yield block[:length - i * BLOCK]


def stream_digest(length):
    """The SHA-256 of stream(length)."""
    digest = hashlib.sha256()
    for block in stream(length):
        digest.update(block)
    return digest.hexdigest()


class _Request:
    """A request's head, and its connection."""

    def __init__(self, head, reader, writer):
        self.head, self.reader, self.writer = head, reader, writer
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.path = (lines[0].split(" ") + ["", ""])[:2]
        self.fields, self.trailers = {}, b""
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                self.fields[name.lower()] = value.strip()

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, body, fields="", status="200 OK"):
        head = f"HTTP/1.1 {status}\r\n{fields}Content-Length: {len(body)}\r\n\r\n".encode()
        await self.send(head if self.method == "HEAD" else head + body)

    async def body(self):
        """The body's blocks."""
        if self.fields.get("transfer-encoding", "").lower() == "chunked":
            while True:
                size = int((await self.reader.readline()).split(b";")[0], 16)
                if not size:
                    break
                yield await self.reader.readexactly(size)
                await self.reader.readline()
            while (line := await self.reader.readline()) != b"\r\n":
                if not line:
                    raise ConnectionError("the trailers were cut")
                self.trailers += line
            return
        left = int(self.fields.get("content-length", "0"))
        while left:
            block = await self.reader.read(min(left, BLOCK))
            if not block:
                raise ConnectionError("the body was cut")
            left -= len(block)
            yield block


class App:
    """The servers' state: who waits for whom."""

    def __init__(self):
        self.gates = {}   # /together: key -> how many are there, and what opens when all are
        self.events = {}  # /events: key -> queue of what /next asked for

    # ---- HTTP

    async def http(self, reader, writer):
        try:
            stays = True
            while stays:
                request = _Request(await reader.readuntil(b"\r\n\r\n"), reader, writer)
                name = request.path.partition("?")[0].strip("/").partition("/")[0]
                await getattr(self, f"on_{name}", self.on_other)(request)
                stays = request.fields.get("connection") == "keep-alive"
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def on_other(self, r):
        await r.answer(r.head, "Content-Type: application/octet-stream\r\n")

    async def on_empty(self, r):
        await r.answer(b"")

    async def on_one(self, r):
        await r.answer(b"\x00")

    async def on_text(self, r):
        await r.answer(b"the app is here\n" * 3, "Content-Type: text/plain\r\nX-App: 1\r\n")

    async def on_page(self, r):
        await r.answer(b"<!doctype html><title>beam</title><p>the app is here",
                       "Content-Type: text/html; charset=utf-8\r\n")

    async def on_cookies(self, r):
        """/cookies/NAME/NAME: sets them."""
        names = r.path.split("/")[2:]
        await r.answer(b"", "".join(f"Set-Cookie: {n}=1; Path=/\r\n" for n in names))

    async def on_stream(self, r):
        length = int(r.path.split("/")[2])
        await r.send(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())
        if r.method != "HEAD":
            for block in stream(length):
                await r.send(block)

    async def on_chunked(self, r):
        await r.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")
        for i, block in enumerate(stream(BLOCK * 3)):
            for size in (1, 15, 16, 4095, 4096, 60000):
                await r.send(b"%x%s\r\n%s\r\n" % (size, b";n=%d" % i if i else b"", block[:size]))
        await r.send(b"0\r\nX-Sum: 17\r\n\r\n")

    async def on_trailers(self, r):
        async for _ in r.body():
            pass
        behind = "".join(f"{name}: x\r\n" for name in r.path.split("/")[2:])
        await r.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                     b"%x\r\n<%s\r\n0\r\n%s\r\n" % (len(r.trailers) + 1, r.trailers, behind.encode()))

    async def on_digest(self, r):
        early = b""
        if r.fields.get("expect", "").lower() == "100-continue":
            try:  # nothing of the body may come before it was asked for
                early = await asyncio.wait_for(r.reader.read(1), 0.3)
            except asyncio.TimeoutError:
                await r.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        digest, length = hashlib.sha256(), 0
        if not early:
            async for block in r.body():
                digest.update(block)
                length += len(block)
        await r.answer(json.dumps({"length": length, "sha256": digest.hexdigest(),
                                   "early": len(early)}).encode())

    async def on_together(self, r):
        _, _, key, count = r.path.partition("?")[0].split("/")
        gate = self.gates.setdefault(key, [0, asyncio.Event()])
        gate[0] += 1
        if gate[0] == int(count):
            gate[1].set()
            del self.gates[key]
        await asyncio.wait_for(gate[1].wait(), 60)
        await r.answer(r.head * 20)

    async def on_events(self, r):
        queue = self.events.setdefault(r.path.split("/")[2], asyncio.Queue())
        await r.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        while True:
            text = await queue.get()
            if not text:
                return
            await r.send(b"data: %s\n\n" % text)

    async def on_next(self, r):
        _, _, key, *text = r.path.split("/")
        await self.events.setdefault(key, asyncio.Queue()).put("/".join(text).encode())
        await r.answer(b"")

    async def on_hang(self, r):
        await r.reader.read()

    async def on_reset(self, r):
        await r.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart")
        await self.events.setdefault(r.path.split("/")[2], asyncio.Queue()).get()
        r.writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        r.writer.transport.abort()

    async def on_socket(self, r):
        await r.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                     b"Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n"
                     % accept_key(r.fields["sec-websocket-key"]))
        while True:
            first, size = await r.reader.readexactly(2)
            size &= 0x7F
            if size == 126:
                size = int.from_bytes(await r.reader.readexactly(2), "big")
            elif size == 127:
                size = int.from_bytes(await r.reader.readexactly(8), "big")
            mask = await r.reader.readexactly(4)
            data = await r.reader.readexactly(size)
            data = bytes(b ^ mask[i & 3] for i, b in enumerate(data))
            kind = first & 0x0F
            if kind == CLOSE:
                await r.send(frame(CLOSE, data))
                return
            if kind == PING:
                await r.send(frame(PONG, data))
            else:
                await r.send(frame(kind, data, last=bool(first & 0x80)))

    # ---- the other protocol: a banner, then each line back, upside down; "quit" ends it

    async def other(self, reader, writer):
        try:
            writer.write(BANNER)
            while (line := await reader.readline()) not in (b"", b"quit\n"):
                writer.write(line[-2::-1] + b"\n")
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


async def serve(http, other):
    """Serves for ever; says on which ports."""
    app = App()
    servers = [await listen(app.http, http), await listen(app.other, other)]
    print(json.dumps([s.sockets[0].getsockname() for s in servers]), flush=True)
    await asyncio.Event().wait()


def listen(handler, at):
    """`at`: the path of a unix socket, or [HOST:]PORT (of 127.0.0.1; port 0 picks one)."""
    if at.startswith("/"):
        return asyncio.start_unix_server(handler, at, limit=1 << 20)
    host, _, port = at.rpartition(":")
    return asyncio.start_server(handler, host or "127.0.0.1", int(port), limit=1 << 20,
                                backlog=1024)


class Served:
    """The application as a process of its own; `http` and `other` are where it listens."""

    def __init__(self, http="0", other="0", within=()):
        folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        self.process = Process([*within, sys.executable, "-B", "-m", "kit.app", http, other],
                               cwd=folder)
        line = self.process.line(20)
        check(line, f"the app did not start\n{self.process.said()}")
        self.http, self.other = (at[1] if isinstance(at, list) else at for at in json.loads(line))

    def stop(self):
        self.process.stop()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))

# SPDX-License-Identifier: BSD-3-Clause
"""What a visitor gets through an onion is what the app sent, byte by byte, and the other way."""
import concurrent.futures
import hashlib
import json
import socket

from kit.app import BANNER, stream, stream_digest
from kit.case import case
from kit.process import Process, check, equal
from kit.visit import host_of, read_all
from kit.websocket import Client

MILLION = 1000 * 1000


def ways(t):
    return (("curl --socks5-hostname", t.visitor.curl), ("torsocks curl", t.visitor.torsocks))


def same(t, path, *options, seconds=60):
    """Head and body through the onion, both ways, are those that come without it."""
    wanted = t.visitor.direct.get(f"http://127.0.0.1:{t.app.http}{path}", "-i", "--raw", *options)
    check(wanted.startswith(b"HTTP/1.1 200 OK\r\n"), f"the app itself: {wanted[:200]}")
    for name, curl in ways(t):
        got = curl.get(t.urls["http"] + path, "-i", "--raw", *options, seconds=seconds)
        equal(got, wanted, f"{path} by {name}")


@case("content/empty")
def empty(t):
    same(t, "/empty")


@case("content/one-byte")
def one_byte(t):
    same(t, "/one")


@case("content/text")
def text(t):
    same(t, "/text")


@case("content/chunked")
def chunked(t):
    same(t, "/chunked")


@case("content/head")
def head(t):
    same(t, "/stream/1000000", "--head")


@case("content/100-megabytes-curl", seconds=150, alone=True)
def large_curl(t):
    large(t, t.visitor.curl)


@case("content/100-megabytes-torsocks", seconds=150, alone=True)
def large_torsocks(t):
    large(t, t.visitor.torsocks)


def large(t, curl):
    length, digest, seconds = curl.digest(f"{t.urls['http']}/stream/{100 * MILLION}", seconds=140)
    equal((length, digest), (100 * MILLION, stream_digest(100 * MILLION)), "length and SHA-256")
    t.note(f"{100 / seconds:.1f} MB/s")


def digested(data):
    """What /digest answers to data that came when it was asked for."""
    return {"length": len(data), "sha256": hashlib.sha256(data).hexdigest(), "early": 0}


@case("content/upload")
def upload(t):
    """5 MB upwards, with a length and chunked; no "100 Continue" is asked for."""
    data = b"".join(stream(5 * MILLION))
    for name, curl in ways(t):
        for field in ("Expect:", "Transfer-Encoding: chunked"):
            got = curl.get(t.urls["http"] + "/digest", "--data-binary", "@-", "-H", "Expect:",
                           "-H", field, data=data)
            equal(json.loads(got), digested(data), f"{name}, {field}")


@case("content/100-continue")
def hundred_continue(t):
    """curl waits for the "100 Continue" longer than this test does: without it nothing is sent."""
    data = b"".join(stream(MILLION))
    for name, curl in ways(t):
        got = curl.get(t.urls["http"] + "/digest", "--data-binary", "@-", "-i",
                       "-H", "Expect: 100-continue", "--expect100-timeout", "600",
                       data=data, seconds=40)
        first, second, body = got.split(b"\r\n\r\n")
        equal(first, b"HTTP/1.1 100 Continue", name)
        check(second.startswith(b"HTTP/1.1 200 OK"), f"{name}: {second}")
        equal(json.loads(body), digested(data), name)


@case("content/websocket")
def websocket(t):
    host = host_of(t.urls["http"])
    with t.visitor.connect(host) as connection:
        Client(connection, host).echo()
    t.visitor.under_torsocks("websocket", host)


@case("content/events")
def events(t):
    """Each event arrives while the response is open: the next is sent after it was seen."""
    for number, (name, curl) in enumerate(ways(t)):
        key = f"sse{number}"
        child = t.keep(Process([*curl.argv, "-N", f"{t.urls['http']}/events/{key}"], env=curl.env))
        for text in ("first", "second", "third"):
            t.visitor.direct.get(f"http://127.0.0.1:{t.app.http}/next/{key}/{text}")
            equal((child.line(20), child.line(20)), (f"data: {text}", ""), f"{name}: an event")
            check(child.running(), f"{name}: the response had ended when {text} came")
        t.visitor.direct.get(f"http://127.0.0.1:{t.app.http}/next/{key}/")
        equal((child.line(20), child.wait(20)), (None, 0), f"{name}: the end")


@case("content/50-at-once", seconds=90)
def fifty(t):
    """The app answers none of them before all 50 are there."""
    for number, (name, curl) in enumerate(ways(t)):
        urls = [f"{t.urls['http']}/together/{number}/50?{i}" for i in range(50)]
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            for i, got in enumerate(pool.map(lambda u, c=curl: c.get(u, seconds=60), urls)):
                first = f"GET /together/{number}/50?{i} HTTP/1.1\r\n".encode()
                equal((got.count(first), len(got) % 20), (20, 0), f"{name}, answer {i}")


@case("content/other-protocol")
def other_protocol(t):
    """The server speaks first, in bytes that are no text; each line comes back reversed."""
    host = host_of(t.urls["other"])
    with t.visitor.connect(host) as connection:
        equal(connection.recv(len(BANNER), socket.MSG_WAITALL), BANNER, "what comes unasked")
        line = bytes(b for b in range(256) if b != 10)
        connection.sendall(b"abc\n" + line + b"\nquit\n")
        equal(read_all(connection), b"cba\n" + line[::-1] + b"\n", "the answers, and then the end")
    t.visitor.under_torsocks("other", host)


@case("content/reset")
def reset(t):
    """An app that breaks off within a body: the visitor's connection ends too."""
    host = host_of(t.urls["http"])
    with t.visitor.connect(host, seconds=20) as connection:
        connection.sendall(b"GET /reset/cut HTTP/1.1\r\n\r\n")
        data = b""
        while not data.endswith(b"\r\n\r\npart"):
            block = connection.recv(4096)
            check(block, f"it ended before its time: {data}")
            data += block
        t.visitor.direct.get(f"http://127.0.0.1:{t.app.http}/next/cut/now")
        equal(read_all(connection), b"", "what came after the reset")

# SPDX-License-Identifier: BSD-3-Clause
"""Targets that are down, visitors that behave oddly, and what is told of requests."""
import concurrent.futures
import os
import re
import socket
import time

from kit.app import BANNER, stream
from kit.case import case
from kit.process import alive, check, equal, wait_until
from kit.visit import host_of, read_all

SANITIZED = os.environ.get("BEAM_SANITIZERS") == "yes"

KEYS = {  # of the events, beside "event" and "time"
    "starting": {"name", "target", "policy"},
    "progress": {"path", "percent", "summary"},
    "path_up": {"path", "url", "ms"},
    "ready": {"name", "urls"},
    "path_down": {"path", "reason", "retry_ms"},
    "request": {"id", "method", "target", "status", "ms", "in", "out", "path"},
    "warning": {"text"},
    "error": {"code", "text"},
    "stopped": set(),
}


def head(connection):
    """Reads to the end of a head, byte by byte: what follows stays."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        check(byte, f"the stream ended within a head: {data}")
        data += byte
    return data


def exact(connection, size):
    """Reads so many bytes."""
    data = b""
    while len(data) < size:
        block = connection.recv(size - len(data))
        check(block, f"the stream ended after {len(data)} of {size} bytes")
        data += block
    return data


def echoed(t, host, request):
    """Sends a request as it is; gives what the app says it got."""
    with t.visitor.connect(host) as connection:
        connection.sendall(request)
        length = int(re.search(rb"Content-Length: (\d+)", head(connection)).group(1))
        return exact(connection, length)


@case("events/as-documented")
def as_documented(t):
    """Every event has the members the contract names, and no others; requests are as they were."""
    home = t.home()
    tunnel = home.publish(t.app.http, "--name", "told")
    url = tunnel.ready()
    curl = t.visitor.curl
    curl.get(url + "/text")
    curl.get(url + "/stream/1000", "--head")
    curl.get(url + "/digest?a=b", "--data-binary", "12345", "-H", "Expect:")
    requests = [tunnel.event("request", 10) for _ in range(3)]
    equal([(r["id"], r["method"], r["target"], r["status"], r["path"]) for r in requests],
          [(1, "GET", "/text", 200, "onion"), (2, "HEAD", "/stream/1000", 200, "onion"),
           (3, "POST", "/digest?a=b", 200, "onion")], "the requests that were told")
    answers = [len(t.visitor.direct.get(f"http://127.0.0.1:{t.app.http}{path}", "-i", *more))
               for path, more in (("/text", ()), ("/stream/1000", ("--head",)),
                                  ("/digest", ("--data-binary", "12345", "-H", "Expect:")))]
    equal([r["out"] for r in requests], answers, "the bytes that went out")
    check(all(0 <= r["ms"] < 20000 and r["in"] > 30 for r in requests), f"{requests}")
    os.kill(home.tor_pid(), 9)
    tunnel.event("path_down", 5)
    tunnel.event("path_up", 20)
    equal(tunnel.interrupt(), 0, "the status after SIGINT")
    names = [e["event"] for e in tunnel.events_left()]
    for event in tunnel.events:
        equal(set(event) - {"event", "time"}, KEYS[event["event"]], f"the members of {event}")
    equal((names[0], names[-1]), ("starting", "stopped"), "the first and the last event")
    check(names.index("progress") < names.index("path_up") < names.index("ready"),
          f"the order: {names}")
    first = tunnel.events[0]
    equal((first["name"], first["target"], first["policy"]),
          ("told", f"127.0.0.1:{t.app.http}", "anonymous"), "what the first event says")
    times = [e["time"] for e in tunnel.events]
    equal(times, sorted(times), "the events' times")


@case("events/keep-alive")
def keep_alive(t):
    """Several requests of one connection, sent at once, are told one by one; a WebSocket is one."""
    home = t.home()
    tunnel = home.publish(t.app.http)
    host = host_of(tunnel.ready())
    with t.visitor.connect(host) as connection:
        connection.sendall(b"GET /one HTTP/1.1\r\nConnection: keep-alive\r\n\r\n"
                           b"POST /digest HTTP/1.1\r\nConnection: keep-alive\r\n"
                           b"Content-Length: 5\r\n\r\n12345"
                           b"HEAD /stream/99 HTTP/1.1\r\nConnection: keep-alive\r\n\r\n"
                           b"GET /chunked HTTP/1.1\r\nConnection: keep-alive\r\n\r\n"
                           b"GET /empty HTTP/1.1\r\n\r\n")
        size = len(read_all(connection))
    told = [tunnel.event("request", 10) for _ in range(5)]
    equal([(r["method"], r["target"], r["status"]) for r in told],
          [("GET", "/one", 200), ("POST", "/digest", 200), ("HEAD", "/stream/99", 200),
           ("GET", "/chunked", 200), ("GET", "/empty", 200)], "what was told of one connection")
    equal(sum(r["out"] for r in told), size, "bytes out in all")
    with t.visitor.connect(host) as connection:
        connection.sendall(b"GET /socket HTTP/1.1\r\nUpgrade: websocket\r\n"
                           b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                           b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
        head(connection)
        connection.sendall(b"\x88\x80abcd")
        read_all(connection)
    told = tunnel.event("request", 10)
    equal((told["method"], told["target"], told["status"]), ("GET", "/socket", 101),
          "the WebSocket")


@case("events/other-protocol")
def other_protocol(t):
    """A connection that is not HTTP is told as such, with its bytes."""
    home = t.home()
    tunnel = home.publish(t.app.other)
    with t.visitor.connect(host_of(tunnel.ready())) as connection:
        exact(connection, len(BANNER))
        connection.sendall(b"abc\nquit\n")
        equal(read_all(connection), b"cba\n", "the answer")
    # The visitor's tor may have tried twice: one that it gave up is told as well, and came with nothing.
    told = tunnel.event("request", 10, **{"in": 9})
    equal((told["method"], told["target"], told["status"], told["out"]),
          ("", "", 0, len(BANNER) + 4), "what was told")


@case("down/target")
def target_down(t):
    """A plain 502 that names nothing, always the same; a close for others; and it comes back."""
    app = t.serve()
    home = t.home()
    tunnels = {"http": home.publish(app.http), "other": home.publish(app.other)}
    urls = {name: tunnel.ready() for name, tunnel in tunnels.items()}
    t.visitor.curl.get(urls["http"] + "/one")
    app.stop()
    answers = set()
    for path, more in (("/text", ()), ("/digest", ("--data-binary", "x" * 100000)),
                       ("/x", ("-A", "beam"))):
        done = t.visitor.curl(urls["http"] + path, "-i", "--max-time", "20", *more)
        equal(done.status, 0, f"{done}: curl's status")
        answers.add(done.bytes)
    equal(len(answers), 1, "how many different answers there were")
    answer = answers.pop().lower()
    check(answer.startswith(b"http/1.1 502 "), f"not a 502: {answer}")
    for word in (b"beam", b"127.0.0.1", b"localhost", b"::1", str(app.http).encode(), b"tor",
                 b"0.1", b"server:", b"date:", b"refused", socket.gethostname().lower().encode(),
                 os.path.basename(os.path.expanduser("~")).encode()):
        check(word not in answer, f"the answer tells of {word}: {answer}")
    with t.visitor.connect(host_of(urls["other"]), seconds=20) as connection:
        connection.sendall(b"\x00hello, this is not HTTP\n")
        equal(read_all(connection), b"", "what another protocol is told")
    told = tunnels["http"].event("request", 10, target="/text")
    equal(told["status"], 502, "the status of the request that was told")
    t.serve(app.http, app.other)
    equal(t.visitor.curl.get(urls["http"] + "/one"), b"\x00", "what the app says once it is back")


@case("down/from-the-beginning")
def target_never_up(t):
    """A tunnel may be published before its app is there."""
    app = t.serve()
    app.stop()
    tunnel = t.home().publish(app.http)
    url = tunnel.ready()
    check(b" 502 " in t.visitor.curl.get(url + "/one", "-i"), "not a 502")
    t.serve(app.http, app.other)
    equal(t.visitor.curl.get(url + "/one"), b"\x00", "what the app says once it is there")


@case("down/unix-target")
def unix_target(t):
    """A unix socket as target: there, gone, and back."""
    path = t.path("app.sock")
    app = t.serve(path, t.path("other.sock"))
    tunnel = t.home().publish(f"unix:{path}")
    url = tunnel.ready()
    equal(t.visitor.curl.get(url + "/one"), b"\x00", "what the app says")
    app.stop()
    os.unlink(path)
    answer = t.visitor.curl.get(url + "/one", "-i")
    check(b" 502 " in answer and b"sock" not in answer, f"not a plain 502: {answer}")
    os.unlink(t.path("other.sock"))
    t.serve(path, t.path("other.sock"))
    equal(t.visitor.curl.get(url + "/one"), b"\x00", "what the app says once it is back")


@case("down/too-slow")
def too_slow(t):
    """A target that does not take connections: dialling it ends by tunnel.connect_timeout."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):  # the backlog of one is taken
            tunnel = t.home(tunnel__connect_timeout="1s").publish(f"127.0.0.1:{port}")
            url = tunnel.ready()
            begin = time.monotonic()
            check(b" 502 " in t.visitor.curl.get(url + "/", "-i"), "not a 502")
            t.note(f"502 after {time.monotonic() - begin:.1f} s")


@case("visitor/says-nothing")
def says_nothing(t):
    """Those who open and say nothing keep nobody else out, and are gone when they go."""
    home = t.home()
    tunnel = home.publish(t.app.http)
    url = tunnel.ready()
    silent = [t.visitor.connect(host_of(url)) for _ in range(20)]
    equal(t.visitor.curl.get(url + "/one"), b"\x00", "what another visitor gets")
    wait_until(lambda: home.status()["tunnels"][0]["open"] == 20, 10, "20 streams are open")
    for connection in silent:
        connection.close()
    wait_until(lambda: home.status()["tunnels"][0]["open"] == 0, 10, "none is open any more")


@case("visitor/nothing-is-kept")
def nothing_is_kept(t):
    """After many visitors the daemon has the descriptors it had, and no more memory to speak of."""
    home = t.home()
    tunnel = home.publish(t.app.http)
    url = tunnel.ready()

    def visits():
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            for got in pool.map(lambda n: t.visitor.curl.get(f"{url}/text?{n}"), range(60)):
                equal(len(got), 48, "bytes of an answer")
        wait_until(lambda: home.status()["tunnels"][0]["open"] == 0, 10, "no stream is open")
    def descriptors():
        return len(os.listdir(f"/proc/{pid}/fd"))
    pid = home.daemon_pid()
    before = descriptors()
    visits()
    wait_until(lambda: descriptors() == before, 10, f"it has its {before} descriptors again")
    size = memory(pid)
    visits()
    wait_until(lambda: descriptors() == before, 10, f"it has its {before} descriptors again")
    grown = memory(pid) - size
    # AddressSanitizer keeps what was freed, to catch its use.
    check(grown < 256 * 1024 or SANITIZED, f"beam has grown by {grown} bytes")
    t.note(f"{grown // 1024} kB more after 60 more visitors")


@case("visitor/half-a-head")
def half_a_head(t):
    """A head that never ends is passed on as far as it came, and ends with its visitor."""
    home = t.home()
    tunnel = home.publish(t.app.http)
    with t.visitor.connect(host_of(tunnel.ready())) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: ")
        wait_until(lambda: home.status()["tunnels"][0]["open"] == 1, 10, "the stream is open")
    wait_until(lambda: home.status()["tunnels"][0]["open"] == 0, 10, "it is gone")


@case("visitor/too-many")
def too_many(t):
    """With tunnel.max_streams taken, the next visitors wait and are served later."""
    home = t.home(tunnel__max_streams="5")
    tunnel = home.publish(t.app.http)
    url = tunnel.ready()
    silent = [t.visitor.connect(host_of(url)) for _ in range(5)]
    wait_until(lambda: home.status()["tunnels"][0]["open"] == 5, 10, "5 streams are open")
    late = t.visitor.connect(host_of(url))
    late.sendall(b"GET /one HTTP/1.1\r\n\r\n")
    late.settimeout(1)
    try:
        raise AssertionError(f"served beyond the limit: {late.recv(100)}")
    except socket.timeout:
        pass
    equal(home.status()["tunnels"][0]["open"], 5, "open streams")
    silent.pop().close()
    late.settimeout(20)
    check(b" 200 OK" in late.recv(100), "the late one was not served")
    for connection in [late, *silent]:
        connection.close()


@case("visitor/large-heads")
def large_heads(t):
    """64 kB of head, in one field and in many, arrive unaltered."""
    host = host_of(t.urls["http"])
    one = b"GET /a HTTP/1.1\r\nX: " + b"y" * 65000 + b"\r\n\r\n"
    fields = b"".join(b"X-%d: %d\r\n" % (i, i) for i in range(5000))
    many = b"GET /a HTTP/1.1\r\n" + fields + b"\r\n"
    line = b"GET /" + b"a" * 65000 + b" HTTP/1.1\r\n\r\n"
    for request in (one, many, line):
        equal(echoed(t, host, request), request, "a large head")


@case("visitor/odd-heads")
def odd_heads(t):
    """NUL, CR, what is no text, escapes for terminals, lines that end oddly: none is altered."""
    home = t.home()
    tunnel = home.publish(t.app.http)
    host = host_of(tunnel.ready())
    for request in (b"GET /a\x00b HTTP/1.1\r\nX: \x00\r\n\r\n",
                    b"GET /a\rb HTTP/1.1\r\nX: a\rb\r\n\r\n",
                    b"GET /\x1b[2J\x1b]0;title\x07 HTTP/1.1\r\n\r\n",
                    b"\xff\xfe /\x80 HTTP/1.1\r\n\r\n",
                    b"GET  /  HTTP/1.1 \r\n\r\n", b"get\r\n\r\n", b"\r\n\r\n",
                    b"GET / HTTP/9.9\r\nA\nB\r\n\r\n",
                    b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                    b"GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
                    b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n"):
        equal(echoed(t, host, request), request, "an odd head")
    equal(t.visitor.curl.get(f"http://{host}/one"), b"\x00", "what comes after them")
    check(tunnel.running() and alive(home.daemon_pid()), "something fell over")
    for line in (e for e in tunnel.events_left() if e["event"] == "request"):
        check(all(c.isprintable() or c in "\x00\r\x1b\x07" for c in line["target"]), f"{line}")


@case("visitor/slow-reader")
def slow_reader(t):
    """A visitor that does not read makes the app wait, not beam grow."""
    home = t.home()
    tunnel = home.publish(t.app.http)
    host = host_of(tunnel.ready())
    before = memory(home.daemon_pid())
    with t.visitor.connect(host) as connection:
        connection.sendall(b"GET /stream/60000000 HTTP/1.1\r\n\r\n")
        head(connection)
        steady = still(lambda: home.status()["tunnels"][0]["out"], 30)
        grown = memory(home.daemon_pid()) - before
        check(steady < 30e6, f"{steady} bytes went out to a visitor who reads nothing")
        check(grown < 4 << 20 or SANITIZED, f"beam grew by {grown} bytes")
        # Tor itself lets a stream go on slowly after such a pause, so not all of it is waited for.
        for number, block in enumerate(stream(int(steady) + 1500000)):
            check(exact(connection, len(block)) == block, f"block {number} is not what was sent")
    t.note(f"{steady / 1e6:.1f} MB on the way, beam {grown // 1024} kB larger")


def still(number, seconds):
    """What number() gives once it has been the same 20 times in a row, 50 ms apart."""
    last, same, until = None, 0, time.monotonic() + seconds
    while same < 20:
        check(time.monotonic() < until, f"no rest after {seconds} s: {last}")
        now = number()
        same = same + 1 if now == last else 0
        last = now
        time.sleep(0.05)
    return last


def memory(pid):
    """The bytes that are this process's alone."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return sum(int(line.split()[1]) * 1024 for line in f if line.startswith("Private_"))

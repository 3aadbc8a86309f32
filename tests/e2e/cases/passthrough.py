# SPDX-License-Identifier: BSD-3-Clause
"""TLS that a relay passes on unopened: who opens it, that the relay cannot read it, and that its
owner notices when somebody sits in the middle."""
import os
import re
import shutil
import socket
import ssl
import struct
import threading
import time

from kit.authority import Authority
from kit.beam import BEAM
from kit.case import case
from kit.pebble import Pebble
from kit.process import Process, check, equal, run, wait_until
from kit.relay import Relay, free_port
from kit.visit import Curl

CURL = Curl(["curl", "-q", "-sS", "--noproxy", "*"])
DOMAIN = "relay.localhost"
HOST = f"app.tls.{DOMAIN}"


def listener():
    s = socket.create_server(("127.0.0.1", 0))
    return s, s.getsockname()[1]


def pump(a, b):
    """Bytes from one to the other, until an end."""
    try:
        while data := a.recv(65536):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Middle:
    """What stands before a relay's HTTPS: passes bytes on, or opens TLS and reads along."""

    def __init__(self, port, pem, key):
        self.server, self.port = listener()
        self.to, self.reads, self.heard = port, False, b""
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pem, key)
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        try:
            while True:
                visitor, _ = self.server.accept()
                threading.Thread(target=self.carry, args=(visitor,), daemon=True).start()
        except OSError:
            pass

    def carry(self, visitor):
        try:
            relay = socket.create_connection(("127.0.0.1", self.to))
            self.open += [visitor, relay]
            if self.reads:
                visitor = self.context.wrap_socket(visitor, server_side=True)
                anybody = ssl.create_default_context()
                anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
                relay = anybody.wrap_socket(relay, server_hostname=HOST)
                self.heard += visitor.recv(65536)
                relay.sendall(self.heard)
            back = threading.Thread(target=pump, args=(relay, visitor), daemon=True)
            back.start()
            pump(visitor, relay)
            back.join(20)
        except OSError:
            pass

    def stop(self):
        self.server.close()
        for s in self.open:
            s.close()


class Scene:
    """A relay whose tunnels have hosts of their own below localhost, and an owner's certificate."""

    def __init__(self, t, middle=False, **options):
        self.t = t
        self.relays, self.owners = Authority(t.path("ca")), Authority(t.path("own"))
        pem, key = self.relays.issue("relay", f"DNS:{DOMAIN}", f"DNS:*.{DOMAIN}")
        self.pem, self.key = self.owners.issue("app", f"DNS:{HOST}")
        self.relay_pem, self.tls = pem, free_port()
        # Who has the domain can have one for the owner's host, too.
        forged = self.relays.issue("forged", f"DNS:{HOST}") if middle else None
        self.middle = t.keep(Middle(self.tls, *forged)) if middle else None
        self.port = self.middle.port if middle else self.tls
        self.relay = t.keep(Relay(t.path("r"), relay__tls_listen=f"127.0.0.1:{self.tls}",
                                  relay__domain=DOMAIN, relay__tls_certificate=pem,
                                  relay__url=f"https://{DOMAIN}:{self.port}",
                                  relay__kinds="http,tls-passthrough", relay__tls_key=key,
                                  **options))
        self.home = t.home(tunnel__tls_check="1s", tunnel__connect_timeout="2s", relay__ca=self.relays.ca)
        self.url = f"https://{HOST}:{self.port}/"
        self.trust = ("--cacert", self.owners.ca)

    def publish(self, target, *more, files=True, name="app"):
        files = ("--tls-certificate", self.pem, "--tls-key", self.key) if files else ()
        return self.home.publish(str(target), *files, *more, "--name", name, "--tls-passthrough",
                                 paths=[f"--community-relay={self.relay.p2p}"])


def sealed(tunnel):
    """It is up, and it was seen that nobody is in the middle."""
    up = tunnel.event("path_up", 20, path="relay")
    check(up["sealed"], f"{up}")
    said = tunnel.event("progress", 20, path="relay", percent=100)
    check("nobody sits in the middle" in said["summary"], f"{said}")
    return up["url"]


def misdirected(s):
    """What is asked of the owner on a connection that the relay opened for another host."""
    for version in ("--http1.1", "--http2"):
        for host in (HOST, f"gone.tls.{DOMAIN}"):
            got = CURL.get(f"https://other.{DOMAIN}:{s.port}/text", version, "--cacert",
                           s.relays.ca, "-H", f"Host: {host}:{s.port}", "-w", " %{http_code}")
            check(got.endswith(b" 421"), f"{version} {host}: {got}")


def unrecognized(s, name):
    """A hello for what nobody has gets an alert and no certificate."""
    return answer_to(s, made_up(name)) == bytes((21, 3, 3, 0, 2, 2, 112))


@case("passthrough/certificate", network=False)
def certificate(t):
    """TLS is opened at the owner's, with its certificate; the relay opens what is its own."""
    s = Scene(t)
    app = t.serve()
    tunnel = s.publish(app.http)
    equal(sealed(tunnel), s.url, "the URL")
    equal(CURL.get(s.url + "text", *s.trust), CURL.get(f"http://127.0.0.1:{app.http}/text"), "text")
    data = os.urandom(3000000)
    check(b'"sha256"' in CURL.get(s.url + "digest", *s.trust, "--data-binary", "@-", data=data),
          "upwards")
    equal(CURL.digest(s.url + "stream/3000000", *s.trust)[0], 3000000, "downwards")
    got = CURL.get(f"https://other.{DOMAIN}:{s.port}/", "--cacert", s.relays.ca, "-o", "/dev/null",
                   "-w", "%{http_code}")
    equal(got, b"404", "another host")
    misdirected(s)
    plain = CURL.get(f"http://{HOST}:{s.relay.front.split(':')[1]}/text", "-o", "/dev/null", "-w",
                     "%{http_code} %{redirect_url}").decode()
    equal(plain, f"308 {s.url}text", "plain HTTP")
    tunnel.event("progress", 20, path="relay", percent=100)  # and again
    s.relay.kill()
    tunnel.event("path_down", 30, path="relay")
    s.relay.start()
    equal(sealed(tunnel), s.url, "the URL after the relay was away")
    tunnel.stop()
    wait_until(lambda: unrecognized(s, HOST), 20, "what was released is opened by nobody")
    misdirected(s)


class Upper:
    """An application that opens TLS itself, and says back in capitals what it hears."""

    def __init__(self, pem, key):
        self.server, self.port = listener()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(pem, key)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        try:
            while True:
                s, _ = self.server.accept()
                threading.Thread(target=self.serve, args=(s,), daemon=True).start()
        except OSError:
            pass

    def serve(self, s):
        try:
            with self.context.wrap_socket(s, server_side=True) as tls:
                while data := tls.recv(4096):
                    tls.sendall(data.upper())
        except OSError:
            pass

    def stop(self):
        self.server.close()


@case("passthrough/target", network=False)
def target(t):
    """Without a certificate the target opens it; one that does not is told so."""
    s = Scene(t)
    upper = t.keep(Upper(s.pem, s.key))
    tunnel = s.publish(upper.port, files=False)
    equal(sealed(tunnel), s.url, "the URL")
    context = ssl.create_default_context(cafile=s.owners.ca)
    with socket.create_connection(("127.0.0.1", s.port)) as plain:
        with context.wrap_socket(plain, server_hostname=HOST) as tls:
            tls.sendall(b"hello")
            equal(tls.recv(100), b"HELLO", "what the target says")
    # As long as it goes on, its certificate may become another one.
    upper.context.load_cert_chain(*s.owners.issue("renewed", f"DNS:{HOST}"))
    for _ in range(3):
        tunnel.event("progress", 20, path="relay", percent=100)
    tunnel.stop()
    app = t.serve()
    tunnel = s.publish(app.http, files=False, name="other")
    said = tunnel.event("warning", 20)
    check("opens no TLS" in said["text"] and "--tls-certificate" in said["text"], f"{said}")


def in_records(flight, size):
    """A client's first flight, which is one record of a handshake, in records of so many bytes."""
    body = flight[5:]
    equal(len(body), int.from_bytes(flight[3:5], "big"), "one record")
    return b"".join(flight[:3] + len(piece).to_bytes(2, "big") + piece
                    for piece in (body[i:i + size] for i in range(0, len(body), size)))


def shake_hands(s, context, name, size):
    """The certificate that is shown to who says hello in such records."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(back, there, server_hostname=name)
    with socket.create_connection(("127.0.0.1", s.port), timeout=20) as plain:
        first = True
        while True:
            try:
                tls.do_handshake()
                return tls.getpeercert(True)
            except ssl.SSLWantReadError:
                flight = there.read()
                plain.sendall(in_records(flight, size) if first else flight)
                first = False
                back.write(plain.recv(65536))


def made_up(name, extension=0):
    """A hello with no cipher that anybody has, and an extension of so many bytes."""
    name = name.encode()
    sni = b"\0\0" + struct.pack("!HHBH", len(name) + 5, len(name) + 3, 0, len(name)) + name
    block = struct.pack("!HH", 0x1234, extension) + b"x" * extension + sni
    body = b"\3\3" + b"r" * 32 + b"\0" + b"\0\2\x0a\x0a" + b"\1\0" + struct.pack("!H", len(block)) + block
    body = b"\1" + len(body).to_bytes(3, "big") + body
    return b"".join(b"\x16\3\1" + len(piece).to_bytes(2, "big") + piece
                    for piece in (body[i:i + 16000] for i in range(0, len(body), 16000)))


def answer_to(s, hello):
    with socket.create_connection(("127.0.0.1", s.port), timeout=20) as plain:
        plain.sendall(hello)
        return plain.recv(100)


@case("passthrough/own-certificate", network=False)
def own_certificate(t):
    """A relay does not begin with a certificate for its owners' hosts."""
    pem, key = Authority(t.path("ca")).issue("relay", f"DNS:{DOMAIN}", f"DNS:*.tls.{DOMAIN}")
    words = ["-o", f"relay.domain={DOMAIN}", "-o", f"relay.tls_certificate={pem}",
             "-o", f"relay.tls_key={key}", "-o", "relay.tor=no", "-o", "network.rendezvous=off",
             "--listen", f"127.0.0.1:{free_port()}", "--p2p", f"127.0.0.1:{free_port()}"]
    done = run(["env", f"BEAM_HOME={t.path('r')}", BEAM, "relay", *words], 20)
    check(done.status not in (0, None), f"{done}")
    check(f"names below tls.{DOMAIN}" in done.err, f"{done}")


@case("passthrough/hellos", network=False)
def hellos(t):
    """Hellos in one-byte records, without a name, with 64 kB of extensions, for a thousand names."""
    s = Scene(t, relay__handshakes="100000")
    app = t.serve()
    sealed(s.publish(app.http))
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    own, relays = (ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN"):]) for text in map(
        lambda path: open(path, encoding="ascii").read(), (s.pem, s.relay_pem)))
    for size in (1, 7, 16000):
        equal(shake_hands(s, anybody, HOST, size), own, f"records of {size}")
        equal(shake_hands(s, anybody, None, size), relays, f"records of {size}, no name")
        equal(shake_hands(s, anybody, f"other.{DOMAIN}", size), relays, f"of {size}, another name")
    for extension in (0, 65000):
        equal(answer_to(s, made_up(HOST, extension))[:1], b"\x15", "an alert of the owner's")
    for i in range(1000):
        equal(answer_to(s, made_up(f"n{i}.{DOMAIN}"))[:1], b"\x15", "an alert of the relay's")
        check(unrecognized(s, f"n{i}.tls.{DOMAIN}"), "of an owner that is not there")
    equal(CURL.get(s.url + "text", *s.trust), CURL.get(f"http://127.0.0.1:{app.http}/text"), "text")


HOOK = """#!/bin/sh
# uacme's: METHOD TYPE DOMAIN TOKEN ANSWER
[ "$2" = http-01 ] || exit 1
case $1 in
begin) mkdir -p "$WWW/.well-known/acme-challenge" && printf %s "$5" >"$WWW/.well-known/acme-challenge/$4" ;;
*) rm -f "$WWW/.well-known/acme-challenge/$4" ;;
esac
"""


@case("passthrough/acme", seconds=90, network=False)
def acme(t):
    """An ACME server reaches the owner through the tunnel; the certificate is taken up as it comes."""
    front = free_port()
    pebble = t.keep(Pebble(t.path("pebble"), front))
    s = Scene(t, front=f"127.0.0.1:{front}")
    www, hook, mine = t.path("www"), t.path("hook"), t.path("acme")
    os.mkdir(www)
    with open(hook, "w", encoding="ascii") as f:
        f.write(HOOK)
    os.chmod(hook, 0o755)
    web = t.keep(Process(["python3", "-m", "http.server", "-b", "127.0.0.1", "-d", www,
                          str(port := free_port())]))
    wait_until(lambda: CURL(f"http://127.0.0.1:{port}/").status == 0, 20, f"{web} listens")
    tunnel = s.publish(port)
    sealed(tunnel)
    client = [*pebble.within, "env", f"WWW={www}", "uacme", "-y", "-c", mine, "-a", pebble.url]
    for words in (["new"], ["-h", hook, "-t", "EC", "issue", HOST]):
        done = run([*client, *words], 40)
        equal(done.status, 0, f"{done}")
    shutil.copy(os.path.join(mine, "private", HOST, "key.pem"), s.key)
    shutil.copy(os.path.join(mine, HOST, "cert.pem"), s.pem)
    wait_until(lambda: CURL(s.url, "--cacert", pebble.root).status == 0, 20, "it is shown")
    tunnel.event("progress", 20, path="relay", percent=100)


@case("passthrough/middle", network=False)
def middle(t):
    """Whoever opens what is the owner's is found out, at the start and later on."""
    s = Scene(t, middle=True)
    app = t.serve()
    tunnel = s.publish(app.http)
    equal(sealed(tunnel), s.url, "the URL")
    equal(CURL.get(s.url + "text", *s.trust), CURL.get(f"http://127.0.0.1:{app.http}/text"), "text")
    s.middle.reads = True
    trusting = CURL.get(s.url + "text?canary=1", "--cacert", s.relays.ca, "-o", "/dev/null")
    equal(trusting, b"", "a visitor notices nothing")
    check(b"canary=1" in s.middle.heard, "the middle reads along")
    warning = tunnel.event("warning", 20)
    while "SITS IN THE MIDDLE" not in warning["text"]:
        warning = tunnel.event("warning", 20)
    tunnel.event("path_down", 20, path="relay")
    error = tunnel.event("error", 20)
    check("another certificate" in error["text"] and error["code"] == "auth", f"{error}")
    tunnel = s.publish(app.http)
    error = tunnel.event("error", 30)
    check("SITS IN THE MIDDLE" in error["text"], f"{error}")


def in_memory(process, word):
    """How often a word is in what a process has in its memory: all that a core dump has."""
    found = 0
    with open(f"/proc/{process}/maps", encoding="ascii") as maps, \
            open(f"/proc/{process}/mem", "rb", buffering=0) as mem:
        for line in maps:
            begin, end, mode = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
            if "r" not in mode or "[v" in line:
                continue
            try:
                mem.seek(int(begin, 16))
                found += mem.read(int(end, 16) - int(begin, 16)).count(word)
            except OSError:
                continue
    return found


def on_disk(folder, word):
    found = []
    for at, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(at, name)
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    found += [path] if word in f.read() else []
    return found


def visit_with(s, host, context, word):
    """A visitor's connection that is open: `word` has gone both ways."""
    tls = context.wrap_socket(socket.create_connection(("127.0.0.1", s.port)),
                              server_hostname=host)
    body = word * 3000
    tls.sendall(f"POST /digest HTTP/1.1\r\nHost: {host}:{s.port}\r\nContent-Length: "
                f"{len(body) + 1}\r\n\r\n".encode() + body)
    return tls


@case("passthrough/canary", network=False)
def canary(t):
    """What visitors say is neither in the relay's memory nor on its disk; without passthrough it
    would be."""
    s = Scene(t, relay__class="open")
    app = t.serve()
    word = b"canary-" + os.urandom(8).hex().encode()
    context = ssl.create_default_context(cafile=s.owners.ca)
    context.load_verify_locations(s.relays.ca)
    tunnel = s.publish(app.http)
    sealed(tunnel)
    pid = s.relay.process.pid
    visit = visit_with(s, HOST, context, word)
    wait_until(lambda: in_memory(tunnel_pid(s), word) > 0, 20, "it came to the owner's")
    equal(in_memory(pid, word), 0, "in the relay's memory while the visit is open")
    visit.close()
    time.sleep(0.5)
    equal(in_memory(pid, word), 0, "in the relay's memory after it")
    equal(on_disk(s.relay.folder, word), [], "on the relay's disk")
    tunnel.stop()
    tunnel = s.home.publish(str(app.http), "--name", "app",
                            paths=[f"--community-relay={s.relay.p2p}"])
    tunnel.event("path_up", 20, path="relay")
    word = b"canary-" + os.urandom(8).hex().encode()
    visit = visit_with(s, f"app.{DOMAIN}", context, word)
    wait_until(lambda: in_memory(pid, word) > 0, 20, "what the relay opens is in its memory")
    visit.close()


def tunnel_pid(s):
    with open(os.path.join(s.home.path, "run", "beam.pid"), encoding="ascii") as f:
        return int(f.read().split()[0])

# SPDX-License-Identifier: BSD-3-Clause
"""A relay's front over TLS: its certificates, what it agrees to, and visitors who mean no good."""
import hashlib
import json
import os
import shutil
import signal
import socket
import ssl
import struct
import time
import urllib.parse

from kit import h2
from kit.app import stream_digest
from kit.authority import Authority, openssl
from kit.case import case
from kit.pebble import Pebble
from kit.process import check, equal, wait_until
from kit.relay import Relay, free_port
from kit.visit import Curl, read_all
from kit.websocket import TEXT, frame

CURL = Curl(["curl", "-q", "-sS", "--noproxy", "*"])
HERE = ("DNS:localhost", "IP:127.0.0.1")


class Https:
    """A relay with a certificate, and a tunnel through it."""

    def __init__(self, t, tunnel=True, **options):
        self.authority = Authority(t.path("ca"))
        self.pem, self.key = self.authority.issue("relay", *HERE)
        self.trust = ("--cacert", self.authority.ca)
        self.port = free_port()
        options = {"relay__tls_listen": f"127.0.0.1:{self.port}", **options}
        self.relay = t.keep(Relay(t.path("r"), relay__tls_certificate=self.pem,
                                  relay__tls_key=self.key, **options))
        if tunnel:
            self.app = t.serve()
            self.home = t.home(relay__ca=self.authority.ca)
            self.tunnel = self.home.publish(str(self.app.http),
                                            paths=[f"--community-relay={self.relay.p2p}"])
            self.url = self.tunnel.event("path_up", 20, path="relay")["url"]

    def client(self, *args, data=b""):
        """What `openssl s_client` says."""
        return openssl("s_client", "-connect", f"127.0.0.1:{self.port}", "-CAfile",
                       self.authority.ca, *args, data=data)

    def serial(self, name):
        """Of the certificate that is shown for a name."""
        shown = self.client("-servername", name)
        begin = shown.index("-----BEGIN")
        return openssl("x509", "-noout", "-serial", data=shown[begin:].encode())


def serial_of(pem):
    return openssl("x509", "-noout", "-serial", "-in", pem)


@case("https/visits", network=False)
def visits(t):
    """What is published has an https URL, proved by its owner; plain HTTP leads there."""
    h = Https(t, relay__hsts="1h")
    check(h.url.startswith(f"https://127.0.0.1:{h.port}/t/"), h.url)
    direct = CURL.get(f"http://127.0.0.1:{h.app.http}/text")
    for version in ("--http1.1", "--http2"):
        equal(CURL.get(h.url + "text", version, *h.trust), direct, version)
        equal(CURL.get(h.url + "x", version, *h.trust, "-o", "/dev/null", "-w", "%{http_version}"),
              b"1.1" if version == "--http1.1" else b"2", "the version")
    head = CURL.get(h.url + "hook", *h.trust, "--http1.1", "-d", "x").decode()
    check("X-Forwarded-Proto: https" in head.split("\r\n"), f"how the visitor came: {head}")
    check(b"Strict-Transport-Security: max-age=3600\r\n" in
          CURL.get(h.url + "text", *h.trust, "--http1.1", "-i"), "HSTS")
    path = urllib.parse.urlsplit(h.url).path
    plain = f"http://{h.relay.front}{path}text?a=b"
    got = CURL.get(plain, "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}").decode()
    equal(got, f"308 {h.url}text?a=b", "plain HTTP")
    equal(CURL.get(plain, "-L", *h.trust), CURL.get(h.url + "text?a=b", *h.trust), "followed")
    data = os.urandom(3000000)
    for version in ("--http1.1", "--http2"):
        got = json.loads(CURL.get(h.url + "digest", version, *h.trust, "--data-binary", "@-",
                                  data=data))
        equal(got["sha256"], hashlib.sha256(data).hexdigest(), f"upwards, {version}")
        down = CURL.digest(h.url + "stream/3000000", version, *h.trust)
        equal(down[:2], (3000000, stream_digest(3000000)), f"downwards, {version}")


@case("https/interstitial", network=False)
def interstitial(t):
    """Browsers see a page of the relay's first, once; a webhook's sender and curl never do."""
    h = Https(t, relay__interstitial="yes", relay__contact="abuse@relay.example")
    browser = ("-H", "Sec-Fetch-Mode: navigate", "-H", "Sec-Fetch-Site: same-origin", "-H",
               "Accept: text/html,*/*;q=0.8", *h.trust)
    for version in ("--http1.1", "--http2"):
        jar = ("-b", t.path(f"jar{version}"), "-c", t.path(f"jar{version}"), version)
        equal(CURL.get(h.url + "hook", *h.trust, version, "-d", "x", "-o", "/dev/null", "-w",
                       "%{http_code}"), b"200", "a webhook")
        check(b"the app is here" in CURL.get(h.url + "page", *h.trust, version), "curl")
        page = CURL.get(h.url + "page?a=b", *browser, *jar).decode()
        check("Before you go on" in page and "abuse@relay.example" in page, f"{version}: {page}")
        action = page.split('action="')[1].split('"')[0]
        button = urllib.parse.urljoin(h.url, action)
        elsewhere = CURL.get(button, *h.trust, version, "-d", "", "-o", "/dev/null", "-w",
                             "%{http_code}", "-H", "Sec-Fetch-Site: cross-site")
        equal(elsewhere, b"403", "the button, pressed from elsewhere")
        got = CURL.get(button, *browser, *jar, "-d", "", "-o", "/dev/null", "-w",
                       "%{http_code} %{redirect_url}").decode()
        equal(got, f"303 {h.url}page?a=b", "the button")
        page = CURL.get(h.url + "page?a=b", *browser, *jar)
        check(b"the app is here" in page, f"{version}, the second time: {page}")
        head = CURL.get(h.url + "hook", *browser, *jar, "-b", "mine=1").decode()
        check("beam-seen" not in head, f"the application sees the cookie: {head}")
        head = CURL.get(h.url + "cookies/beam-seen/mine", *browser, *jar, "-i").decode()
        check("mine=1" in head and "beam-seen" not in head, f"the application sets it: {head}")


@case("https/one-place", network=False)
def one_place(t):
    """Without a place of its own HTTPS is where HTTP is, and plain visitors are served if wanted."""
    h = Https(t, relay__tls_listen=None, relay__plain_http="serve")
    check(h.url.startswith(f"https://{h.relay.front}/t/"), h.url)
    text = CURL.get(h.url + "text", *h.trust)
    equal(CURL.get(h.url.replace("https", "http") + "text"), text, "plain, at the same place")
    head = CURL.get(h.url.replace("https", "http") + "hook", "-d", "x").decode()
    check("X-Forwarded-Proto: http" in head.split("\r\n"), f"how the visitor came: {head}")


@case("https/untrusted", network=False)
def untrusted(t):
    """An owner believes no certificate that its machine does not trust."""
    h = Https(t, tunnel=False)
    app = t.serve()
    tunnel = t.home().publish(str(app.http), paths=[f"--community-relay={h.relay.p2p}"])
    event = tunnel.event("error", 20)
    check("is not trusted" in event["text"] and event["code"] == "auth", f"{event}")


@case("https/usage", network=False)
def usage(t):
    """What cannot be a relay with HTTPS says why, and what to do."""
    authority = Authority(t.path("ca"))
    pem, key = authority.issue("relay", *HERE)
    loose = t.path("loose.key")
    shutil.copy(key, loose)
    os.chmod(loose, 0o644)
    home = t.home()
    for options, status, words in (
            (("-o", f"relay.tls_certificate={pem}"), 2, "needs one key"),
            (("--tls-listen", "127.0.0.1:0"), 2, "needs a certificate"),
            (("-o", f"relay.tls_certificate={pem}", "-o", f"relay.tls_key={loose}"), 1,
             "chmod 0600"),
            (("-o", f"relay.tls_certificate={pem}", "-o", f"relay.tls_key={authority.key}"), 1,
             "is not that of"),
            (("--acme", "relay.test", "--email", "alice@relay.test"), 2, "reserved"),
            (("-o", "relay.plain_http=maybe"), 2, "redirect or serve")):
        done = home.run("relay", "--listen", "127.0.0.1:0", "--p2p", "127.0.0.1:0", *options)
        equal(done.status, status, f"{done}")
        check(words in done.err, f"{done}")


@case("https/protocols", network=False)
def protocols(t):
    """TLS 1.2 and 1.3 alone, resumed by tickets; no renegotiation, no compression."""
    h = Https(t, tunnel=False)
    weak = ("-cipher", "ALL:@SECLEVEL=0")
    for old in ("-tls1", "-tls1_1"):
        said = h.client(old, *weak)
        check("protocol version" in said and "Cipher is (NONE)" in said, f"{old}: {said}")
    for new in ("-tls1_2", "-tls1_3"):
        said = h.client(new)
        check("Verify return code: 0" in said and "Compression: NONE" in said, f"{new}: {said}")
    for cipher in ("AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "NULL"):
        said = h.client("-tls1_2", "-cipher", cipher + ":@SECLEVEL=0")
        check("Cipher is (NONE)" in said or "no cipher match" in said, f"{cipher}: {said}")
    said = h.client("-tls1_2", "-reconnect")
    equal(said.count("Reused, TLSv1.2"), 5, f"sessions of TLS 1.2 that were resumed: {said}")
    session = t.path("session")
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    h.client("-tls1_3", "-sess_out", session, "-quiet", "-no_ign_eof", "-ign_eof", data=request)
    said = h.client("-tls1_3", "-sess_in", session)
    check("Reused, TLSv1.3" in said, f"a session of TLS 1.3: {said}")
    for _ in range(2):  # a browser uses each ticket but once
        said = h.client("-tls1_3", "-sess_in", session, "-sess_out", session, "-ign_eof",
                        data=request)
        check("Reused, TLSv1.3" in said, f"a session of TLS 1.3: {said}")
        check("New Session Ticket arrived" in said, f"no ticket for the next time: {said}")
    said = h.client("-tls1_2", data=b"R\n")
    check("no renegotiation" in said or "RENEGOTIATING" in said, f"{said}")
    check("no renegotiation" in said or "alert" in said or "error" in said, f"{said}")
    h.relay.stop()
    h.relay.start()
    said = h.client("-tls1_3", "-sess_in", session)
    check("New, TLSv1.3" in said, f"keys of tickets outlive the relay: {said}")


@case("https/certificates", network=False)
def certificates(t):
    """One a name, read anew on SIGHUP while connections go on; what is not fit leaves the old one."""
    h = Https(t)
    second, key = h.authority.issue("second", "DNS:two.example", "DNS:*.two.example")
    h.relay.stop()
    h.relay.more = ["-o", f"relay.tls_certificate={second}", "-o", f"relay.tls_key={key}"]
    h.relay.start()
    h.tunnel.event("path_up", 40, path="relay")
    for name, pem in (("localhost", h.pem), ("two.example", second), ("a.two.example", second),
                      ("a.b.two.example", h.pem), ("nobody.example", h.pem)):
        equal(h.serial(name), serial_of(pem), f"the certificate of {name}")

    context = ssl.create_default_context(cafile=h.authority.ca)
    at = urllib.parse.urlsplit(h.url)
    with socket.create_connection((at.hostname, at.port), timeout=20) as plain, \
            context.wrap_socket(plain, server_hostname=at.hostname) as s:
        old = serial_of(h.pem)
        h.authority.issue("relay", *HERE)
        h.relay.process.signal(signal.SIGHUP)
        new = serial_of(h.pem)
        check(new != old, "another certificate")
        wait_until(lambda: h.serial("localhost") == new, 10, "the new certificate is shown")
        s.sendall(f"GET {at.path}text HTTP/1.1\r\nHost: {at.netloc}\r\n\r\n".encode())
        check(s.recv(12) == b"HTTP/1.1 200", "a connection from before goes on")

    def spoil(what, words):
        what()
        h.relay.process.signal(signal.SIGHUP)
        wait_until(lambda: words in h.relay.log(), 10, f"{words!r} in the log")
        equal(h.serial("localhost"), new, f"after {words!r}")

    def cut():
        with open(h.pem, "r+b") as f:
            f.truncate(200)

    def another_key():
        h.authority.issue("relay", *HERE)
        shutil.copy(key, h.key)

    spoil(cut, "not the whole of one")
    spoil(another_key, "is not that of")
    spoil(lambda: h.authority.issue("relay", *HERE, days=-1), "expired at")
    check("the certificate before it stays in use" in h.relay.log(), "what was done about it")
    equal(CURL.get(h.url + "empty", *h.trust), b"", "visits go on")


@case("https/acme", seconds=90, network=False)
def acme(t):
    """One command gets a certificate; a server that cannot reach the front is quoted, and asked again."""
    port = free_port()
    pebble = t.keep(Pebble(t.path("pebble"), port))
    options = {"relay__acme": "relay.test", "relay__acme_email": "alice@example.org",
               "relay__acme_server": pebble.url, "within": pebble.within}
    at = f"127.0.0.1:{free_port()}"
    lost = t.keep(Relay(t.path("lost"), relay__tls_listen=at, relay__url=f"https://{at}", **options))
    early = t.home("early").publish("1", paths=[f"--community-relay={lost.p2p}"])
    while "TLS" not in early.event("warning", 20)["text"]:
        pass
    equal(early.event("progress", 20)["percent"], 20, "before there is a certificate: asks again")
    told = lost.event("warning", 40)["text"]
    check("certificate for relay.test: the ACME server says: " in told and "refused" in told
          and "tried again in 300 s" in told, told)
    lost.stop()

    tls = free_port()
    r = t.keep(Relay(t.path("r"), front=f"127.0.0.1:{port}",
                     relay__tls_listen=f"127.0.0.1:{tls}", **options))
    trust = ("--cacert", pebble.root, "--resolve", f"relay.test:{tls}:127.0.0.1")

    def answers():
        done = CURL(f"https://relay.test:{tls}/", *trust, "-o", "/dev/null", "-w", "%{http_code}")
        return done.bytes == b"404"

    wait_until(answers, 40, "a certificate that the root vouches for")
    folder = os.path.join(r.folder, "relay", "acme")
    equal(os.listdir(os.path.join(folder, "challenges")), [], "answers that are still there")
    account = os.path.join(folder, "private", "key.pem")
    check(os.stat(account).st_mode & 0o077 == 0, "the account's key is anybody's")
    r.stop()
    r.start()
    check(answers(), "the certificate of before, at once")


DNS_HOOK = """#!/bin/sh
# METHOD TYPE IDENTIFIER TOKEN AUTHORIZATION
echo "$1 $2 $3" >>{calls}
[ "$2" = dns-01 ] || exit 1
name=_acme-challenge.$3.
case $1 in
begin) set -- set-txt "{{\\"host\\":\\"$name\\",\\"value\\":\\"$5\\"}}" ;;
*) set -- clear-txt "{{\\"host\\":\\"$name\\"}}" ;;
esac
exec curl -q -fsS --noproxy '*' -d "$2" http://127.0.0.1:{port}/$1
"""


@case("https/acme-dns", seconds=90, network=False)
def acme_dns(t):
    """A certificate for a domain and all below it, whose challenges are answered in DNS by a program of the
    operator's; one that answers none gets none."""
    pebble = t.keep(Pebble(t.path("pebble"), free_port()))
    calls, hook, none = t.path("calls"), t.path("hook"), t.path("none")
    for path, text in ((hook, DNS_HOOK.format(calls=calls, port=pebble.records)), (none, "#!/bin/sh\nexit 1\n")):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(path, 0o700)
    tls = free_port()
    options = {"relay__acme": ["relay.test", "*.relay.test"], "relay__domain": "relay.test",
               "relay__url": f"https://relay.test:{tls}", "relay__acme_server": pebble.url, "within": pebble.within}
    lost = t.keep(Relay(t.path("lost"), relay__tls_listen=f"127.0.0.1:{free_port()}", relay__acme_hook=none, **options))
    told = lost.event("warning", 40)["text"]
    check("certificate for relay.test" in told and "tried again" in told, told)
    lost.stop()
    r = t.keep(Relay(t.path("r"), relay__tls_listen=f"127.0.0.1:{tls}", relay__acme_hook=hook, **options))

    def answers(name):
        done = CURL(f"https://{name}:{tls}/", "--cacert", pebble.root, "--resolve", f"{name}:{tls}:127.0.0.1",
                    "-o", "/dev/null", "-w", "%{http_code}")
        return done.bytes == b"404"

    wait_until(lambda: answers("relay.test"), 40, "a certificate that the root vouches for")
    check(answers("any.relay.test"), "it is for all hosts of tunnels")
    check(not answers("app.tls.relay.test"), "and for none whose TLS is passed on unopened")
    with open(calls, encoding="ascii") as f:
        asked = [line.split() for line in f]
    begun = [identifier for method, kind, identifier in asked if (method, kind) == ("begin", "dns-01")]
    ended = [identifier for method, kind, identifier in asked if method == "done"]
    equal(begun, ["relay.test"] * 2, f"challenges that were answered: {asked}")
    equal(ended, begun, f"answers that were taken away: {asked}")
    r.stop()


# ---- HTTP/2 ---------------------------------------------------------------------------------------


def h2_client(h):
    """(a client of HTTP/2 at the relay, the path of the tunnel, the host to ask for)"""
    context = ssl.create_default_context(cafile=h.authority.ca)
    context.set_alpn_protocols(["h2", "http/1.1"])
    at = urllib.parse.urlsplit(h.url)
    plain = socket.create_connection((at.hostname, at.port), timeout=20)
    tls = context.wrap_socket(plain, server_hostname=at.hostname)
    equal(tls.selected_alpn_protocol(), "h2", "what was agreed on")
    return h2.Client(tls), at.path.encode(), at.netloc.encode()


@case("https/h2", network=False)
def http2(t):
    """Requests at once beside one that is not read, a WebSocket (RFC 8441), and a relay that ends."""
    h = Https(t)
    client, path, host = h2_client(h)
    slow = client.begin(h2.request(path + b"stream/1000000", authority=host))
    client.keeps.add(slow)
    at_once = [client.begin(h2.request(path + b"together/h2/40", authority=host))
               for _ in range(40)]
    for stream in at_once:
        client.finish(stream)
        equal(client.status[stream], h2.OK, "one of 40 at once")
    check(client.connect, "the relay knows RFC 8441")
    socket_ = client.begin(h2.websocket(path + b"socket", host), ended=False)
    sent = frame(TEXT, b"through a stream" * 1000, mask=b"mask")
    client.send(h2.frame(h2.DATA, 0, socket_, sent[:9000]) +
                h2.frame(h2.DATA, 0, socket_, sent[9000:]))
    wanted = frame(TEXT, b"through a stream" * 1000)
    while len(client.content.get(socket_, b"")) < len(wanted):
        client.hear()
    equal(client.status[socket_], h2.OK, "the WebSocket")
    equal(client.content[socket_], wanted, "what came back")
    equal(len(client.content[slow]), 65535, "what was not read is not sent")
    h.relay.process.signal(signal.SIGTERM)
    equal(client.away(), h2.NO_ERROR, "what a relay that ends says")
    client.close()


TRAILERS = b"x-sum: 17\r\ngrpc-status: 0\r\n"


def chunked_post(h, path, trailers):
    """What a visitor of HTTP/1.1 gets for a body with these lines behind it."""
    context = ssl.create_default_context(cafile=h.authority.ca)
    at = urllib.parse.urlsplit(h.url)
    with socket.create_connection((at.hostname, at.port), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname=at.hostname) as s:
            s.sendall(b"POST %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                      b"3\r\nabc\r\n0\r\n%s\r\n" % (at.path.encode() + path, at.netloc.encode(), trailers))
            try:
                return read_all(s)
            except (ConnectionResetError, ssl.SSLError):
                return b""


def h2_post(client, path, host, *trailers):
    """The same over HTTP/2: (what came back, or None, and the code with which the stream was reset)"""
    stream = client.begin(h2.request(path, h2.POST, host), ended=False)
    client.send(h2.frame(h2.DATA, 0, stream, b"abc") +
                h2.frame(h2.HEADERS, h2.END_HEADERS | h2.END_STREAM, stream,
                         b"".join(h2.literal(*pair) for pair in trailers)))
    while stream not in client.ended:
        kind, _, of, payload = client.hear()
        check(kind != h2.AWAY, f"sent away: {payload}")
        if kind == h2.RST and of == stream:
            return None, struct.unpack(">I", payload)[0]
    return client.content.pop(stream, b""), h2.NO_ERROR


@case("https/trailers", network=False)
def trailers(t):
    """They go on both ways, over either version, but for those that would be a head's; these are no way
    to smuggle anything."""
    h = Https(t)
    for version in ("--http1.1", "--http2"):
        got = CURL.get(h.url + "trailers/X-Sum/grpc-status/Set-Cookie/Date/Connection", version, *h.trust,
                       "-D", "-", "-o", "/dev/null", "-d", "")
        behind = got.lower().split(b"\r\n\r\n")[1].strip()
        equal(behind, b"x-sum: x\r\ngrpc-status: x", f"behind the answer, {version}: {got}")
        for name in ("Content-Length", "transfer-encoding", "Host"):
            done = CURL(h.url + f"trailers/{name}", version, *h.trust, "-d", "")
            check(done.status in (18, 56, 92), f"{version}: an answer with {name} behind it: {done}")
    got = chunked_post(h, b"trailers", TRAILERS + b"Authorization: Basic eDp5\r\nCookie: a=b\r\n")
    check(got.startswith(b"HTTP/1.1 200") and b"<" + TRAILERS + b"\r\n0\r\n" in got, f"behind a request: {got}")
    for bad in (b"Content-Length: 40\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: b\r\n",
                b"Content_Length: 40\r\n", b":path: /\r\n", b" x: y\r\n"):
        got = chunked_post(h, b"trailers", TRAILERS + bad)
        check(got.startswith(b"HTTP/1.1 400"), f"{bad} behind a request: {got}")
    client, path, host = h2_client(h)
    path += b"trailers"
    pairs = [(b"x-sum", b"17"), (b"grpc-status", b"0")]
    equal(h2_post(client, path, host, *pairs, (b"authorization", b"x"), (b"cookie", b"a=b")),
          (b"<" + TRAILERS, h2.NO_ERROR), "behind a request over HTTP/2")
    for bad in ((b"content-length", b"3"), (b"transfer-encoding", b"chunked"), (b"host", b"b"), (b":path", b"/"),
                (b":status", b"200"), (b"connection", b"close"), (b"X-Up", b"1"), (b"x", b"a\r\nhost: b")):
        equal(h2_post(client, path, host, *pairs, bad), (None, h2.PROTOCOL_ERROR), f"{bad} behind a request")
    equal(h2_post(client, path, host, *pairs), (b"<" + TRAILERS, h2.NO_ERROR), "the connection goes on")
    client.close()
    for version in ("--http1.1", "--http2"):
        head = CURL.get(h.url + "hook", version, *h.trust, "-H", "TE: trailers").lower()
        check(b"\r\nte: trailers\r\nconnection: te\r\n" in head, f"{version}: {head}")


@case("https/h2-goodbye", network=False)
def goodbye(t):
    """Who breaks the protocol is told so, though more of it is on its way."""
    h = Https(t)
    for _ in range(10):
        client, _, _ = h2_client(h)
        client.send(h2.frame(h2.DATA, 0, 0, b"x" * 16000) * 8)
        equal(client.away(), h2.PROTOCOL_ERROR, "what it is told")
        client.close()


# ---- hellos ---------------------------------------------------------------------------------------


class Hello:
    """A TLS client whose records the test sends itself."""

    def __init__(self, ca, name):
        context = ssl.create_default_context(cafile=ca)
        context.check_hostname = name is not None
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name)

    def begin(self):
        """Its first record."""
        try:
            self.tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return self.outgoing.read()

    def finish(self, s):
        """The rest of the handshake, over a socket."""
        while True:
            try:
                self.tls.do_handshake()
                s.sendall(self.outgoing.read())
                return
            except ssl.SSLWantReadError:
                s.sendall(self.outgoing.read())
                data = s.recv(65536)
                check(data, "the relay ended the handshake")
                self.incoming.write(data)


def bytewise(record):
    """The same message in records of one byte."""
    return b"".join(record[:3] + b"\0\1" + record[i:i + 1] for i in range(5, len(record)))


def padded(record, size):
    """The hello of this record with an extension that nobody knows, `size` bytes of extensions in
    all, in records of 16 KiB."""
    body = record[9:]
    at = 34
    at += 1 + body[at]
    at += 2 + struct.unpack_from(">H", body, at)[0]
    at += 1 + body[at]
    block = body[at + 2:]
    block += struct.pack(">HH", 0x1234, size - len(block) - 4) + bytes(size - len(block) - 4)
    body = body[:at] + struct.pack(">H", len(block)) + block
    message = b"\1" + struct.pack(">I", len(body))[1:] + body
    return b"".join(record[:3] + struct.pack(">H", len(part)) + part
                    for part in (message[i:i + 16384] for i in range(0, len(message), 16384)))


@case("https/hellos", network=False)
def hellos(t):
    """ClientHellos in one-byte records, without a name, with 64 kB of extensions, and none at all."""
    h = Https(t, tunnel=False)
    at = ("127.0.0.1", h.port)
    for name in ("localhost", None):
        with socket.create_connection(at, timeout=20) as s:
            hello = Hello(h.authority.ca, name)
            s.sendall(bytewise(hello.begin()))
            hello.finish(s)
    with socket.create_connection(at, timeout=20) as s:
        first = Hello(h.authority.ca, "localhost").begin()
        s.sendall(padded(first, 65535))
        equal(s.recv(3), b"\x16\x03\x03", "a handshake with 64 kB of extensions")
    idle = [socket.create_connection(at, timeout=20) for _ in range(100)]
    for i, s in enumerate(idle):
        s.sendall(first[:i])
    begin = time.monotonic()
    equal(CURL.get(f"https://localhost:{h.port}/", *h.trust, "-o", "/dev/null", "-w",
                   "%{http_code}"), b"404", "an honest visitor")
    check(time.monotonic() - begin < 5, "an honest visitor waits")
    for s in idle:
        s.close()
    for junk in (b"\x16\x03\x01\x00\x05hello", b"\x16" + os.urandom(3000), b"\x15\x03\x01\x00\x02\x02\x28",
                 b"\x80\x2e\x01\x00\x02" + bytes(50)):
        with socket.create_connection(at, timeout=20) as s:
            s.sendall(junk)
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536):
                pass
    check(h.relay.process.running(), "the relay")

# SPDX-License-Identifier: BSD-3-Clause
"""A web server that has one file, with an entity tag, over HTTP or HTTPS; it counts who asks."""
import hashlib
import http.server
import ssl
import threading


class Mirror:
    """`data` may be changed at any time; `whole` and `unchanged` count the answers."""

    def __init__(self, data=b"", certificate=None, key=None):
        self.data, self.status, self.cut = data, 200, 0
        self.whole = self.unchanged = 0
        mirror = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):  # pylint: disable=invalid-name
                mirror.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self.server.server_address[1]}/list"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def answer(self, request):
        data = self.data
        tag = '"' + hashlib.sha256(data).hexdigest()[:16] + '"'
        if self.status == 200 and request.headers.get("If-None-Match") == tag:
            self.unchanged += 1
            request.send_response(304)
            request.end_headers()
            return
        self.whole += 1
        request.send_response(self.status)
        request.send_header("ETag", tag)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        try:
            request.wfile.write(data[:len(data) - self.cut])
        except OSError:  # it has seen enough
            pass
        request.close_connection = True

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)

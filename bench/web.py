# SPDX-License-Identifier: BSD-3-Clause
"""What figures of HTTP have in common: an nginx that serves files and others that pass on to it, wrk
and h2load, and what they say."""
import os
import re
import shutil
import socket

from kit.process import Process, check, run, wait_until
from kit.relay import free_port

BIG = 200 * 1000 * 1000
WINDOW_BITS = "24"  # of HTTP/2, so that it is no window that is measured
SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0}
BYTES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def answers(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Nginx:
    """One worker, without logs. `context` is its http or stream block; it is up when it listens at
    `ports`. `modules` are files."""

    def __init__(self, folder, name, context, ports, modules=()):
        config = os.path.join(folder, f"{name}.conf")
        with open(config, "w", encoding="ascii") as f:
            f.write("".join(f"load_module {module};\n" for module in modules) +
                    f"daemon off; master_process off; worker_processes 1; pid {folder}/{name}.pid;\n"
                    f"error_log stderr crit; events {{ worker_connections 16000; }}\n{context}\n")
        self.ports, self.port = ports, ports[0]
        self.process = Process([shutil.which("nginx") or "/usr/sbin/nginx", "-c", config, "-e",
                                "stderr"])
        self.pid, self.stop = self.process.pid, self.process.stop
        wait_until(lambda: all(map(answers, ports)) or not self.process.running(), 15,
                   f"{name} listens")
        check(self.process.running(), f"{name} ended\n{self.process.said()}")


def http(folder, name, location, listens=("",), upstream=""):
    """An nginx with one server, and a port for each of `listens`: what is said of it there."""
    ports = [free_port() for _ in listens]
    at = "".join(f"listen 127.0.0.1:{port}{how};\n" for port, how in zip(ports, listens))
    temps = "".join(f"{kind}_temp_path {folder}/{name}.{kind};\n"
                    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return Nginx(folder, name, f"""http {{ access_log off; sendfile on; tcp_nodelay on;
keepalive_requests 100000000; {temps} {upstream}
server {{ {at} location / {{ {location} }} }} }}""", ports)


def origin(folder, listens=("",)):
    """One that serves "small" (1 KB) and "big", and takes what is put."""
    www = os.path.join(folder, "www")
    os.mkdir(www)
    for name, size in (("small", 1024), ("big", BIG)):
        with open(os.path.join(www, name), "wb") as f:
            f.truncate(size)
    return http(folder, "origin", f"root {www}; dav_methods PUT; client_max_body_size 0; "
                "keepalive_timeout 10m;", listens)


def passing(folder, name, to, listens=("",), scheme="http"):
    """One that passes on to that address, keeps the connections, and buffers on no disk."""
    return http(folder, name, f"proxy_pass {scheme}://{name}_to; proxy_http_version 1.1; "
                "proxy_set_header Connection \"\"; proxy_max_temp_file_size 0;", listens,
                f"upstream {name}_to {{ server {to}; keepalive 64; "
                "keepalive_requests 100000000; }")


def ends_tls(pem, key):
    """For `listens`: HTTP/1.1 and HTTP/2 over the versions of TLS that a relay has."""
    return (f" ssl http2; ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {pem}; "
            f"ssl_certificate_key {key}")


def cpu(pids):
    """Seconds that these have taken, in them and in the kernel; those that are gone, none."""
    ticks = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                fields = f.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


# ---- wrk ----------------------------------------------------------------------------------------

def wrk(url, connections, seconds, *how):
    """What it said, in which nothing failed."""
    done = run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency",
                *how, url], seconds + 60)
    check(done.status == 0 and "Socket errors" not in done.out and "Non-2xx" not in done.out,
          f"{url}: {done}")
    return done.out


def wrk_requests(text):
    """A second."""
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))


def wrk_rate(text):
    """GB a second."""
    size, unit = re.search(r"Transfer/sec:\s+([\d.]+)([KMG])B", text).groups()
    return float(size) * BYTES[unit] / 1e9


def wrk_latency(text, percent):
    """Milliseconds."""
    value, unit = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", text).groups()
    return float(value) * SECONDS[unit] * 1e3


# ---- h2load -------------------------------------------------------------------------------------

def h2load(url, *how):
    """What it said, in which nothing failed."""
    done = run(["h2load", "-t1", "-w", WINDOW_BITS, "-W", WINDOW_BITS, *how, url], 120)
    bad = re.search(r"(\d+) failed, (\d+) errored", done.out)
    check(done.status == 0 and bad and bad.groups() == ("0", "0"), f"{url}: {done}")
    return done.out


def h2load_requests(text):
    """A second."""
    return float(re.search(r"([\d.]+) req/s", text).group(1))


def h2load_seconds(text):
    """How long all of it took."""
    value, unit = re.search(r"finished in ([\d.]+)(us|ms|s)", text).groups()
    return float(value) * SECONDS[unit]

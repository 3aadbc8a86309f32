# SPDX-License-Identifier: BSD-3-Clause
"""Pebble, an ACME server for tests, for which every name is 127.0.0.1, and TXT records are what one says."""
import json
import os
import urllib.request
import ssl

from kit.authority import Authority
from kit.process import Process, wait_until
from kit.relay import free_port

SYSTEM = "/etc/ssl/certs/ca-certificates.crt"  # where uacme's libcurl looks, and nowhere else


class Pebble:
    """`http_port` is where it looks for answers; `within` runs a command that trusts it."""

    def __init__(self, folder, http_port):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self.authority = Authority(folder)
        pem, key = self.authority.issue("pebble", "DNS:localhost")
        self.port, self.management, self.records = free_port(), free_port(), free_port()
        self.url = f"https://localhost:{self.port}/dir"
        dns = free_port()
        config = os.path.join(folder, "pebble.json")
        with open(config, "w", encoding="utf-8") as f:
            json.dump({"pebble": {"listenAddress": f"127.0.0.1:{self.port}",
                                  "managementListenAddress": f"127.0.0.1:{self.management}",
                                  "certificate": pem, "privateKey": key, "httpPort": http_port,
                                  "tlsPort": free_port()}}, f)
        trusted = os.path.join(folder, "trusted.pem")
        with open(trusted, "w", encoding="utf-8") as f, \
                open(self.authority.ca, encoding="utf-8") as ca:
            f.write(ca.read())
        private = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
        self.within = [*private, "sh", "-c", f"mount --bind {trusted} {SYSTEM} && exec \"$@\"", "sh"]
        env = {**os.environ, "PEBBLE_VA_NOSLEEP": "1"}
        self.processes = [
            Process(["pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01",
                     f"127.0.0.1:{dns}", "-http01", "", "-https01", "", "-tlsalpn01", "",
                     "-management", f"127.0.0.1:{self.records}"], env=env),
            Process(["pebble", "-config", config, "-dnsserver", f"127.0.0.1:{dns}"], env=env)]
        self.root = os.path.join(folder, "root.pem")
        wait_until(self._fetch_root, 20, "pebble answers")

    def _fetch_root(self):
        """The root of what it issues, which is another at each start."""
        context = ssl.create_default_context(cafile=self.authority.ca)
        try:
            with urllib.request.urlopen(f"https://localhost:{self.management}/roots/0", timeout=5,
                                        context=context) as answer, \
                    open(self.root, "wb") as f:
                f.write(answer.read())
            return True
        except OSError:
            return False

    def stop(self):
        for process in self.processes:
            process.stop()

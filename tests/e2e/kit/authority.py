# SPDX-License-Identifier: BSD-3-Clause
"""An authority of a test's own and the certificates that it signs, made with openssl."""
import os
import subprocess

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*args, data=b""):
    """Gives all that it said."""
    return subprocess.run(["openssl", *args], input=data, stdout=subprocess.PIPE, timeout=30,
                          stderr=subprocess.STDOUT, check=False).stdout.decode("utf-8", "replace")


class Authority:
    """`ca` is the file that visitors are to trust."""

    def __init__(self, folder):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self.folder = folder
        self.ca, self.key = self.path("ca.pem"), self.path("ca.key")
        openssl("req", "-x509", *CURVE, "-keyout", self.key, "-out", self.ca, "-days", "2", "-subj",
                "/CN=beam test authority", "-addext", "keyUsage=critical,keyCertSign")

    def path(self, name):
        return os.path.join(self.folder, name)

    def issue(self, name, *names, days=1):
        """(certificate, key) for names as in subjectAltName ("DNS:a.example", "IP:127.0.0.1")."""
        pem, key, csr, ext = (self.path(name + end) for end in (".pem", ".key", ".csr", ".ext"))
        openssl("req", *CURVE, "-keyout", key, "-out", csr, "-subj", f"/CN={name}")
        with open(ext, "w", encoding="utf-8") as f:
            f.write(f"subjectAltName={','.join(names)}\n")
        openssl("x509", "-req", "-in", csr, "-CA", self.ca, "-CAkey", self.key, "-CAcreateserial",
                "-out", pem, "-days", str(days), "-extfile", ext)
        os.chmod(key, 0o600)
        return pem, key

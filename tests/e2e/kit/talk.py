# SPDX-License-Identifier: BSD-3-Clause
"""
A visitor that knows nothing of SOCKS, to be run under torsocks: connects to a host by its name and
goes through a WebSocket's messages, or through the app's other protocol.

    python3 -m kit.talk websocket|other HOST
"""
import socket
import sys

from kit.app import BANNER
from kit.process import equal
from kit.visit import read_all
from kit.websocket import Client


def main():
    what, host = sys.argv[1:]
    with socket.create_connection((host, 80), timeout=60) as connection:
        if what == "websocket":
            Client(connection, host).echo()
        else:
            equal(connection.recv(len(BANNER), socket.MSG_WAITALL), BANNER, "the banner")
            connection.sendall(b"abc\nquit\n")
            equal(read_all(connection), b"cba\n", "the answer, and then the end")
    print("well")


if __name__ == "__main__":
    main()

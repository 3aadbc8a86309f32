# SPDX-License-Identifier: BSD-3-Clause
"""What went over the cable, by tcpdump; what beam called, by strace; what of it is not tor's."""
import ipaddress
import os
import re
import struct

from kit.process import Process, check, wait_until
from namespaces import CABLE, INNER, OUTER

IPV4, IPV6, TCP = 0x0800, 0x86DD, 6
PROTOCOLS = {1: "ICMP", 2: "IGMP", 6: "TCP", 17: "UDP", 58: "ICMPv6"}


class Capture:
    """tcpdump at the outer end of the cable, from before all is started to after all has ended."""

    def __init__(self, path):
        self._path = path
        self._tcpdump = Process(["tcpdump", "-i", CABLE, "-n", "-s", "160", "-B", "65536", "-U",
                                 "--immediate-mode", "-Z", "root", "-w", path], merge=True)
        wait_until(lambda: any("listening on" in line for line in self._tcpdump.output), 10,
                   "tcpdump listens")

    def frames(self):
        """All frames so far."""
        with open(self._path, "rb") as f:
            data = f.read()
        if len(data) < 24:
            return []
        magic, = struct.unpack_from("=I", data)
        check(magic == 0xA1B2C3D4, f"not a capture of microseconds: {magic:#x}")
        found, at = [], 24
        while at + 16 <= len(data):
            size, = struct.unpack_from("=I", data, at + 8)
            if at + 16 + size > len(data):
                break  # tcpdump is writing it
            found.append(data[at + 16:at + 16 + size])
            at += 16 + size
        return found

    def end(self):
        """Ends it; gives all frames. Fails when the kernel dropped some."""
        self._tcpdump.stop()
        said = "\n".join(self._tcpdump.output)
        check("0 packets dropped by kernel" in said, f"tcpdump lost packets:\n{said}")
        return self.frames()


def connection(frame):
    """(inner port, outer port, flags) of a TCP segment between the two ends, or None."""
    kind, = struct.unpack_from("!H", frame, 12)
    if kind != IPV4 or len(frame) < 34 or frame[23] != TCP:
        return None
    source, target = (str(ipaddress.IPv4Address(frame[at:at + 4])) for at in (26, 30))
    at = 14 + 4 * (frame[14] & 0x0F)
    ports = struct.unpack_from("!HH", frame, at)
    flags = frame[at + 13]
    if (source, target) == (INNER, OUTER):
        return ports[0], ports[1], flags
    if (source, target) == (OUTER, INNER):
        return ports[1], ports[0], flags
    return None


def strangers(frames, relays):
    """Those frames that belong to no connection to a port of a relay, in words."""
    ports = {port for address, port in relays if address == OUTER}
    found = []
    for frame in frames:
        tcp = connection(frame)
        if tcp is None or tcp[1] not in ports:
            found.append(words(frame))
    return found


def opened(frames):
    """How many of the frames ask for a connection (SYN alone)."""
    return sum(1 for tcp in map(connection, frames) if tcp and tcp[2] & 0x12 == 0x02)


def words(frame):
    """A frame for people."""
    kind, = struct.unpack_from("!H", frame, 12)
    if kind == IPV4 and len(frame) >= 34:
        source, target = (ipaddress.IPv4Address(frame[at:at + 4]) for at in (26, 30))
        protocol, at = frame[23], 14 + 4 * (frame[14] & 0x0F)
    elif kind == IPV6 and len(frame) >= 54:
        source, target = (ipaddress.IPv6Address(frame[at:at + 16]) for at in (22, 38))
        protocol, at = frame[20], 54
    else:
        return f"a frame of type {kind:#06x}: {frame[14:60].hex()}"
    name = PROTOCOLS.get(protocol, f"protocol {protocol}")
    if protocol in (6, 17) and len(frame) >= at + 4:
        ports = struct.unpack_from("!HH", frame, at)
        return f"{name} from {source} port {ports[0]} to {target} port {ports[1]}"
    return f"{name} from {source} to {target}"


# ---- system calls -----------------------------------------------------------------------------

# strace that follows children until they become another program (tor), and is nobody's parent
TRACER = ["strace", "-D", "-f", "--detach-on=execve", "-qq", "-e", "trace=network", "-o"]

_SOCKET = re.compile(r"\bsocket(?:pair)?\((AF_\w+|0x[0-9a-f]+|\d+)[^,]*, (\w+)")
_ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
_FAMILY = re.compile(r"sa_family=(AF_\w+)")


def beyond_loopback(lines):
    """Those calls that made a socket neither unix nor TCP, or named an address beyond loopback."""
    found = []
    for line in lines:
        made = _SOCKET.search(line)
        if made and made.group(1) != "AF_UNIX" and not (
                made.group(1) in ("AF_INET", "AF_INET6") and made.group(2) == "SOCK_STREAM"):
            found.append(line)
        elif not set(_FAMILY.findall(line)) <= {"AF_UNIX", "AF_UNSPEC", "AF_INET", "AF_INET6"}:
            found.append(line)
        elif any(not ipaddress.ip_address(a or b).is_loopback for a, b in _ADDRESS.findall(line)):
            found.append(line)
    return found


def calls(paths):
    """All lines of the traces, which must be there and not be empty."""
    lines = []
    for path in paths:
        check(os.path.getsize(path), f"{path}: strace saw nothing")
        with open(path, encoding="utf-8", errors="replace") as f:
            lines += [line.rstrip("\n") for line in f]
    return lines

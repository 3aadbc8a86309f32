# SPDX-License-Identifier: BSD-3-Clause
"""
Two network namespaces and the cable between them. The inner one has no way out but the cable; its
default routes lead there too, so that whatever is sent, to whatever address, is seen on it.

The kernel is kept from speaking on its own: neighbours are entered by hand (no ARP, no neighbour
discovery), there are no link-local addresses, no router is asked for, and reports of multicast
groups, which cannot be turned off, are dropped before the cable.
"""
import ctypes
import os
import re

from kit.process import Failure, check, run

CLONE_NEWNET = 0x40000000
CABLE = "cable"  # the interface, at both ends
INNER, OUTER = "10.77.0.2", "10.77.0.1"
INNER6, OUTER6 = "fd77::2", "fd77::1"
TOR_GROUP = 64999  # what tor's connections are known by: a group nothing else runs under

RULES = f"""
table inet owners {{
    counter opened_by_tor {{ }}
    counter of_others {{ }}
    chain output {{
        type filter hook output priority 0; policy accept;
        oifname != "{CABLE}" accept
        icmpv6 type {{ mld-listener-report, mld2-listener-report, mld-listener-done }} drop
        meta skgid {TOR_GROUP} tcp flags & (syn | ack) == syn counter name opened_by_tor accept
        tcp flags & (syn | ack) == syn counter name of_others
        meta l4proto != tcp counter name of_others
    }}
}}
"""

CUT = f"""
table inet cut {{
    chain input {{
        type filter hook input priority 0; policy accept;
        iifname "{CABLE}" drop
    }}
}}
"""


def _do(*argv, data=None):
    done = run(argv, 20, data=data)
    check(done.status == 0, f"{done}")
    return done.out


REFUSE = f"""
table inet refuse {{
    chain input {{
        type filter hook input priority 0; policy accept;
        iifname "{CABLE}" tcp flags & (syn | ack) == syn reject with tcp reset
    }}
}}
"""

RESET = f"""
table inet torn {{
    chain input {{
        type filter hook input priority 0; policy accept;
        iifname "{CABLE}" meta l4proto tcp reject with tcp reset
    }}
}}
"""

ONLY = f"""
table inet barred {{
    chain input {{
        type filter hook input priority 0; policy accept;
        iifname "{CABLE}" ip daddr {OUTER} tcp dport %d accept
        iifname "{CABLE}" drop
    }}
}}
"""

PORTAL = f"""
table ip portal {{
    chain prerouting {{
        type nat hook prerouting priority dstnat; policy accept;
        iifname "{CABLE}" meta l4proto tcp redirect to :%d
    }}
}}
"""


class Namespaces:
    """Made now, removed by remove(); enter() puts this process into the outer one."""

    def __init__(self):
        self.inner, self.outer = f"beam-inner-{os.getpid()}", f"beam-outer-{os.getpid()}"
        self._made = []
        try:
            for name in (self.inner, self.outer):
                _do("ip", "netns", "add", name)
                self._made.append(name)
                _do("ip", "-n", name, "link", "set", "lo", "up")
                self._quiet(name)
            _do("ip", "-n", self.outer, "link", "add", CABLE, "type", "veth",
                "peer", "name", CABLE, "netns", self.inner)
            self._end(self.inner, INNER, INNER6)
            self._end(self.outer, OUTER, OUTER6)
            self._join(self.inner, self.outer, OUTER, OUTER6)
            self._join(self.outer, self.inner, INNER, INNER6)
            _do("ip", "-n", self.inner, "route", "add", "default", "via", OUTER)
            _do("ip", "-n", self.inner, "-6", "route", "add", "default", "via", OUTER6)
            _do("ip", "netns", "exec", self.inner, "nft", "-f", "-", data=RULES.encode())
        except Failure:
            self.remove()
            raise

    @staticmethod
    def _quiet(name):
        for key in ("accept_ra", "router_solicitations", "dad_transmits"):
            _do("ip", "netns", "exec", name, "sysctl", "-q", "-w", f"net.ipv6.conf.default.{key}=0")

    @staticmethod
    def _end(name, address, address6):
        _do("ip", "-n", name, "link", "set", CABLE, "addrgenmode", "none")
        _do("ip", "-n", name, "address", "add", f"{address}/24", "dev", CABLE)
        _do("ip", "-n", name, "address", "add", f"{address6}/64", "dev", CABLE, "nodad")
        _do("ip", "-n", name, "link", "set", CABLE, "up")

    @staticmethod
    def _join(name, other, address, address6):
        mac = re.search(r"link/ether (\S+)", _do("ip", "-n", other, "link", "show", CABLE)).group(1)
        for at in (address, address6):
            _do("ip", "-n", name, "neighbour", "replace", at, "lladdr", mac, "dev", CABLE,
                "nud", "permanent")

    def enter(self):
        """From here on this process, and what it starts, is in the outer one."""
        fd = os.open(f"/run/netns/{self.outer}", os.O_RDONLY)
        if ctypes.CDLL(None, use_errno=True).setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        os.close(fd)

    def within(self):
        """The command that runs another in the inner one."""
        return ["ip", "netns", "exec", self.inner]

    def counter(self, name):
        """Packets counted by one of RULES' counters."""
        out = _do(*self.within(), "nft", "list", "counter", "inet", "owners", name)
        return int(re.search(r"packets (\d+)", out).group(1))

    def cut(self, whether):
        """Cuts the cable for what comes from within (it is still seen there), or mends it."""
        _do("nft", "-f", "-", data=CUT.encode() if whether else b"delete table inet cut\n")

    def refuse(self, whether):
        """Refuses, beyond the cable, every connection from within; or takes them again."""
        _do("nft", "-f", "-", data=REFUSE.encode() if whether else b"delete table inet refuse\n")

    def reset(self, whether):
        """Answers whatever comes from within by a reset, on connections that were there too; or
        lets it be."""
        _do("nft", "-f", "-", data=RESET.encode() if whether else b"delete table inet torn\n")

    def only(self, port):
        """Lets nothing beyond the cable be reached from within but this port; with None, all."""
        _do("nft", "-f", "-", data=(ONLY % port if port else "delete table inet barred\n").encode())

    def portal(self, port):
        """Leads every connection from within, wherever it would go, to this port beyond the cable;
        with None, where it would go."""
        _do("nft", "-f", "-", data=(PORTAL % port if port else "delete table ip portal\n").encode())

    def unplug(self, whether):
        """Takes its addresses, and with them every route, from the inner one; or gives them back."""
        change = "delete" if whether else "add"
        nodad = [] if whether else ["nodad"]
        _do("ip", "-n", self.inner, "address", change, f"{INNER}/24", "dev", CABLE)
        _do("ip", "-n", self.inner, "address", change, f"{INNER6}/64", "dev", CABLE, *nodad)
        if whether:
            _do("ip", "-n", self.inner, "-6", "route", "flush", "default")
            return
        self._join(self.inner, self.outer, OUTER, OUTER6)
        _do("ip", "-n", self.inner, "route", "replace", "default", "via", OUTER)
        _do("ip", "-n", self.inner, "-6", "route", "replace", "default", "via", OUTER6)

    def remove(self):
        while self._made:
            run(["ip", "netns", "delete", self._made.pop()], 20)

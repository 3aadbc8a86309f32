# SPDX-License-Identifier: BSD-3-Clause
"""An honest visitor of a relay, and its operator, for tests of a relay that has much to do."""
import http.client
import json
import os
import time
import urllib.parse

from kit.process import check, run


def tell(relay, *words):
    """`beam relay WORDS` to one that runs; what it printed."""
    done = run([os.environ.get("BEAM", "beam"), "relay", *words], 20,
               env={**os.environ, "BEAM_HOME": relay.folder})
    check(done.status == 0, f"{done}")
    return done.out


def listed(relay):
    return json.loads(tell(relay, "list", "--json"))["reservations"]


def visit(url, seconds):
    """Requests one after another on one connection; their times in ms, in order."""
    at = urllib.parse.urlsplit(url)
    client = http.client.HTTPConnection(at.hostname, at.port, timeout=20)
    until, times = time.monotonic() + seconds, []
    while time.monotonic() < until:
        begin = time.monotonic()
        client.request("GET", at.path + "text")
        answer = client.getresponse()
        answer.read()
        check(answer.status == 200, f"an honest visitor: {answer.status}")
        times.append(1000 * (time.monotonic() - begin))
        time.sleep(0.005)
    client.close()
    return sorted(times)


def percentile(times, part):
    return times[min(len(times) - 1, int(len(times) * part))]


def status_of(url):
    """Of one visit; 0: it was cut off."""
    at = urllib.parse.urlsplit(url)
    client = http.client.HTTPConnection(at.hostname, at.port, timeout=5)
    try:
        client.request("GET", at.path + "text")
        return client.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        client.close()

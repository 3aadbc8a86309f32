# SPDX-License-Identifier: BSD-3-Clause
"""The demo: what a stranger runs first."""
import os
import re

from kit.case import case
from kit.process import check, equal


@case("demo/offline-once", seconds=120, network=False, alone=True)
def offline_once(t):
    """A network of its own, a page published and fetched back, status 0, and nothing left."""
    home = t.home()
    done = home.run("demo", "--offline", "--once", seconds=110,
                    env=home.environment(TMPDIR=t.folder))
    equal(done.status, 0, f"{done}: the status")
    check(re.search(r"http://[a-z2-7]{56}\.onion", done.out), f"it does not say where: {done}")
    equal(sorted(os.listdir(t.folder)), ["h", "output"], "what is left in TMPDIR")
    t.note(f"{done.seconds:.1f} s")

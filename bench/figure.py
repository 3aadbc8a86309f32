# SPDX-License-Identifier: BSD-3-Clause
"""What scripts that take figures have in common: their arguments and a folder, and lines of figures."""
import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time

BUILD = os.environ.get("BEAM_BUILD") or os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))
os.environ.setdefault("BEAM", os.path.join(BUILD, "beam"))  # before kit.beam looks

# pylint: disable=wrong-import-position
from kit import process
from kit.process import Failure


def main(name, about, measure, limit, *arguments):
    """
    Ends the program with what `measure(args, folder)` returns, or 1. It is ended after so many
    seconds, a number or a function of the arguments. Each of these is (name, default, help).
    """
    parser = argparse.ArgumentParser(description=about)
    for option, default, words in arguments:
        parser.add_argument(f"--{option}", type=type(default), default=default,
                            help=f"{words} ({default})")
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="beam-bench-", dir="/tmp")

    def body():
        try:
            return measure(args, folder)
        except Failure as failure:
            print(f"{name}: {failure}")
            return 1
    try:
        status, _ = process.supervise(body, limit(args) if callable(limit) else limit)
    finally:
        shutil.rmtree(folder)
    sys.exit(1 if status is None else status)


def rounds(count):
    """The numbers of so many rounds; each is told on standard error when it begins."""
    begun = time.monotonic()
    for number in range(count):
        print(f"round {number + 1} of {count}, {time.monotonic() - begun:.0f} s so far",
              file=sys.stderr, flush=True)
        yield number


def line(name, unit, pairs, wanted=None, at_most=False, ours="beam", theirs="nginx"):
    """Prints a figure of several rounds, of a pair each; whether the median of their ratios is what
    is wanted (None: it is only told)."""
    ratio = statistics.median(a / b for a, b in pairs)
    a, b = (statistics.median(column) for column in zip(*pairs))
    reached = wanted is None or (ratio <= wanted if at_most else ratio >= wanted)
    aim = "" if wanted is None else f" (wanted: at {'most' if at_most else 'least'} {wanted:.2f})"
    print(f"{name:<28} {ours} {a:.3f} {unit}, {theirs} {b:.3f} {unit}: ratio {ratio:.2f}{aim}"
          f"{'' if reached else ' MISSED'}", flush=True)
    return reached

# SPDX-License-Identifier: BSD-3-Clause
"""Clocks that are wrong: programs that have another time of day than this machine has."""
import os
import struct
import subprocess

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clock.c")


class Clock:
    """One that is right until it is moved; then the programs that it was given to have it so."""

    def __init__(self, folder, name="clock"):
        self._path = os.path.join(folder, name)
        self._file = self._path + ".offset"
        self.move(0)
        subprocess.run([*os.environ.get("CC", "cc").split(), "-D_GNU_SOURCE", "-shared", "-fPIC",
                        "-O1", "-o", self._path + ".so", SOURCE, "-ldl"], check=True)

    def move(self, seconds):
        """So many seconds ahead of this machine's clock; negative: behind."""
        fd = os.open(self._file, os.O_WRONLY | os.O_CREAT, 0o600)
        os.pwrite(fd, struct.pack("=q", int(seconds)), 0)
        os.close(fd)

    def give_to(self, program):
        """A program that is this one with that clock: its path."""
        path = f"{self._path}-{os.path.basename(program)}"
        with open(path, "w", encoding="ascii") as f:
            f.write(f"#!/bin/sh\nexport LD_PRELOAD={self._path}.so CLOCK_FILE={self._file}\n"
                    f'exec {program} "$@"\n')
        os.chmod(path, 0o755)
        return path

# SPDX-License-Identifier: BSD-3-Clause
"""A terminal: runs a program under a pty, and knows what a user would see on the screen."""
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from kit.process import Failure

_TOKEN = re.compile(r"\x1b\[([0-9;?]*)([@-~])|\x1b(.)|(.)", re.DOTALL)


class Screen:
    """What the bytes that a program wrote make of a screen (ECMA-48, as far as beam uses it)."""

    def __init__(self):
        self.lines = [""]
        self.column = 0
        self.unknown = []  # whatever else was sent: a screen of ours has none

    def feed(self, text):
        for match in _TOKEN.finditer(text):
            arguments, final, _, char = match.groups()
            if char is not None:
                self._char(char)
            elif final == "K" and arguments in ("", "0"):
                self.lines[-1] = self.lines[-1][:self.column]
            elif final != "m":
                self.unknown.append(match.group())

    def _char(self, char):
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self.lines.append("")
            self.column = 0
        elif ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0:
            self.unknown.append(char)
        else:
            line = self.lines[-1].ljust(self.column)
            self.lines[-1] = line[:self.column] + char + line[self.column + 1:]
            self.column += 1

    def text(self):
        return "\n".join(self.lines)


class Terminal:
    """A program under a pty of its own."""

    def __init__(self, argv, env, columns=100, rows=30):
        self.screen = Screen()
        self._bytes = b""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._popen = subprocess.Popen(["setsid", "--ctty", *argv], env=env, stdin=slave,
                                       stdout=slave, stderr=slave)
        os.close(slave)
        self.pid = self._popen.pid

    def _read(self, seconds):
        """Reads once; False at the end, or when nothing comes in time."""
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            block = os.read(self._master, 65536)
        except OSError:  # EIO: the other end is closed
            return False
        self._bytes += block
        whole = self._bytes.decode("utf-8", "ignore")  # a character may come in two pieces
        rest = whole.rpartition("\x1b")
        if rest[1] and len(rest[2]) < 8 and not re.match(r"\[[0-9;?]*[@-~]", rest[2]):
            return True  # so may a sequence
        self.screen.feed(whole)
        self._bytes = b""
        return True

    def shows(self, pattern, seconds=30):
        """Waits until the screen has it; gives the match."""
        until = time.monotonic() + seconds
        while not (match := re.search(pattern, self.screen.text())):
            left = until - time.monotonic()
            if left <= 0 or (not self._read(left) and self._popen.poll() is not None):
                raise Failure(f"the screen does not show {pattern!r}:\n{self.screen.text()}")
        return match

    def type(self, text):
        os.write(self._master, text)

    def wait(self, seconds):
        """Its status once it has ended; all it wrote is on the screen then."""
        until = time.monotonic() + seconds
        while self._read(max(until - time.monotonic(), 0)):
            pass
        try:
            return self._popen.wait(timeout=max(until - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            raise Failure(f"still runs after {seconds} s:\n{self.screen.text()}") from None

    def hang_up(self, seconds):
        """Closes it, as a user does a window; gives the status of the program, which has to end."""
        os.close(self._master)
        self._master = None
        try:
            return self._popen.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"still runs {seconds} s after its terminal was closed") from None

    def stop(self):
        if self._popen.poll() is None:
            self._popen.kill()
            self._popen.wait(timeout=5)
        if self._master is not None:
            os.close(self._master)

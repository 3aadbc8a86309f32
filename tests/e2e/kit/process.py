# SPDX-License-Identifier: BSD-3-Clause
"""
Processes of a test: started, listened to, waited for with a deadline, and stopped by pid.

Nothing here waits without an end, and nothing sleeps in the hope that it was long enough: what
cannot be awaited is polled, by wait_until, until it is so or the deadline has passed.
"""
import ctypes
import os
import queue
import select
import signal
import subprocess
import threading
import time
import traceback

GRACE = 2  # seconds for what is on its way out when a body has ended well

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    """What was looked for was not so."""


class Skip(Exception):
    """The case cannot be run here; says why."""


def check(condition, text):
    """Fails the case with `text` unless the condition holds."""
    if not condition:
        raise Failure(text)


def equal(got, wanted, what):
    """Fails the case unless both are equal, showing them."""
    if got != wanted:
        raise Failure(f"{what}: wanted {_short(wanted)}, got {_short(got)}")


def _short(value):
    text = repr(value)
    return text if len(text) <= 400 else f"{text[:400]}… ({len(text)} characters)"


def wait_until(condition, seconds, what, pause=0.02):
    """Polls until condition() is true and gives what it gave; fails with `what` after `seconds`."""
    until = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > until:
            raise Failure(f"{what}: not so after {seconds:g} s")
        time.sleep(pause)


def prctl(option, value):
    """prctl(2) with one argument."""
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


# ---- what the kernel knows of processes -------------------------------------------------------


def parents():
    """{pid: parent's pid} of all processes."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as f:
                    found[int(entry)] = int(f.read().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                pass  # it ended just now
    return found


def descendants(pid):
    """All processes below pid, itself not among them."""
    family, tree = {pid}, parents()
    while True:
        more = {child for child, parent in tree.items() if parent in family} - family
        if not more:
            return family - {pid}
        family |= more


def command(pid):
    """The command line as a list; [] when there is no such process, or it is a zombie."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            return [a.decode("utf-8", "replace") for a in f.read().split(b"\0")[:-1]]
    except OSError:
        return []


def alive(pid):
    """Whether the process runs; one that ended and was not waited for yet does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def named(pids, name):
    """Those of the pids whose program is called name."""
    return {p for p in pids if command(p) and os.path.basename(command(p)[0]) == name}


# ---- one process ------------------------------------------------------------------------------


class Process:
    """A program started by a test. Its output is read all the time, so that it never blocks."""

    def __init__(self, argv, env=None, cwd=None, stdin=subprocess.DEVNULL, merge=False,
                 keep=()):
        self.argv = [str(a) for a in argv]
        self.output, self.errors = [], []
        self._lines = queue.Queue()
        self._popen = subprocess.Popen(
            self.argv, env=env, cwd=cwd, stdin=stdin, pass_fds=keep, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merge else subprocess.PIPE)
        self.pid = self._popen.pid
        self._readers = [threading.Thread(target=self._read, daemon=True, args=(
            self._popen.stdout, self.output, self._lines))]
        if not merge:
            self._readers.append(threading.Thread(target=self._read, daemon=True, args=(
                self._popen.stderr, self.errors, None)))
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(pipe, into, lines):
        for line in pipe:
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            into.append(text)
            if lines:
                lines.put(text)
        if lines:
            lines.put(None)

    def line(self, seconds):
        """Its next line of output; None at the end of it."""
        try:
            got = self._lines.get(timeout=seconds)
        except queue.Empty:
            raise Failure(f"{self}: no line within {seconds:g} s\n{self.said()}") from None
        if got is None:
            self._lines.put(None)
        return got

    def said(self):
        """The end of what it has written so far, for a message."""
        return "\n".join(f"    {line}" for line in self.output[-30:] + self.errors[-30:])

    def write(self, data):
        """To its standard input (started with stdin=PIPE)."""
        self._popen.stdin.write(data)
        self._popen.stdin.flush()

    def running(self):
        return self._popen.poll() is None

    def signal(self, signum):
        if self.running():
            os.kill(self.pid, signum)

    def wait(self, seconds):
        """Its exit status (negative: the signal); fails when it has not ended by then."""
        try:
            status = self._popen.wait(timeout=max(seconds, 0.001))
        except subprocess.TimeoutExpired:
            raise Failure(f"{self}: still runs after {seconds:g} s\n{self.said()}") from None
        for reader in self._readers:
            reader.join(timeout=5)
        return status

    def close_input(self):
        """The end of its standard input."""
        try:
            self._popen.stdin.close()
        except OSError:
            pass  # it reads no more

    def stop(self, seconds=5):
        """Ends it: SIGTERM, and SIGKILL after `seconds`."""
        self.signal(signal.SIGTERM)
        try:
            self._popen.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.signal(signal.SIGKILL)
            self._popen.wait(timeout=5)
        for reader in self._readers:  # its last words count
            reader.join(timeout=5)

    def __str__(self):
        return " ".join(self.argv)[:200]


class Done:
    """What a finished command left."""

    def __init__(self, argv, status, out, err, seconds):
        self.argv, self.status, self.seconds = argv, status, seconds
        self.bytes, self.out, self.err = out, out.decode("utf-8", "replace"), err

    def __str__(self):
        return (f"{' '.join(self.argv)[:300]}: status {self.status} after {self.seconds:.2f} s\n"
                f"    out: {_short(self.out)}\n    err: {_short(self.err)}")


def run(argv, seconds, env=None, cwd=None, data=None):
    """Runs a command to its end; fails when that takes longer than `seconds`."""
    argv = [str(a) for a in argv]
    begin = time.monotonic()
    with subprocess.Popen(argv, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL if data is None else subprocess.PIPE) as child:
        try:
            out, err = child.communicate(input=data, timeout=seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            raise Failure(f"{' '.join(argv)[:300]}: still ran after {seconds:g} s\n"
                          f"    out: {_short(out)}\n    err: {_short(err)}") from None
    return Done(argv, child.returncode, out, err.decode("utf-8", "replace"),
                time.monotonic() - begin)


# ---- a body under supervision -----------------------------------------------------------------


def end_descendants(grace=0):
    """
    Kills whatever is below this process and waits for it; gives the commands of what ran. What is
    about to end has `grace` seconds for that.
    """
    found = []
    until = time.monotonic() + grace
    while any(alive(pid) for pid in descendants(os.getpid())) and time.monotonic() < until:
        time.sleep(0.02)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        for pid in descendants(os.getpid()):
            if alive(pid):
                found.append(" ".join(command(pid))[:200])
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return found
        time.sleep(0.01)
    return found


def fork(body):
    """Runs body() in a child of this process, in a session of its own; gives its pid."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.setsid()
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        status = body()
    except BaseException:  # pylint: disable=broad-except  # a child must end here, whatever it was
        traceback.print_exc()
    finally:
        os._exit(status)


class _Ended(Exception):
    pass


def supervise(body, seconds):
    """
    Runs body() in a child, ends it when `seconds` have passed, and then ends whatever it left
    running, daemons that went into a session of their own included: this process adopts orphans.

    Gives (status of the body, or None when its time was up; the commands of what was left).
    """
    def ended(_signum, _frame):
        raise _Ended

    prctl(PR_SET_CHILD_SUBREAPER, 1)
    pid = fork(body)
    status = None
    pidfd = os.pidfd_open(pid)
    signal.signal(signal.SIGTERM, ended)
    try:
        if _readable(pidfd, seconds):
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except _Ended:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    finally:
        os.close(pidfd)
        left = end_descendants(GRACE if status == 0 else 0)
    return status, left if status is not None else []


def _readable(fd, seconds):
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(int(seconds * 1000)))

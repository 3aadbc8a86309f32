# SPDX-License-Identifier: BSD-3-Clause
"""A libp2p node that does what it is told, a line at a time (tests/interop/peer.c, peer.mjs)."""
import queue
import subprocess
import threading

from kit.process import Failure

PATIENCE = 60  # seconds, for an answer


class Peer:
    """A process that is told lines and answers each with one."""

    def __init__(self, name, argv, cwd):
        self.name, self.patience = name, PATIENCE
        self.process = subprocess.Popen(argv, cwd=cwd, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.answers = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        """The reader's thread: answers as they come, None after the last."""
        for line in self.process.stdout:
            self.answers.put(line.rstrip("\n"))
        self.answers.put(None)

    def send(self, line):
        """Tells it something, and waits for nothing."""
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Failure(f"{self.name}: {line}: it has ended") from None

    def has_answered(self):
        """Whether there is an answer, or its end, to be taken."""
        return not self.answers.empty()

    def answer(self, line):
        """The answer to what was sent."""
        try:
            answer = self.answers.get(timeout=self.patience)
        except queue.Empty:
            raise Failure(f"{self.name}: {line}: no answer in {self.patience} s") from None
        if answer is None:
            raise Failure(f"{self.name}: {line}: it has ended")
        return answer

    def ask(self, line):
        """What it answers."""
        self.send(line)
        return self.answer(line)

    def tell(self, line):
        """What it answers after "ok"; any other answer is a failure."""
        answer = self.ask(line)
        if answer.split(" ")[0] != "ok":
            raise Failure(f"{self.name}: {line}: {answer}")
        return answer[3:]

    def refuses(self, line, names):
        """Its answer is an error of one of these names."""
        answer = self.ask(line).split(" ")
        if answer[0] != "error" or answer[1] not in names:
            raise Failure(f"{self.name}: {line}: wanted an error of {names}, got {' '.join(answer)}")

    def stop(self):
        """It ends in order when nobody tells it anything any more."""
        self.process.stdin.close()
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failure(f"{self.name}: does not end") from None
        if status != 0:
            raise Failure(f"{self.name}: ended with {status}")

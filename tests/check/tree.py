# SPDX-License-Identifier: BSD-3-Clause
"""
What the checks of this folder share: finding the project's files, and the frame of a check.

A check is a function of (root folder) that gives a list of findings, one line each. Before it is run
on the project it is run on small trees with a fault planted in them, and must find each.
"""
import contextlib
import os
import re
import sys
import tempfile

CODE = ("src", "tor", "relay")
ALL = ("src", "tor", "relay", "tests", "bench")


def root():
    """The source folder."""
    return os.environ.get("BEAM_SRC") or os.path.dirname(
        os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def files(base, folders, suffixes):
    """Sorted paths, relative to base, of the files below folders that end in one of suffixes."""
    found = []
    for folder in folders:
        for where, subfolders, names in os.walk(os.path.join(base, folder)):
            subfolders[:] = [s for s in subfolders if not s.startswith(".") and s != "__pycache__"]
            found += [os.path.relpath(os.path.join(where, n), base) for n in names
                      if n.endswith(suffixes)]
    return sorted(found)


def read(base, path):
    """The text of a file; bytes that are no UTF-8 do not stop a check."""
    with open(os.path.join(base, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def blank(text):
    """C with comments and literals blanked out, line for line, so that words can be looked for."""
    token = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)

    def blanks(match):
        inner = match.group(0)
        if inner[0] in "\"'":
            return inner[0] + " " * (len(inner) - 2) + inner[0]
        return re.sub(r"[^\n]", " ", inner)

    return token.sub(blanks, text)


def line_of(text, position):
    """The number of the line that position is in."""
    return text.count("\n", 0, position) + 1


@contextlib.contextmanager
def planted(contents):
    """A folder with the given {path: text}, for the time of a with block."""
    with tempfile.TemporaryDirectory(prefix="beam-check-") as folder:
        for path, text in contents.items():
            full = os.path.join(folder, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as f:
                f.write(text)
        yield folder


def main(find, clean, faults):
    """
    Proves `find` on the tree `clean`, in which it must find nothing, and on clean with each of
    `faults` ({path: text}, words that the one finding must have) laid over it; then runs it on the
    project. Ends the process.
    """
    wrong = []
    with planted(clean) as folder:
        wrong += [f"a clean tree was blamed: {f}" for f in find(folder)]
    for fault, words in faults:
        with planted({**clean, **fault}) as folder:
            found = find(folder)
            if not any(words in f for f in found):
                wrong.append(f"planted and not found: {words} (found: {found})")
    if wrong:
        sys.exit("\n".join(["the check itself fails:"] + wrong))
    found = find(root())
    for finding in found:
        print(finding)
    print(f"{len(found)} found; {len(faults)} planted faults were caught first")
    sys.exit(1 if found else 0)

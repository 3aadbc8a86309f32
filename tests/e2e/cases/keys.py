# SPDX-License-Identifier: BSD-3-Clause
"""The key store: what it brings back, what locks it, and what is refused."""
import hashlib
import json
import os
import re
import stat

from kit.case import case
from kit.process import Process, check, equal, wait_until
from kit.screen import Terminal

TEXT = b"the app is here\n" * 3  # what the app answers to /text
WRONG = "beam: key store: wrong passphrase, or the file is damaged\n"
LOCKED = "key store: it is locked (run: beam keys unlock)"

# The example of docs/protocol/onion-key.md.
OLDER_ADDRESS = "25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid"
OLDER_SECRET = ("MHyDhk8oM8tCei7xwAoBPP3/J2jZgMCjpSDwBpBN6U+bTwr+KAt0aneGhOdUQlAgV7dHOgPwj5b1o46Sh+"
                "Afjw==")


def secret(t, name, text):
    """A file with a passphrase, and its path."""
    path = t.path(name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as f:
        f.write(text + "\n")
    return path


def show(home, *options):
    return json.loads(home.succeed("keys", "show", "--json", *options).out)


def refused(home, *args, status=1):
    """A command that fails; gives its words."""
    done = home.run(*args)
    equal(done.status, status, f"the status of {done}")
    equal(done.out, "", f"what {done} said")
    return done.err


def answers(t, url):
    wait_until(lambda: t.visitor.answers(url + "/text", TEXT, 10), 40, f"{url} answers", pause=0.2)


@case("keys/backup-brings-every-address-back", seconds=120)
def backup(t):
    """A fresh home that takes a backup has the same identity, names and addresses."""
    one, two, three = t.home("one"), t.home("two"), t.home("three")
    password = secret(t, "backup-passphrase", "a backup's")
    tunnel, named = one.publish(t.app.http), one.publish(t.app.http, "--name", "named")
    url, other = tunnel.ready(), named.ready()
    check(url != other, "two tunnels share an address")
    file = t.path("backup")
    one.succeed("keys", "export", file, "--backup-passphrase-file", password)
    equal(stat.S_IMODE(os.stat(file).st_mode), 0o600, "the backup's mode")
    check(refused(one, "keys", "export", file).endswith("is left as it is\n"), "it was replaced")
    equal((tunnel.interrupt(), named.interrupt()), (0, 0), "how they ended")

    two.succeed("keys", "import", file, "--backup-passphrase-file", password, "--no-passphrase")
    equal(show(two), show(one), "the identity")
    again, other_again = two.publish(t.app.http), two.publish(t.app.http, "--name", "named")
    equal((again.ready(), other_again.ready()), (url, other), "the addresses")
    answers(t, url)
    fresh = three.publish(t.app.http)
    check(fresh.ready() not in (url, other), "a home with no backup has the same address")


@case("keys/lock-and-unlock", seconds=120)
def lock(t):
    """Locked, a tunnel is refused in words, status 1; those that are up stay; unlocked, it comes."""
    home = t.home()
    right, wrong = secret(t, "right", "correct horse"), secret(t, "wrong", "Correct horse")
    home.succeed("keys", "init", "--passphrase-file", right)
    daemon = t.keep(Process(home.argv("daemon"), env=home.environment()))
    wait_until(lambda: home.run("status").status == 0, 5, "the daemon answers")
    equal(home.status()["keys"], "locked", "the store at first")
    first = home.publish(t.app.http)
    equal(first.wait(20), 1, "the status of a tunnel while it is locked")
    check(LOCKED in first.said(), f"its words:\n{first.said()}")
    equal(refused(home, "keys", "unlock", "--passphrase-file", wrong), WRONG, "the words")
    equal(home.status()["keys"], "locked", "the store after a wrong passphrase")
    equal(home.succeed("keys", "unlock", "--passphrase-file", right).out, "Unlocked.\n", "unlock")
    tunnel = home.publish(t.app.http)
    url = tunnel.ready()
    home.succeed("keys", "lock")
    equal(home.status()["keys"], "locked", "the store after lock")
    answers(t, url)
    second = home.publish(t.app.http, "--name", "another")
    equal(second.wait(20), 1, "the status of another tunnel")
    passing = home.publish(t.app.http, "--ephemeral")
    check(passing.ready() != url, "an ephemeral one needs no store")
    equal(refused(home, "keys", "show", "--passphrase-file", wrong), WRONG, "the words of show")
    check(daemon.running(), "the daemon fell over")


@case("keys/older-files-are-moved")
def older(t):
    """An onion key of before there was a store keeps its address; its file goes into the store."""
    home = t.home()
    target = f"127.0.0.1:{t.app.http}"
    folder = home.file("data", "onions")
    os.makedirs(folder, mode=0o700)
    os.chmod(home.file("data"), 0o700)
    home_file = os.path.join(folder, f"{persona(target, 'older')}.key")
    with open(os.open(home_file, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as f:
        f.write(f"beam-onion-key 1 {OLDER_ADDRESS}\n{OLDER_SECRET}\n")
    tunnel = home.publish(t.app.http, "--name", "older")
    equal(tunnel.ready(), f"http://{OLDER_ADDRESS}.onion", "the address")
    check(not os.path.exists(folder), "the file is there still")
    equal(tunnel.interrupt(), 0, "how it ended")
    equal(show(home)["entries"], 1, "what was moved")
    again = home.publish(t.app.http, "--name", "older")
    equal(again.ready(), f"http://{OLDER_ADDRESS}.onion", "the address afterwards")


def persona(target, name):
    return hashlib.blake2b(target.encode() + b"\0" + name.encode(), digest_size=16).hexdigest()


@case("keys/ephemeral-makes-none")
def ephemeral(t):
    """A throw-away tunnel leaves no key on the disk."""
    home = t.home()
    tunnel = home.publish(t.app.http, "--ephemeral")
    tunnel.ready()
    equal(tunnel.interrupt(), 0, "how it ended")
    equal([p for p in home.files() if p.startswith("data/")], [], "what is in the data folder")
    equal(home.run("keys", "show").status, 5, "the status of show where there is no store")


@case("keys/commands", seconds=150, network=False)
def commands(t):
    """init, show, passphrase, export and import; nothing is overwritten, nothing lost."""
    home, other = t.home("one"), t.home("two")
    first, second = secret(t, "first", "the first"), secret(t, "second", "the second")
    home.succeed("keys", "init", "--no-passphrase")
    equal({p for p in home.files() if p.startswith("data/")},
          {"data/keystore", "data/keystore.key", "data/keystore.lock"}, "its files")
    known = show(home)
    check(re.match(r"12D3KooW\w{44}$", known["peer_id"]), f"no peer id: {known}")
    equal((known["passphrase"], known["entries"]), (False, 0), "what else it tells")
    check("there is one already" in refused(home, "keys", "init"), "a second init")
    home.succeed("keys", "passphrase", "--new-passphrase-file", first)
    check(not os.path.exists(home.file("data", "keystore.key")), "its old key is there")
    sealed = show(home, "--passphrase-file", first)
    equal(sealed, {**known, "passphrase": True}, "the identity with a passphrase")
    equal(refused(home, "keys", "passphrase", "--passphrase-file", second, "--no-passphrase"),
          WRONG, "a wrong old passphrase")
    home.succeed("keys", "passphrase", "--passphrase-file", first, "--new-passphrase-file", second)
    equal(refused(home, "keys", "show", "--passphrase-file", first), WRONG, "the old one")
    equal(show(home, "--passphrase-file", second), sealed, "the identity with a new one")
    file = t.path("backup")
    home.succeed("keys", "export", file, "--passphrase-file", second, "--backup-passphrase-file",
                 first)

    other.succeed("keys", "init", "--no-passphrase")
    mine = show(other)
    take = ("keys", "import", file, "--no-passphrase", "--backup-passphrase-file")
    check("--replace" in refused(other, *take, first), "an import over a store")
    equal(refused(other, *take, second, "--replace"), WRONG, "with a wrong passphrase")
    equal(show(other), mine, "the store after that")
    with open(file, "r+b") as f:
        f.truncate(100)
    check("not a whole key store" in refused(other, *take, first, "--replace"), "a cut backup")
    equal(show(other), mine, "the store after that")


@case("keys/bad-files", seconds=120, network=False)
def bad_files(t):
    """Damaged, of another version, hostile, loose: refused in words, and left as they were."""
    home, password = t.home(), secret(t, "passphrase", "words")
    home.succeed("keys", "init", "--passphrase-file", password)
    path = home.file("data", "keystore")
    with open(path, "rb") as f:
        good = f.read()
    for what, bad, words in (
            ("empty", b"", "not a whole key store"), ("cut", good[:-1], "not a whole key store"),
            ("longer", good + b"\0", "not a whole key store"),
            ("another version", good[:8] + b"\2" + good[9:], "of a version that this beam does not"),
            ("memory", good[:16] + b"\x7f\xff\xff\xff" + good[20:], "more memory or time"),
            ("time", good[:12] + b"\x7f\xff\xff\xff" + good[16:], "more memory or time"),
            ("a bit", good[:-1] + bytes([good[-1] ^ 1]), "wrong passphrase, or the file is damaged"),
            ("salt", good[:20] + bytes([good[20] ^ 1]) + good[21:], "wrong passphrase")):
        with open(path, "wb") as f:
            f.write(bad)
        said = refused(home, "keys", "show", "--passphrase-file", password)
        check(words in said, f"{what}: {said}")
        with open(path, "rb") as f:
            equal(f.read(), bad, f"the file that was {what}")
    with open(path, "wb") as f:
        f.write(good)
    os.chmod(path, 0o640)
    check("chmod 600" in refused(home, "keys", "show", "--passphrase-file", password), "a loose one")
    daemon = home.run("daemon")
    equal(daemon.status, 1, "the status of a daemon that finds a loose one")
    check(path in daemon.err, f"it does not say which: {daemon.err}")
    os.chmod(path, 0o600)
    os.chmod(password, 0o644)
    check("others may read it" in refused(home, "keys", "show", "--passphrase-file", password),
          "a passphrase that others may read")
    os.chmod(password, 0o600)
    show(home, "--passphrase-file", password)


@case("keys/daemon-has-it-open", seconds=120, network=False)
def in_use(t):
    """While the daemon has the store open nobody else writes it; a new passphrase takes it over."""
    home, password = t.home(), secret(t, "passphrase", "words")
    home.succeed("keys", "init", "--no-passphrase")
    known = show(home)
    daemon = t.keep(Process(home.argv("daemon"), env=home.environment()))
    wait_until(lambda: home.run("status").status == 0, 5, "the daemon answers")
    equal((home.status()["keys"], show(home)), ("open", known), "reading needs nobody's leave")
    equal(home.run("keys", "lock").status, 1, "the status of lock without a passphrase")
    home.succeed("keys", "passphrase", "--new-passphrase-file", password)
    equal(home.status()["keys"], "locked", "the daemon's store with a new passphrase")
    home.succeed("keys", "unlock", "--passphrase-file", password)
    equal(home.status()["keys"], "open", "the daemon's store after that")
    check(daemon.running(), "the daemon fell over")


@case("keys/two-at-once", network=False)
def at_once(t):
    """Of commands that make the store at the same time one does, and the rest say so."""
    home = t.home()
    racers = [t.keep(Process(home.argv("keys", "init", "--no-passphrase"), env=home.environment()))
              for _ in range(8)]
    statuses = sorted(r.wait(20) for r in racers)
    equal(statuses, [0] + [1] * 7, "how they ended")
    show(home)


@case("keys/terminal", seconds=120, network=False)
def terminal(t):
    """Passphrases are asked for twice, and never shown; Ctrl-C leaves the terminal as it was."""
    home = t.home()
    env = home.environment(TERM="xterm")
    asked = t.keep(Terminal(home.argv("keys", "init"), env))
    asked.shows("empty: none")
    asked.type(b"hunter2\x7f3\r")
    asked.shows("once more")
    asked.type(b"hunter3\r")
    equal(asked.wait(20), 0, f"the status of init\n{asked.screen.text()}")
    check("hunter" not in asked.screen.text(), f"it was shown:\n{asked.screen.text()}")
    show(home, "--passphrase-file", secret(t, "typed", "hunter3"))
    left = t.keep(Terminal(home.argv("keys", "show"), env))
    left.shows("Passphrase of the key store")
    left.type(b"hun\x03")
    equal(left.wait(20), 1, "the status after Ctrl-C")
    equal(home.run("keys", "show").status, 2, "the status where nobody can be asked")
    equal(home.run("keys", "unlock", "hunter3").status, 2, "a passphrase on the command line")

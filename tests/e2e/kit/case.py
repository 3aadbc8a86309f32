# SPDX-License-Identifier: BSD-3-Clause
"""Cases: how a test script tells the runner what it has, and what a case is given to work with."""
import os

from kit.app import Served
from kit.beam import Home
from kit.process import Failure
from kit.tor import Control

CASES = []


class Case:
    """One behaviour: a function that fails by an exception, and what it needs."""

    def __init__(self, name, function, seconds, network, alone):
        self.name, self.function, self.seconds = name, function, seconds
        self.network = network  # the private Tor network, a visitor, the app and its tunnels
        self.alone = alone      # measures or moves so much that nothing else may run beside it


def case(name, seconds=60, network=True, alone=False):
    """Declares the function below as a case of that name."""
    def declare(function):
        if any(c.name == name for c in CASES):
            raise ValueError(f"two cases are called {name}")
        CASES.append(Case(name, function, seconds, network, alone))
        return function
    return declare


class Stage:
    """What a case works with: what all cases share, and a folder and homes of its own."""

    def __init__(self, folder, world):
        self.folder = folder
        self.network = world.network  # kit.tor.Network
        self.visitor = world.visitor  # kit.visit.Visitor
        self.app = world.app          # kit.app.Served
        self.urls = world.urls        # {"http": …, "other": …}: its ports, published by one beam
        self.notes = []
        self._homes, self._stops = [], []

    def note(self, text):
        """Something measured, shown on the case's line."""
        self.notes.append(text)

    def path(self, name):
        return os.path.join(self.folder, name)

    def home(self, name="h", **options):
        """A fresh BEAM_HOME."""
        torrc = options.pop("tor__torrc", self.network.torrc if self.network else None)
        home = Home(self.path(name), torrc, **options)
        self._homes.append(home)
        return home

    def serve(self, http="0", other="0"):
        """An app of the case's own."""
        return self.keep(Served(str(http), str(other)))

    def keep(self, thing):
        """Sees to it that thing.stop() is called at the end."""
        self._stops.append(thing)
        return thing

    def visitor_control(self):
        """A control connection to the visitor's tor."""
        return Control(os.path.join(self.visitor.tor.folder, "control"))

    def close(self):
        for home in self._homes:
            home.close()
        for thing in reversed(self._stops):
            thing.stop()

    def story(self):
        return "".join(home.story() for home in self._homes)


__all__ = ["CASES", "Case", "Failure", "Stage", "case"]

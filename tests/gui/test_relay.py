"""From the engine's bus to the window: order, once each, and an end."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from desktop.engine.bus import (
    Bus,
    JobChanged,
    PrefixStored,
    RegistryChanged,
    RunEnded,
    RunProgressed,
    RunStarted,
    SettingsChanged,
)
from desktop.ui.relay import TELL_MILLISECONDS, Relay


class Ear(QObject):
    """Writes down what a relay tells, in its order, and on which thread."""

    def __init__(self, relay: Relay) -> None:
        super().__init__()
        self.heard: list[tuple[str, object]] = []
        self.threads: set[threading.Thread] = set()
        for name in ("registry_changed", "progressed", "catalog_changed", "run_ended", "other"):
            getattr(relay, name).connect(lambda told, name=name: self._note(name, told))

    def _note(self, name: str, told: object) -> None:
        self.heard.append((name, told))
        self.threads.add(threading.current_thread())


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def relay(bus: Bus) -> Iterator[Relay]:
    made = Relay(bus)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def ear(relay: Relay) -> Ear:
    return Ear(relay)


def progress(registry: str, done: int) -> RunProgressed:
    return RunProgressed(registry, "listing", done, 100, "artifacts")


def test_events_of_any_thread_are_told_on_the_windows(qtbot: QtBot, bus: Bus, ear: Ear) -> None:
    for number in range(4):
        event = RegistryChanged(f"r{number}")
        threading.Thread(target=bus.publish, args=(event,)).start()
    qtbot.waitUntil(lambda: len(ear.heard) == 4)
    assert {told for _, told in ear.heard} == {"r0", "r1", "r2", "r3"}
    assert ear.threads == {threading.main_thread()}


def test_a_storm_is_told_once_for_each_registry_with_the_newest(
    qtbot: QtBot, bus: Bus, ear: Ear
) -> None:
    for done in range(1000):
        bus.publish(progress("a", done))
        bus.publish(progress("b", done))
        bus.publish(PrefixStored("a", f"prefix{done}"))
        bus.publish(JobChanged("a", "syncing"))
    bus.publish(SettingsChanged(("proxy",)))
    qtbot.waitUntil(lambda: len(ear.heard) >= 5)
    assert ear.heard == [
        ("registry_changed", "a"),
        ("progressed", progress("a", 999)),
        ("progressed", progress("b", 999)),
        ("catalog_changed", "a"),
        ("other", SettingsChanged(("proxy",))),
    ]


def test_the_end_of_a_run_comes_after_what_it_changed_and_ends_its_progress(
    qtbot: QtBot, bus: Bus, ear: Ear
) -> None:
    end = RunEnded("a", 7, "ok")
    for event in (RunStarted("a", 7), progress("a", 50), end):
        bus.publish(event)
    qtbot.waitUntil(lambda: ("run_ended", end) in ear.heard)
    assert ear.heard == [("registry_changed", "a"), ("catalog_changed", "a"), ("run_ended", end)]


def test_the_window_is_told_at_most_twenty_times_a_second(
    qtbot: QtBot, bus: Bus, relay: Relay
) -> None:
    told: list[object] = []
    relay.progressed.connect(told.append)
    over = threading.Event()

    def publish() -> None:
        done = 0
        while not over.wait(0.002):
            done += 1
            bus.publish(progress("a", done))

    publisher = threading.Thread(target=publish)
    publisher.start()
    qtbot.wait(10 * TELL_MILLISECONDS)
    over.set()
    publisher.join()
    assert 0 < len(told) <= 10


def test_what_is_told_during_a_telling_comes_with_the_next(
    qtbot: QtBot, bus: Bus, relay: Relay, ear: Ear
) -> None:
    def answer(registry: str) -> None:
        if registry == "first":
            bus.publish(RegistryChanged("second"))

    relay.registry_changed.connect(answer)
    bus.publish(RegistryChanged("first"))
    qtbot.waitUntil(lambda: [told for _, told in ear.heard] == ["first", "second"])


def test_a_closed_relay_hears_nothing_more(qtbot: QtBot, bus: Bus, relay: Relay, ear: Ear) -> None:
    bus.publish(RegistryChanged("on its way"))
    relay.close()
    bus.publish(RegistryChanged("afterwards"))
    qtbot.wait(3 * TELL_MILLISECONDS)
    assert ear.heard == []


def test_a_listener_that_is_gone_is_told_nothing(qtbot: QtBot, bus: Bus, relay: Relay) -> None:
    told: list[str] = []

    class Page(QObject):
        def changed(self, registry: str) -> None:
            told.append(registry)

    page = Page()
    relay.registry_changed.connect(page.changed)
    bus.publish(RegistryChanged("a"))
    qtbot.waitUntil(lambda: told == ["a"])
    with qtbot.waitSignal(page.destroyed):
        page.deleteLater()
    bus.publish(RegistryChanged("b"))
    qtbot.wait(3 * TELL_MILLISECONDS)
    assert told == ["a"]

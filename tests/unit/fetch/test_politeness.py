"""Turns of feeds by registrable domain; rows 65 and 37 of the behaviour catalogue. The clock is a number."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

from pipeline.fetch.politeness import Gate, Hold, Turn, Turns
from pipeline.fetch.slots import Slots, _place
from tests.builders_fetch import due


def _turns(*urls: str, spacing: float = 1.0) -> Turns:
    return Turns([due(url) for url in urls], spacing)


def _taken(turns: Turns, now: float) -> list[Turn]:
    found = []
    while turn := turns.take(now):
        found.append(turn)
    return found


def test_a_registrable_domain_has_one_request_at_a_time() -> None:
    turns = _turns("https://a.mill.co.uk/1", "https://b.mill.co.uk/2", "https://forge.co.uk/1")

    assert [turn.due.feed.url for turn in _taken(turns, 0.0)] == ["https://a.mill.co.uk/1", "https://forge.co.uk/1"]
    assert not turns
    assert turns.wait(0.0) is None


def test_the_next_of_a_domain_waits_for_its_spacing_from_start_to_start() -> None:
    turns = _turns("https://mill.example/1", "https://mill.example/2", spacing=2.0)
    [first] = _taken(turns, 10.0)
    turns.finish(first)

    assert turns.take(11.9) is None
    assert turns.wait(11.5) == 0.5
    assert [turn.due.feed.url for turn in _taken(turns, 12.0)] == ["https://mill.example/2"]


def test_an_answer_slower_than_the_spacing_is_waited_for() -> None:
    turns = _turns("https://mill.example/1", "https://mill.example/2", spacing=1.0)
    [first] = _taken(turns, 0.0)

    assert turns.take(30.0) is None
    turns.finish(first)
    assert turns.take(30.0)


def test_each_ip_address_is_a_domain_of_its_own() -> None:
    turns = _turns("http://192.0.2.1/1", "http://192.0.2.2/2", "http://[2001:db8::1]/3", "http://192.0.2.1:8080/4")

    assert len(_taken(turns, 0.0)) == 3


def test_only_the_last_of_a_domain_is_last() -> None:
    turns = _turns("https://mill.example/1", "https://forge.example/1", "https://mill.example/2", spacing=0.0)
    first = _taken(turns, 0.0)
    for turn in first:
        turns.finish(turn)
    rest = _taken(turns, 0.0)

    assert [turn.is_last for turn in first] == [False, True]
    assert [turn.is_last for turn in rest] == [True]


def test_what_is_no_address_gets_its_turn_too() -> None:
    turns = _turns("http://[broken", "", "nonsense", "https://mill.example/1")

    assert len(_taken(turns, 0.0)) == 4


def test_a_large_domain_does_not_hold_up_small_ones() -> None:
    large = [f"https://large.example/{index}" for index in range(50)]
    turns = _turns(*large, "https://small.example/1")

    assert [turn.domain for turn in _taken(turns, 0.0)] == ["large.example", "small.example"]


def test_the_gate_lets_one_in_and_the_next_after_the_spacing() -> None:
    gate = Gate()

    assert gate.enter("mill.example", 10.0, 2.0) == 0.0
    assert gate.enter("mill.example", 13.0, 2.0) > 0
    gate.leave("mill.example")
    assert gate.enter("mill.example", 10.5, 2.0) == 1.5
    assert gate.enter("forge.example", 10.5, 2.0) == 0.0
    assert gate.enter("mill.example", 12.0, 2.0) == 0.0


def test_a_gate_that_forgets_forgets_only_what_is_over() -> None:
    gate = Gate()
    gate.enter("mill.example", 100.0, 2.0)
    gate.leave("mill.example")
    for number in range(20_000):
        gate.enter(f"{number}.example", 0.0, 2.0)
        gate.leave(f"{number}.example")

    assert gate.enter("mill.example", 101.0, 2.0) == 1.0


def test_two_gates_of_one_folder_mind_each_other(tmp_path: Path) -> None:
    """The second stands in another process: a lock of the kernel does not part two of one."""
    ask = (
        "import sys; from pathlib import Path; from pipeline.fetch.politeness import Gate; gate = Gate()\n"
        "with gate.shared(Path(sys.argv[1]), create=False):\n"
        "    print(gate.enter('mill.example', float(sys.argv[2]), 2.0))"
    )

    def other(now: float) -> float:
        command = [sys.executable, "-c", ask, str(tmp_path), str(now)]
        return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)

    gate = Gate()
    with gate.shared(tmp_path, create=True):
        gate.enter("mill.example", 10.0, 2.0)
        while_in = other(15.0)
        gate.leave("mill.example")
        too_early, in_time = other(11.0), other(12.0)

    assert while_in > 0
    assert (too_early, in_time) == (1.0, 0.0)


def test_domains_that_fall_on_one_slot_of_the_file_do_not_wait_for_each_other(tmp_path: Path) -> None:
    place = dict[int, str]()
    for number in range(3000):  # by then, some do
        domain = f"{number}.example"
        other = place.setdefault(_place(domain)[1], domain)
        if other != domain:
            break
    with closing(Slots(tmp_path, create=True)) as slots:
        asked = [slots.enter(one, 10.0, 1.0) for one in (other, domain)]
        slots.leave(domain)

        assert other != domain
        assert (asked, slots.enter(domain, 10.5, 1.0)) == ([0.0, 0.0], 0.5)


def test_what_is_shared_anew_before_the_old_ends_stays_shared(tmp_path: Path) -> None:
    """As a daemon does that takes up a new configuration."""
    gate = Gate()
    old, new = gate.shared(tmp_path, create=True), gate.shared(tmp_path, create=True)
    old.__enter__()
    new.__enter__()
    old.__exit__(None, None, None)

    assert gate.enter("mill.example", 100.0, 1.0) == 0.0
    gate.leave("mill.example")
    new.__exit__(None, None, None)
    assert gate.enter("quay.example", 100.0, 1.0) == 0.0


def test_a_moment_that_a_restart_of_the_machine_left_behind_does_not_count(tmp_path: Path) -> None:
    first, second = Gate(), Gate()
    with first.shared(tmp_path, create=True):
        first.enter("mill.example", 1_000_000.0, 2.0)
        first.leave("mill.example")
    with second.shared(tmp_path, create=True):
        assert second.enter("mill.example", 5.0, 2.0) == 0.0


def test_a_folder_that_cannot_be_used_makes_nobody_fail(tmp_path: Path) -> None:
    gate = Gate()
    with gate.shared(tmp_path / "missing", create=True):
        assert gate.enter("mill.example", 10.0, 2.0) == 0.0


def test_bodies_get_room_until_it_is_taken_and_one_that_is_too_large_gets_it_alone() -> None:
    hold = Hold()

    assert hold.take(60, 100)
    assert not hold.take(60, 100)
    hold.give_back(60)
    assert hold.take(200, 100)
    assert not hold.take(1, 100)

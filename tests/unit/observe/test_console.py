from pipeline.observe.console import PeopleRenderer, told


def line(is_coloured=False, **event):
    renderer = PeopleRenderer(is_coloured=is_coloured)
    return renderer(None, "", {"timestamp": "2026-03-05T06:00:12.345678Z", "level": "info", **event})


def test_an_event_is_a_line_that_says_what_happened_to_whom_and_why():
    failed = line(
        level="warning", event="feed_failed", feed="https://news.example/", kind="timeout", reason="no answer"
    )

    assert failed == "06:00:12 warning feed_failed https://news.example/: no answer (kind timeout)"


def test_what_is_empty_or_counts_nothing_is_left_out():
    polled = line(event="feed_polled", feed="https://news.example/", new=3, hits=0, damage=None, is_new=False, names=[])

    assert polled == "06:00:12 feed_polled https://news.example/: new 3"
    assert line(event="daemon_started") == "06:00:12 daemon_started"
    assert line(event="configuration_loaded", companies=0) == "06:00:12 configuration_loaded: companies 0"


def test_moments_are_short_and_several_things_stand_side_by_side():
    assert told({"next_attempt_at": "2026-03-05T06:00:42Z"}) == ": next attempt at 2026-03-05 06:00:42"
    assert told({"faults": ["a.toml: no url", "    write one"]}) == ": a.toml: no url; write one"
    assert told({"found": {"a": 1, "b": [2, 3]}}) == ": found a 1; b 2; 3"


def test_a_traceback_stands_below_and_a_library_is_named():
    broke = line(level="error", event="tick_broke", exception="Traceback ...\nValueError: no\n")

    assert broke == "06:00:12 error tick_broke\nTraceback ...\nValueError: no"
    assert line(event="pool is full", logger="httpx") == "06:00:12 pool is full [httpx]"


def test_colours_are_for_terminals_that_want_them(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert line(True, level="error", event="e") == "06:00:12 \x1b[31merror\x1b[0m \x1b[1me\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert line(True, level="error", event="e") == "06:00:12 error e"

"""Small tables: what was put in is found, nothing else is."""

from random import Random

from pipeline.match.compact import LONGEST, Kept, MultimapBuilder, PairSet, WordTable, hash_of


def test_a_multimap_answers_all_numbers_of_a_key_smallest_first() -> None:
    builder = MultimapBuilder()
    for number in (7, 3, 3, 2**32 - 1):
        builder.add(hash_of("siemens"), number)
    builder.add(hash_of("bosch"), 5)
    table = builder.build()

    assert table.get(hash_of("siemens")) == [3, 7, 2**32 - 1]
    assert table.get(hash_of("bosch")) == [5]
    assert table.among([hash_of("bosch"), hash_of("siemens"), hash_of("nobody")]) == [5, 3, 7, 2**32 - 1]


def test_a_multimap_of_many_keys_loses_none_and_answers_hardly_any_other() -> None:
    keys = Random(1).sample(range(2**32), 20_000)
    builder = MultimapBuilder()
    for number, key in enumerate(keys):
        builder.add(key, number)
    table = builder.build()

    assert all(number in table.get(key) for number, key in enumerate(keys))
    others = Random(2).sample(range(2**32), 20_000)
    assert sum(len(table.get(key)) for key in others) < 20


def test_an_empty_table_answers_nothing() -> None:
    assert MultimapBuilder().build().get(hash_of("x")) == []
    assert WordTable.made_of({}).marks("x") == 0
    assert not PairSet.for_pairs(0).holds(3)


def test_words_keep_their_marks_and_number_in_every_script() -> None:
    words = {"siemens": 1, "小米": 2, "삼성전자": 4, "газпром": 8, "": 16, "𝒜": 32}
    table = WordTable.made_of(words)

    assert dict(table.listed()) == words
    assert {word: table.marks(word) for word in words} == words
    assert all(table.word(table.number(word)) == word for word in words)
    assert table.number("bosch") == -1
    assert table.marks("bosch") == 0
    assert "bosch" not in table


def test_a_table_of_many_words_finds_each() -> None:
    words = {f"word{number}": number % 200 + 1 for number in range(30_000)}
    table = WordTable.made_of(words)

    assert all(table[word] == mark for word, mark in words.items())
    assert not any(table.marks(f"other{number}") for number in range(30_000))


def key_of(pairs: PairSet, first: int, second: int) -> int:
    return pairs.parts(first)[0] + pairs.parts(second)[1]


def test_pairs_know_their_neighbours_and_how_long_what_begins_with_them_is() -> None:
    one, two, three = map(hash_of, ("deutsche", "bank", "privat"))
    pairs = PairSet.for_pairs(3)
    pairs.add([one, two])
    pairs.add([one, two, three])

    assert pairs.holds(key_of(pairs, one, two))
    assert pairs.holds(key_of(pairs, two, three))
    assert not pairs.holds(key_of(pairs, two, one))
    assert pairs.length_of(key_of(pairs, one, two)) == 3


def test_a_pattern_of_very_many_words_is_told_as_the_longest() -> None:
    pairs = PairSet.for_pairs(400)
    pairs.add(range(400))

    assert pairs.length_of(key_of(pairs, 0, 1)) == LONGEST


def test_answers_are_worked_out_once_while_they_are_kept() -> None:
    asked = []
    kept = Kept[int, int](lambda number: asked.append(number) or number * 2, most=4)

    assert [kept[number] for number in (1, 1, 2, 1, 2)] == [2, 2, 4, 2, 4]
    assert asked == [1, 2]


def test_what_is_asked_for_again_is_kept_while_others_are_forgotten() -> None:
    asked = []
    kept = Kept[int, int](lambda number: asked.append(number) or number, most=4)

    for number in range(10, 40):
        assert kept[number] == number
        assert kept[1] == 1
        assert len(kept) + len(kept._older) <= 4
    assert asked.count(1) == 1
    assert kept[10] == 10
    assert asked.count(10) == 2

"""Companies as JSON Lines."""

import pytest

from pipeline.errors import InputError
from pipeline.match import read_companies_jsonl
from pipeline.model import Name, NameKind


def test_all_keys_are_read_and_unknown_ones_ignored() -> None:
    line = (
        '{"id":"mi","name":"Xiaomi","aliases":["小米",{"text":"Mi","kind":"weak"}],"tickers":["1810.HK"],"sector":"x"}'
    )

    (company,) = read_companies_jsonl([line, ""]).companies

    assert company.aliases == (Name("小米"), Name("Mi", NameKind.WEAK))
    assert company.tickers == ("1810.HK",)


def test_the_name_serves_where_there_is_no_id() -> None:
    assert read_companies_jsonl(['{"name":"Sony"}']).companies[0].id == "Sony"
    assert read_companies_jsonl(['{"id":"","name":"Sony"}']).companies[0].id == "Sony"


def test_a_number_is_an_id_also_where_it_is_nought() -> None:
    companies = read_companies_jsonl(['{"id":0,"name":"Sony"}', '{"id":1,"name":"Fanuc"}']).companies

    assert [company.id for company in companies] == ["0", "1"]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "line 1: not valid JSON"),
        ("[]", "an object was expected"),
        ('{"id":"a"}', "needs a name"),
        ('{"name":"A","aliases":[3]}', "an alias is"),
        ('{"name":"A","aliases":"AG"}', "aliases must be a list"),
        ('{"name":"A","aliases":[{"text":"B","kind":"odd"}]}', "no kind of name"),
        ('{"name":"A","tickers":"AAA"}', "must be a list"),
    ],
)
def test_a_bad_line_is_named(line: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        read_companies_jsonl([line])


def test_an_id_used_twice_is_refused() -> None:
    with pytest.raises(InputError, match=r"line 2.*twice"):
        read_companies_jsonl(['{"name":"A"}', '{"name":"A"}'])


@pytest.mark.parametrize("none", ["null", '""', "[]"])
def test_a_company_may_say_that_it_has_no_aliases(none: str) -> None:
    assert read_companies_jsonl([f'{{"name":"Sony","aliases":{none}}}']).companies[0].aliases == ()

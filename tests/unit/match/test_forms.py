"""The ways to write a company that are worked out from its names."""

import pytest

from pipeline.match.forms import core_of, forms_of
from pipeline.match.kinds import Flavour, flavour_of
from pipeline.model import NameKind
from tests.builders_match import company


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("Microsoft Corp.", "microsoft"),
        ("Enel S.p.A.", "enel"),
        ("The Coca-Cola Company", "coca cola"),
        ("Hennes & Mauritz AB", "hennes & mauritz"),
        ("Wells Fargo & Company", "wells fargo"),
        ("ПАО «Газпром»", "газпром"),
        ("楽天グループ株式会社", "楽天グループ"),
        ("腾讯控股有限公司", "腾讯"),
        ("Türk Telekom A.Ş.", "turk telekom"),
        ("Co", "co"),
    ],
)
def test_legal_forms_of_all_scripts_come_off_a_name(name: str, core: str) -> None:
    assert " ".join(core_of(name)) == core


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("Best Buy", " bestbuy "),
        ("SoftBank", " soft bank "),
        ("AT&T", " at and t "),
        ("AT&T", " at & amp t "),
        ("JPMorgan Chase", " j p morgan chase "),
        ("McDonald's", " mcdonalds "),
        ("L'Oréal", " loreal "),
        ("Sun Pharmaceutical Industries", " sun pharmaceutical ind "),
        ("Larsen & Toubro", " l & t "),
        ("LG전자", " lg전자"),
    ],
)
def test_a_name_is_looked_for_in_its_other_spellings(name: str, spelling: str) -> None:
    assert spelling in {pattern for pattern, _ in forms_of(0, company("x", name))}


@pytest.mark.parametrize(
    ("name", "flavour"),
    [
        ("Xiaomi", Flavour.DISTINCT),
        ("Target", Flavour.WORD),
        ("Best Buy", Flavour.PHRASE),
        ("GE", Flavour.ACRONYM),
        ("American", Flavour.PROPER),
        ("X", Flavour.WEAK),
        ("小米", Flavour.CJK),
        ("삼성전자", Flavour.DISTINCT),
        ("PayPal", Flavour.DISTINCT),
        ("Hermès", Flavour.PERSON),
    ],
)
def test_a_name_is_of_the_kind_its_words_make_it(name: str, flavour: Flavour) -> None:
    assert flavour_of(core_of(name), name) is flavour


def test_a_forced_kind_overrides_what_would_be_inferred() -> None:
    assert flavour_of(("target",), "Target", NameKind.UNIQUE) is Flavour.DISTINCT
    assert flavour_of(("xiaomi",), "Xiaomi", NameKind.WEAK) is Flavour.WEAK

"""What is valid and useless is told: each such fault, and nothing about a sound configuration."""
# ruff: noqa: E501 - a message is compared best as the one line that it is

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import pytest

from pipeline.config import check, load, write_schemas

MAIN = '[[channel]]\nid = "screen"\nkind = "stdout"\n[[rule]]\nname = "all"\nchannels = ["screen"]\n'
CHANNEL_ONLY = '[[channel]]\nid = "screen"\nkind = "stdout"\n'
COMPANIES = '[[company]]\nname = "Xiaomi"\ntags = ["phones"]\n'
FEEDS = '[[feed]]\nurl = "https://news.example/rss"\n'


def problems(folder: Path, main: str = MAIN, companies: str = COMPANIES, feeds: str = FEEDS) -> list[str]:
    for name, text in (("newsward.toml", main), ("companies.toml", companies), ("feeds.toml", feeds)):
        (folder / name).write_text(text, encoding="utf-8")
    return [f"{problem.severity}: {problem}" for problem in check(load(folder, {}))]


def test_a_sound_configuration_has_no_problems(tmp_path: Path) -> None:
    assert problems(tmp_path) == []


def test_nothing_to_watch_nothing_to_poll_and_nobody_to_tell(tmp_path: Path) -> None:
    assert problems(tmp_path, "", "", "") == [
        "warning: companies: no company is tracked: there will be no hits (add [[company]] tables)",
        "warning: feeds: no feed is configured (add [[feed]] tables, or run: newsward feeds poll URL)",
        "warning: newsward.toml: there is no rule: hits are stored, nobody is told (add a [[rule]] that names a channel)",
    ]


def test_what_was_noticed_while_loading_is_told_too(tmp_path: Path) -> None:
    assert problems(tmp_path, feeds=FEEDS + FEEDS) == [
        (
            "warning: feeds.toml: feed 2 (news.example): the same feed as feed 1 (news.example); polled once "
            "(remove one of them)"
        )
    ]


def test_an_ordinary_word_without_context_or_ticker_is_told(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, companies='[[company]]\nname = "Target"\n')

    assert problem.startswith("warning: companies.toml: company 1 (target): “Target” is an ordinary word too")
    assert problem.endswith("(add context (words that stand beside it: products, people, trade) or a ticker)")


@pytest.mark.parametrize("more", ['context = ["retailer"]', 'tickers = ["TGT"]'])
def test_context_or_a_ticker_is_enough_for_an_ordinary_word(tmp_path: Path, more: str) -> None:
    assert problems(tmp_path, companies=f'[[company]]\nname = "Target"\n{more}\n') == []


def test_two_companies_of_one_name_are_told_of_each_other(tmp_path: Path) -> None:
    companies = '[[company]]\nname = "Delta Inc"\n[[company]]\nname = "Delta Corp."\n'
    remedy = "(add context words that tell them apart)"

    assert problems(tmp_path, companies=companies) == [
        f"warning: companies.toml: company 1 (delta-inc): “Delta Inc” is a name of Delta Corp. too {remedy}",
        f"warning: companies.toml: company 2 (delta-corp): “Delta Corp.” is a name of Delta Inc too {remedy}",
    ]


def test_ten_thousand_companies_are_checked_in_seconds(tmp_path: Path) -> None:
    consonants, vowels = "bdfgklmnprstvz", "aeiou"
    syllables = [a + b for a in consonants for b in vowels]
    names = [f"{a}{b}{c}".title() for a in syllables for b in syllables for c in "xyz"][:10_000]
    for name, text in (
        ("newsward.toml", MAIN),
        ("companies.toml", "".join(f'[[company]]\nname = "{name} Holdings"\naliases = ["{name}"]\n' for name in names)),
        ("feeds.toml", FEEDS),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    config = load(tmp_path, {})

    started = perf_counter()
    check(config)

    assert len(config.watchlist.companies) == 10_000
    assert perf_counter() - started < 15  # 2 s on a developer's machine


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://localhost:8000/rss", "localhost"),
        ("http://news.localhost/rss", "news.localhost"),
        ("http://127.0.0.1/rss", "127.0.0.1"),
        ("http://192.168.1.7:8080/rss", "192.168.1.7"),
        ("http://100.64.0.1/rss", "100.64.0.1"),
        ("http://[::1]/rss", "::1"),
    ],
)
def test_a_feed_that_the_guard_will_refuse_is_told_until_it_is_allowed(tmp_path: Path, url: str, host: str) -> None:
    feeds = f'[[feed]]\nurl = "{url}"\n'

    assert problems(tmp_path, feeds=feeds) == [
        (
            f"warning: feeds.toml: feed 1 ({host}): host '{host}' is not public: it will be refused "
            "(to poll it, set allow_private = true or allow_networks in [fetch])"
        )
    ]
    assert problems(tmp_path, "[fetch]\nallow_private = true\n" + MAIN, feeds=feeds) == []
    assert problems(tmp_path, '[fetch]\nallow_networks = ["127.0.0.0/8"]\n' + MAIN, feeds=feeds) == []


@pytest.mark.parametrize("url", ["https://news.example/rss", "https://8.8.8.8/rss", "https://localhost.example/rss"])
def test_a_public_feed_is_no_problem(tmp_path: Path, url: str) -> None:
    assert problems(tmp_path, feeds=f'[[feed]]\nurl = "{url}"\n') == []


def test_a_name_that_the_user_calls_unique_is_believed(tmp_path: Path) -> None:
    named = '[[company]]\nname = "Xiaomi"\naliases = [{{ text = "Bread", kind = "{}" }}]\n'

    assert problems(tmp_path, companies=named.format("unique")) == []
    assert len(problems(tmp_path, companies=named.format("common"))) == 1


def test_an_exclusion_that_kills_every_hit_is_an_error(tmp_path: Path) -> None:
    companies = '[[company]]\nname = "Acme Rockets"\naliases = ["ACME Rockets Inc."]\nexclude = ["acme", "rocket"]\n'

    assert problems(tmp_path, companies=companies) == [
        (
            "error: companies.toml: company 1 (acme-rockets): every name holds the exclusion 'acme': there can be no hit "
            "(remove it from exclude)"
        )
    ]


def test_an_exclusion_that_hides_one_of_several_names_is_told(tmp_path: Path) -> None:
    companies = '[[company]]\nname = "Acme Rockets"\naliases = ["Zzyrtek Ltd"]\nexclude = ["acme", "rocket"]\n'

    assert problems(tmp_path, companies=companies) == [
        (
            "warning: companies.toml: company 1 (acme-rockets): key 'exclude': 'acme' is in its own name "
            "'Acme Rockets', which will hardly be a hit (remove the one or the other)"
        )
    ]


def test_a_rule_for_a_tag_that_nobody_has_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path, MAIN + 'tags = ["phones", "fones"]\n') == [
        "warning: newsward.toml: rule 1 (all): key 'tags': no company has the tag 'fones' (correct it, or give it to a company)"
    ]


def test_a_channel_that_no_rule_uses_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path, MAIN + '[[channel]]\nid = "desk"\nkind = "stdout"\n') == [
        "warning: newsward.toml: channel 2 (desk): no rule uses it (name it in a rule's channels, or remove it)"
    ]


def test_the_time_of_a_digest_that_only_a_rule_wishes_for_is_no_problem(tmp_path: Path) -> None:
    desk = '[[channel]]\nid = "desk"\nkind = "stdout"\nat = "09:00"\n[[rule]]\nname = "r"\nlanguages = ["en"]\nchannels = ["desk"]\n'

    assert problems(tmp_path, MAIN + desk + 'digest = "daily"\n') == []
    assert problems(tmp_path, MAIN + desk) == [
        (
            "warning: newsward.toml: channel 2 (desk): 'at' does nothing: no daily or weekly digest goes out here "
            '(set digest = "daily", or remove at)'
        )
    ]


def test_credentials_over_plain_http_are_told_without_showing_them(tmp_path: Path) -> None:
    feeds = '[[feed]]\nurl = "http://ann:hunter2@www.news.example/rss"\n'

    assert problems(tmp_path, feeds=feeds) == [
        "warning: feeds.toml: feed 1 (www.news.example): its credentials are sent over plain http, readable on the way (use https)"
    ]


def test_a_rhythm_that_politeness_makes_impossible_is_told(tmp_path: Path) -> None:
    feeds = "".join(f'[[feed]]\nurl = "https://news.example/{number}"\n' for number in range(40))

    assert problems(tmp_path, '[fetch]\nspacing = "30 s"\n' + MAIN, feeds=feeds) == [
        (
            "warning: feeds of news.example: 40 feeds, one request each 30 seconds: each can be polled every "
            "20 minutes at best, and [polling] min_interval is 10 minutes "
            '(set min_interval to "20 minutes", or poll fewer feeds of it)'
        )
    ]


def test_a_feed_polled_more_rarely_than_news_stays_fresh_is_told(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, '[polling]\nmax_interval = "12 h"\n[alert]\nmax_age = "6 h"\n' + MAIN)

    assert problem == (
        "warning: newsward.toml: [polling]: max_interval is longer than [alert] max_age: entries of rarely polled "
        "feeds are too old to alert (shorten the one or lengthen the other)"
    )


# --------------------------------------------------------------------------- companies


X = "warning: companies.toml: company 1 (xiaomi): "


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ('aliases = ["XIAOMI", "シャオミ"]', "key 'aliases' says 'XIAOMI' again, which is known already (remove it)"),
        (
            'aliases = ["シャオミ", "シャオミ"]',
            "key 'aliases' says 'シャオミ' again, which is known already (remove it)",
        ),
        ('tickers = ["1810.HK", "1810.hk"]', "key 'tickers' says '1810.hk' again, which is known already (remove it)"),
        ('tags = ["phones", "phones"]', "key 'tags' says 'phones' again, which is known already (remove it)"),
        ('context = ["Redmi", "redmi"]', "key 'context' says 'redmi' again, which is known already (remove it)"),
        (
            'context = ["xiaomi"]',
            (
                "key 'context': 'xiaomi' is its own name, which tells it from nothing (take a word that stands beside the "
                "name)"
            ),
        ),
        (
            'context = ["Redmi"]\nexclude = ["redmi"]',
            "'Redmi' is both context and exclude, for it and against it (keep it in one of them)",
        ),
        (
            'domains = ["co.uk"]',
            (
                "key 'domains': 'co.uk' is no company's domain: others have theirs below it (write the whole domain, such "
                "as example.co.uk)"
            ),
        ),
    ],
)
def test_what_a_company_is_given_in_vain_is_told(tmp_path: Path, more: str, expected: str) -> None:
    assert problems(tmp_path, companies=f'[[company]]\nname = "Xiaomi"\n{more}\n') == [X + expected]


@pytest.mark.parametrize(
    "more",
    [
        'aliases = ["微软", "微軟", "Micro Soft"]',  # each finds what the others do not
        'context = ["smartphone", "手机", "手機"]',
        'tickers = ["ON", "NO", "TRUE"]',
        'domains = ["mi.com", "global.toyota", "xiaomi.github.io"]',
    ],
)
def test_what_looks_odd_and_is_not_is_no_problem(tmp_path: Path, more: str) -> None:
    assert problems(tmp_path, companies=f'[[company]]\nname = "Xiaomi"\n{more}\n') == []


def test_a_domain_that_two_companies_claim_is_told_of_the_one_that_loses_it(tmp_path: Path) -> None:
    companies = "".join(f'[[company]]\nname = "{name}"\ndomains = ["mi.com"]\n' for name in ("Xiaomi", "Redmi"))

    assert problems(tmp_path, companies=companies) == [
        (
            "warning: companies.toml: company 1 (xiaomi): key 'domains': 'mi.com' is claimed by company 2 (redmi) too, "
            "which gets all its links (keep it in one of them)"
        )
    ]


def test_a_company_with_weak_names_only_is_told_even_with_context(tmp_path: Path) -> None:
    company = '[[company]]\nname = "Q"\naliases = [{ text = "Qu", kind = "weak" }]\ncontext = ["shops"]\n'

    assert problems(tmp_path, companies=company) == [
        (
            "warning: companies.toml: company 1 (q): every name of it is weak and it has no ticker and no domain: hardly "
            "anything will be a hit (add its full name to aliases, or a ticker)"
        )
    ]
    assert problems(tmp_path, companies=company + 'tickers = ["QQQ"]\n') == []


def test_a_company_of_two_letters_and_nothing_else_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path, companies='[[company]]\nname = "BP"\n') == [
        (
            "warning: companies.toml: company 1 (bp): “BP” is so short that it stands for much else "
            "(add its full name to aliases, or context, or a ticker)"
        )
    ]


@pytest.mark.parametrize(
    "company", ['"BP"\naliases = ["British Petroleum"]', '"BP"\ncontext = ["oil"]', '"腾讯"', '"삼성"']
)
def test_two_letters_with_help_or_two_characters_are_no_problem(tmp_path: Path, company: str) -> None:
    assert problems(tmp_path, companies=f"[[company]]\nname = {company}\n") == []


# --------------------------------------------------------------------------- rules and channels


def test_a_rule_whose_tags_nobody_has_can_never_alert_and_is_an_error(tmp_path: Path) -> None:
    assert problems(tmp_path, MAIN + 'tags = ["fones", "chisp"]\n') == [
        (
            "error: newsward.toml: rule 1 (all): key 'tags': no company has the tag 'fones' or 'chisp': the rule can "
            "never alert (correct the tags, or give them to companies)"
        )
    ]


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("english", "'english' is no language tag that feeds use (did you mean 'en'?)"),
        ("jp", "'jp' is no language tag that feeds use (did you mean 'ja'?)"),
        ("cn-Hans", "'cn-Hans' is no language tag that feeds use (did you mean 'zh'?)"),
        ("deutsch", "'deutsch' is no language tag (such as en, zh-Hant or pt-BR)"),
        ("en, de", "'en, de' is no language tag (such as en, zh-Hant or pt-BR)"),
    ],
)
def test_a_language_that_no_entry_can_be_of_is_told(tmp_path: Path, tag: str, expected: str) -> None:
    assert problems(tmp_path, f'{MAIN}languages = ["{tag}"]\n') == [
        f"warning: newsward.toml: rule 1 (all): key 'languages': {expected}"
    ]
    assert problems(tmp_path, feeds=f'{FEEDS}language = "{tag}"\n') == [
        f"warning: feeds.toml: feed 1 (news.example): key 'language': {expected}"
    ]


@pytest.mark.parametrize("tag", ["en", "EN", "zh-Hant", "pt_BR", "uk", "fil", "sr-Latn-RS"])
def test_a_language_tag_is_no_problem(tmp_path: Path, tag: str) -> None:
    assert problems(tmp_path, f'{MAIN}languages = ["{tag}"]\n', feeds=f'{FEEDS}language = "{tag}"\n') == []


def test_a_least_score_below_what_the_matcher_accepts_is_told(tmp_path: Path) -> None:
    assert problems(tmp_path, MAIN + "min_score = 40\n") == [
        (
            "warning: newsward.toml: rule 1 (all): key 'min_score': 40 is without effect, no hit has less than 60 "
            "(leave it out, or raise it)"
        )
    ]
    assert problems(tmp_path, MAIN + 'min_score = 40\n[[matcher]]\nkind = "names"\nthreshold = 30\n') == []
    assert problems(tmp_path, MAIN + "min_score = 70\n") == []


PORT = '[[company]]\nname = "Xiaomi"\ntags = ["phones"]\n[[company]]\nname = "Redmi"\nexclude = ["redmi river"]\n'
RULES = '[[channel]]\nid = "screen"\nkind = "stdout"\n[[group]]\nid = "makers"\ncompanies = ["xiaomi", "redmi"]\n'
ANA = '[[person]]\nid = "ana"\nchannels = ["screen"]\nmin_severity = "high"\n'


def told_of_rule(folder: Path, rule: str, tables: str = "", **files: str) -> list[str]:
    """The problems of a rule by the screen with the group of makers, without the place where it stands."""
    main = f'{RULES}{tables}[[rule]]\nname = "r"\nchannels = ["screen"]\n{rule}\n'
    main += '[[rule]]\nname = "group"\ntogether_of = "makers"\nchannels = ["screen"]\n'
    return [line.replace("newsward.toml: rule 1 (r): ", "") for line in problems(folder, main, PORT, **files)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (
            'words = ["drill"]\nwithout = ["drills", "drill"]',
            [
                "error: key 'without' keeps out all of 'words' ('drill'): the rule can never alert (remove the one or the other)"
            ],
        ),
        (
            'words = ["fire drill", "fire"]\nwithout = ["drill*"]',
            ["warning: key 'without' keeps out 'fire drill' of 'words' (remove the one or the other)"],
        ),
        (
            'companies = ["xiaomi"]\nwithout = ["xiaomi"]',
            ["error: key 'without' is in every name of 'xiaomi': the rule can never alert (remove it from without)"],
        ),
        (
            'groups = ["makers"]\nwithout = ["xiaomi"]',
            ["warning: key 'without' is in every name of 'xiaomi': hardly any alert about it (remove it from without)"],
        ),
        (
            'companies = ["redmi"]\nwords = ["Redmi River"]',
            [
                (
                    "warning: key 'words': 'Redmi River' is in the key exclude of the rule's companies, which it does not "
                    "mean (remove it there or here)"
                )
            ],
        ),
        (
            "max_tier = 2",
            [
                (
                    "warning: key 'max_tier': no feed is of tier 2 or better, the best are of tier 3 "
                    "(raise it, or give feeds a better tier)"
                )
            ],
        ),
        ('words = ["fire"]\nwithout = ["drill"]\ncompanies = ["redmi"]', []),
    ],
)
def test_words_and_tiers_that_cannot_be_had_are_told(tmp_path: Path, rule: str, expected: list[str]) -> None:
    assert told_of_rule(tmp_path, rule) == expected


def test_a_group_without_companies_or_with_one_makes_rules_that_can_never_alert(tmp_path: Path) -> None:
    tables = '[[group]]\nid = "none"\n[[group]]\nid = "tagged"\ntags = ["ships"]\n'
    lone = '[[group]]\nid = "lone"\ncompanies = ["redmi"]\n'

    assert told_of_rule(tmp_path, 'groups = ["none", "tagged"]', tables) == [
        "error: key 'groups': no company is in 'none' or 'tagged': the rule can never alert (give the group companies)",
        "error: newsward.toml: group 2 (none): no company is in it (give it companies, or tags that companies have)",
        (
            "error: newsward.toml: group 3 (tagged): no company has the tag 'ships': it is empty "
            "(give it companies, or tags that companies have)"
        ),
    ]
    assert told_of_rule(tmp_path, 'together_of = "lone"', lone) == [
        "error: key 'together_of': 'lone' has not two companies: the rule can never alert (give the group more companies)"
    ]


def test_groups_and_people_that_no_rule_names_are_told(tmp_path: Path) -> None:
    assert told_of_rule(tmp_path, "min_salience = 10", ANA + '[[group]]\nid = "g"\ncompanies = ["redmi"]\n') == [
        (
            "warning: newsward.toml: group 2 (g): no rule names it "
            "(name it in a rule's groups or together_of, or remove it)"
        ),
        "warning: newsward.toml: person 1 (ana): no rule names this person (name it in a rule's people)",
    ]


def test_people_for_whom_a_rule_is_too_quiet_are_told(tmp_path: Path) -> None:
    remedy = "(raise the severity of the rule, or lower that one)"
    what = f"key 'people': 'ana' is not reached, whose min_severity is 'high' {remedy}"
    alone = '[[rule]]\nname = "quiet"\npeople = ["ana"]\n'

    assert told_of_rule(tmp_path, 'people = ["ana"]', ANA) == [f"warning: {what}"]
    assert told_of_rule(tmp_path, 'people = ["ana"]\nseverity = "high"', ANA) == []
    (problem, *_) = problems(tmp_path, CHANNEL_ONLY + ANA + alone)
    assert problem == f"error: newsward.toml: rule 1 (quiet): {what}"


def test_outlets_without_updates_are_told(tmp_path: Path) -> None:
    assert problems(tmp_path, f"[alert]\nmax_updates = 0\noutlets = 5\n{MAIN}") == [
        (
            "warning: newsward.toml: [alert]: outlets is without effect: that many tell a story is an update, and "
            "max_updates is 0 (raise max_updates, or leave outlets out)"
        )
    ]


@pytest.mark.parametrize(
    ("rule", "is_covered"),
    [
        ('name = "b"\nchannels = ["screen"]', True),
        ('name = "b"\nchannels = ["screen"]\ntags = ["phones"]\nmin_salience = 50\nlanguages = ["en"]', True),
        ('name = "b"\nchannels = ["screen"]\nseverity = "low"', True),
        ('name = "b"\nchannels = ["screen"]\nseverity = "high"', False),
        ('name = "b"\nchannels = ["other"]', False),
    ],
)
def test_a_rule_that_adds_nothing_to_another_is_told(tmp_path: Path, rule: str, is_covered: bool) -> None:
    main = f'{MAIN}[[rule]]\nname = "c"\nchannels = ["other"]\nmin_salience = 90\n[[rule]]\n{rule}\n'
    other = '[[channel]]\nid = "other"\nkind = "stdout"\nformat = "json"\n'

    told = [problem for problem in problems(tmp_path, other + main) if "rule 3 (b)" in problem]

    expected = [
        (
            "warning: newsward.toml: rule 3 (b): all that it takes, rule 'all' takes too, by the same channels and at "
            "least as loud (remove it, or give it another channel or a higher severity)"
        )
    ]
    assert told == (expected if is_covered else [])


@pytest.mark.parametrize(
    "narrower",
    ['companies = ["xiaomi"]', 'tags = ["phones"]', 'languages = ["en"]', "min_score = 90", "min_salience = 10"],
)
def test_a_rule_before_a_wider_one_is_told_and_the_wider_one_is_not(tmp_path: Path, narrower: str) -> None:
    wide = '[[rule]]\nname = "wide"\nchannels = ["screen"]\n'

    [told] = problems(tmp_path, f"{MAIN}{narrower}\n{wide}")

    assert told.startswith("warning: newsward.toml: rule 1 (all): all that it takes, rule 'wide' takes too")


HOOK = '[[channel]]\nid = "{}"\nkind = "webhook"\nurl = "{}"\n'


@pytest.mark.parametrize(
    ("url", "more", "expected"),
    [
        ("http://ann:hunter2@desk.example/x", "", ["its credentials are sent over plain http, readable on the way"]),
        (
            "http://desk.example/x",
            'headers = { Authorization = "Bearer hunter2" }',
            ["its credentials are sent over plain http, readable on the way"],
        ),
        (
            "http://desk.example/x",
            'secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"',
            ["its alerts are signed, yet sent over plain http, readable on the way"],
        ),
        ("http://desk.example/x", "", []),
        ("https://ann:hunter2@desk.example/x", "", []),
        ("http://ann:hunter2@localhost:8000/x", "", []),
        ("http://ann:hunter2@127.0.0.1:8000/x", "", []),
    ],
)
def test_a_webhook_that_gives_secrets_away_is_told_without_showing_them(
    tmp_path: Path, url: str, more: str, expected: list[str]
) -> None:
    main = f"{HOOK.format('desk', url)}{more}\n" + '[[rule]]\nname = "all"\nchannels = ["desk"]\n'

    assert problems(tmp_path, main) == [
        f"warning: newsward.toml: channel 1 (desk): {words} (use https)" for words in expected
    ]


def test_two_channels_to_one_receiver_are_told(tmp_path: Path) -> None:
    hooks = HOOK.format("desk", "https://desk.example/x") + HOOK.format("also", "https://desk.example/x")

    assert problems(tmp_path, hooks + '[[rule]]\nname = "all"\nchannels = ["desk", "also"]\n') == [
        (
            "warning: newsward.toml: channel 2 (also): it leads where channel 'desk' leads: who reads there is told twice "
            "(name the one channel in both rules)"
        )
    ]


# --------------------------------------------------------------------------- feeds, files, the clock


def test_a_secret_in_a_feeds_address_is_told_without_showing_it(tmp_path: Path) -> None:
    assert problems(tmp_path, feeds='[[feed]]\nurl = "https://news.example/rss?api_key=hunter2"\n') == [
        (
            "warning: feeds.toml: feed 1 (news.example): key 'url' holds what looks like a secret, and a feed's address "
            "stands in the database as it is (if the site takes it in a header, give it in headers)"
        )
    ]


def test_a_feed_of_a_list_is_told_by_list_and_name(tmp_path: Path) -> None:
    (tmp_path / "mine.opml").write_text(
        '<opml version="2.0"><body><outline text="Ours" xmlUrl="http://127.0.0.1/rss"/></body></opml>'
    )
    [told] = problems(tmp_path, feeds='[[source]]\nkind = "opml"\npath = "mine.opml"\n')

    assert told.startswith("warning: feeds.toml: source 1 (opml): Ours: host '127.0.0.1' is not public")


def test_a_folder_for_the_database_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    assert problems(tmp_path, '[store]\ndatabase = "data/n.db"\n' + MAIN) == [
        (
            f"warning: newsward.toml: [store]: key 'database': the folder {tmp_path}/data does not exist yet "
            "(a run will make it; correct the path if that is not meant)"
        )
    ]
    assert not (tmp_path / "data").exists()


def test_a_database_that_is_a_folder_or_lies_in_a_file_is_an_error(tmp_path: Path) -> None:
    assert problems(tmp_path, '[store]\ndatabase = "."\n' + MAIN) == [
        f"error: newsward.toml: [store]: key 'database': {tmp_path} is a folder (name a file in it)"
    ]
    assert problems(tmp_path, '[store]\ndatabase = "feeds.toml/n.db"\n' + MAIN) == [
        f"error: newsward.toml: [store]: key 'database': {tmp_path}/feeds.toml is no folder (name another place)"
    ]


def test_health_that_can_never_be_good_is_told(tmp_path: Path) -> None:
    main = '[daemon]\ntick = "10 minutes"\n[health]\nmax_age = "{}"\n' + MAIN

    assert problems(tmp_path, main.format("5 minutes")) == [
        (
            "warning: newsward.toml: [health]: max_age is not longer than [daemon] tick, 10 minutes: never healthy for "
            "long (lengthen max_age, or shorten the tick)"
        )
    ]
    assert problems(tmp_path, '[health]\nmax_age = "5 minutes"\n' + MAIN) == [
        (
            "warning: newsward.toml: [health]: max_age is shorter than [polling] min_interval, 10 minutes (lengthen it "
            "beyond the time between two runs, or a run by cron will be unhealthy in between)"
        )
    ]
    assert problems(tmp_path, main.format("1 hour")) == []


def test_schemas_of_another_version_are_told(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    assert problems(tmp_path) == []

    (tmp_path / ".schema" / "feeds.json").write_text("{}")
    assert problems(tmp_path) == [
        (
            "warning: .schema: feeds.json: not as this version of newsward has them, so that an editor may mislead you "
            "(newsward schema --write)"
        )
    ]


def test_a_feed_that_is_marked_for_its_pages_while_none_are_read_is_told(tmp_path: Path) -> None:
    feeds = '[[feed]]\nurl = "https://mill.example/feed"\nfulltext = true\n'

    assert problems(tmp_path, feeds=feeds) == [
        (
            "warning: feeds.toml: feed 1 (mill.example): key 'fulltext' is true, and nothing is read while [fulltext] is "
            "not enabled (set enabled = true in [fulltext] of newsward.toml, or leave the key out)"
        )
    ]
    assert problems(tmp_path, "[fulltext]\nenabled = true\n" + MAIN, feeds=feeds) == []

"""What the words around a name tell."""

import pytest

from pipeline.match import MatchEngine, Matcher
from pipeline.model import Entry, Watchlist
from tests.builders_match import company, engine, entry, found

WATCH = engine(
    company("apple", "Apple"),
    company("target", "Target"),
    company("delta", "Delta Air Lines", "Delta"),
    company("prakash", "Prakash Industries", tickers=("PRAKASH",)),
    company("rio", "Rio Tinto", "Rio"),
    company("santander", "Santander"),
    company("ups", "United Parcel Service", "UPS"),
    company("bahn", "Bahn"),
    company("3m", "3M"),
    company("ibm", "IBM"),
)


@pytest.mark.parametrize(
    ("title", "companies"),
    [
        ("Sell Hexaware with a target of Rs 109: Prakash Gaba", []),
        ("Markets look cheap, says Prakash Gaba", []),
        ("Prakash Gaba sees gains", ["prakash"]),  # not at the end: nothing tells that it is a person
        ("Carnival in Rio de Janeiro begins", []),
        ("Carnival in Rio begins", []),
        ("Fire in Santander, mayor says", []),
        ("Santander police find paintings", []),
        ("Santander raises profit outlook", ["santander"]),
        ("Delta Corp wins casino licence", []),
        ("Delta adds flights to Lisbon", ["delta"]),
        ("Retailer Ups Dividend Again", []),
        ("UPS raises dividend again", ["ups"]),
        ("Free meals for 3M pupils", []),
        ("3M shares fall", ["3m"]),
        ("Despite Target's warning, shares rise", ["target"]),
        ("Report praises “Target” stores", ["target"]),
        ("Revenue fell at rivals...Target shares rise", ["target"]),
        ("See www.target.example for news", []),
        ("apple unveils cheaper laptop for schools, shares rise", ["apple"]),
        ("He ate an apple before the game", []),
        ("IBMs new chief named", ["ibm"]),
    ],
)
def test_the_words_around_a_name_decide(title: str, companies: list[str]) -> None:
    assert found(WATCH, title) == companies


def test_a_link_ends_where_its_line_ends() -> None:
    assert found(WATCH, text="Read more: https://example.com/markets/\nApple raises prices") == ["apple"]
    assert found(WATCH, text="Read more: https://example.com/markets/Apple raises prices") == []


@pytest.mark.parametrize(
    ("title", "companies"),
    [
        ("Neue U-Bahn fährt ab Montag", []),
        ("Läuferin stürzt auf Bahn 8", []),
        ("Bahn streicht Stellen", ["bahn"]),
    ],
)
def test_a_german_noun_needs_evidence_though_it_has_a_capital(title: str, companies: list[str]) -> None:
    assert found(WATCH, title, language="de") == companies


WORDS = engine(
    company("schwab", "Charles Schwab", "Schwab", tickers=("SCHW",)),
    company("southwest", "Southwest Airlines", "Southwest"),
    company("chipotle", "Chipotle"),
    company("dynamics", "General Dynamics"),
    company("reliance", "Reliance"),
    company("toast", "Toast"),
    company("costco", "Costco", tickers=("COST",)),
    company("lilly", "Eli Lilly", tickers=("LLY",)),
    company("roig", "Roig"),
    company("carrier", "Carrier"),
    company("devon", "Devon"),
    company("murphy", "Murphy"),
)


@pytest.mark.parametrize(
    ("title", "companies"),
    [
        ("Klaus Schwab steps down", []),  # a first name of another country
        ("Schwab cuts fees", ["schwab"]),
        ("Ana Roig wins prize", []),  # nor is a name that no list has the company behind a first name
        ("Roig wins order", ["roig"]),
        ("Storms sweep Southwest, thousands without power", []),  # a capital that its other sense has too
        ("Southwest ends open seating", ["southwest"]),
        ("A chipotle sauce that goes with Everything", []),
        ("Diners return to Chipotle", ["chipotle"]),
        ("General dynamics of the market have shifted", []),
        ("General Dynamics of Virginia wins order", ["dynamics"]),
        ("Reliance in talks with lenders", ["reliance"]),
        ("Reliance in winter on imported gas", []),
        ("Movers: Garmin, Lyft, Toast and Costco", ["costco", "toast"]),
        ("Carrier pigeon lands on roof", []),
        ("Devon beaches closed over sewage", []),  # a landscape
        ("Devon raises dividend", ["devon"]),
        ("Murphy's law strikes at airport", []),
    ],
)
def test_names_that_are_words_or_people_need_the_right_neighbours(title: str, companies: list[str]) -> None:
    assert found(WORDS, title) == companies


@pytest.mark.parametrize(
    ("text", "companies"),
    [
        ("COST +0.4%, LLY -1.2% in early trading", ["costco", "lilly"]),
        ("COST (+0.4 %) | LLY −1,2 %", ["costco", "lilly"]),
        ("LLY, MRK lead drug makers", ["lilly"]),
        ("COST OF LIVING RISES: FOOD COST +4 %", []),
        ("The LLY-1 probe", []),
    ],
)
def test_a_symbol_with_what_its_price_did_is_a_ticker(text: str, companies: list[str]) -> None:
    assert found(WORDS, text) == companies


@pytest.mark.parametrize(
    ("title", "language", "companies"),
    [
        ("Post vom Amt: Was jetzt zu tun ist", "de", []),
        ("Post erhöht Porto", "de", ["post"]),
        ("Día mundial del agua", "es", []),
        ("Día vende sus tiendas", "es", ["dia"]),
        ("Generali alza il dividendo", "it", ["generali"]),
        ("Bir bardak su getir dedi", "tr", []),  # no list of Turkish words: lower case must do
        ("Getir çekiliyor", "tr", ["getir"]),
        ("Магнит для туристов", "ru", []),
        ("«Магнит» для туристов", "ru", ["magnit"]),
        ("Bürgermeister Schwab legt Amt nieder", "de", []),
        ("Dirk Schwab veröffentlicht Thriller", "de", []),  # a dirk is a word, but not in German
    ],
)
def test_a_word_of_the_language_needs_more_than_its_place(title: str, language: str, companies: list[str]) -> None:
    watch = engine(
        company("post", "Post"),
        company("dia", "Día"),
        company("generali", "Generali"),
        company("getir", "Getir"),
        company("magnit", "Магнит"),
        company("schwab", "Schwab"),
    )

    assert found(watch, title, language=language) == companies


def test_the_users_own_decoys_win_silently() -> None:
    watchlist = Watchlist((company("mahindra", "Mahindra"), company("sbi", "State Bank of India")))
    watch = MatchEngine.build(watchlist, [Matcher(decoys=("Tech Mahindra", "SBI", "!?"))])

    assert found(watch, "Tech Mahindra wins order") == []
    assert found(watch, "Mahindra wins order") == ["mahindra"]
    assert found(watch, "SBI wins order") == []
    assert watch.explain(entry("Tech Mahindra wins order"), "mahindra").candidates == ()


MORE = engine(
    company("orange", "Orange"),
    company("ring", "Ring"),
    company("meta", "Meta"),
    company("pearson", "Pearson"),
    company("disney", "Disney"),
    company("burlington", "Burlington"),
    company("carrier", "Carrier"),
    company("cisco", "Cisco"),
    company("gol", "Gol", "Gol Linhas Aéreas"),
    company("azul", "Azul"),
    company("free", "Free"),
    company("poste", "La Poste"),
    company("otto", "Otto"),
    company("commerzbank", "Commerzbank"),
    company("lenta", "Лента"),
    company("kia", "기아"),
)


@pytest.mark.parametrize(
    ("title", "language", "companies"),
    [
        ("House of Orange opens its archive", "en", []),
        ("Vaucluse : la ville d'Orange célèbre ses fêtes", "fr", []),
        ("Recruiter who hid shares of Orange is fined", "en", ["orange"]),
        ("Senior Data Engineer at Ring (Remote)", "en", ["ring"]),
        ("What Orange wants from the regulator", "en", ["orange"]),
        ("Fans wait at Union Ring for hours", "en", []),
        ("Meta AI chief to leave", "en", ["meta"]),
        ("Cisco IOS flaw found", "en", ["cisco"]),
        ("Pearson double sinks visitors", "en", []),
        ("Pearson profit rises", "en", ["pearson"]),
        ("Disney on ice again", "en", ["disney"]),
        ("Carrier hits homer in ninth inning", "en", []),
        ("Burlington, Vermont, prepares for snow", "en", []),
        ("Movers: Carrier +2.3%, Ring -1.1%", "en", ["carrier", "ring"]),
        ("Ring, GoTo revive talks", "en", ["ring"]),
        ("Ring and Glassdoor to cut jobs", "en", ["ring"]),
        ("Layoffs: Carrier, Ring, Zendesk", "en", ["carrier", "ring"]),
        ("Céu azul e calor nesta terça", "pt", []),
        ("Azul é a companhia mais pontual", "pt", ["azul"]),
        ("Free Tour por Sevilla: opiniones", "es", []),
        ("La directrice quitte la poste de nuit", "fr", []),
        ("La Poste ferme des bureaux", "fr", ["poste"]),
        ("Otto Rehhagel wird 87", "de", []),
        ("Otto streicht Stellen", "de", ["otto"]),
        ("Commerzbankchefin wehrt sich", "de", ["commerzbank"]),
        ("Commerzbankräuber gefasst", "de", []),
        ("Красная лента перерезана", "ru", []),
        ("기아 EV4 사전계약 시작", "ko", ["kia"]),
    ],
)
def test_words_of_other_fields_lists_and_languages_decide(title: str, language: str, companies: list[str]) -> None:
    assert [hit.company_id for hit in MORE.hits(entry(title, language=language))] == companies


HELD = engine(
    company("visa", "Visa"),
    company("frasers", "Frasers"),
    company("porto", "Porto"),
    company("slack", "Slack"),
    company("m6", "M6"),
    company("xiaomi", "小米"),
    company("flink", "Flink"),
    company("lion", "ライオン"),
    company("weir", "Weir"),
    company("toro", "Toro"),
    company("siemens", "Siemens"),
)


@pytest.mark.parametrize(
    ("title", "language", "companies"),
    [
        ("visas quarterly profit beats on travel", "en", ["visa"]),
        ("tourist visas quarterly limit reached", "en", []),
        ("is slack down for anyone else", "en", ["slack"]),
        ("The Frasers have farmed this glen for years", "en", []),
        ("Frasers raises its stake in a rival", "en", ["frasers"]),
        ("FC Porto vence clássico na Luz", "pt", []),
        ("Carambolage sur la M6 près de Lyon", "fr", []),
        ("M6 perd son procès", "fr", ["m6"]),
        ("小米 unveils electric sedan", "en", ["xiaomi"]),
        ("Flink gekocht: Pasta in 15 Minuten", "de", []),
        ("Flink streicht 200 Stellen", "de", ["flink"]),
        ("動物園のライオン、三つ子を出産", "ja", []),
        ("ライオン、洗剤を値上げ", "ja", ["lion"]),
        ("Risers: Weir 2,410 +1.9%, Halma 3,350 +0.8%", "en", ["weir"]),
        ("Guillermo del Toro wins top prize", "en", []),
        ("Siemans wins rail contract", "en", ["siemens"]),
        ("Werner von Siemens Gymnasium feiert", "de", []),
    ],
)
def test_names_are_held_apart_from_what_they_mean_besides(title: str, language: str, companies: list[str]) -> None:
    assert [hit.company_id for hit in HELD.hits(Entry("e", "", title=title, language=language))] == companies


def test_a_button_of_the_page_names_nobody() -> None:
    assert found(HELD, text="The shop won a grant. Share this on Slack") == []
    assert found(HELD, text="The shop won a grant. Shares of Slack rise") == ["slack"]


HELD_APART = engine(
    company("disney", "Disney"),
    company("oracle", "Oracle"),
    company("meta", "Meta"),
    company("gap", "Gap"),
    company("visa", "Visa"),
    company("slack", "Slack"),
    company("starbucks", "Starbucks"),
    company("barclays", "Barclays"),
    company("lloyds", "Lloyds"),
    company("frasers", "Frasers"),
    company("sap", "SAP"),
    company("ibm", "IBM"),
    company("tui", "TUI"),
    company("bam", "BAM"),
    company("m1", "M1"),
    company("m6", "M6"),
    company("porto", "Porto"),
    company("santos", "Santos"),
    company("delta", "Delta"),
    company("ford", "Ford"),
    company("vail", "Vail"),
)


@pytest.mark.parametrize(
    ("text", "companies"),
    [
        ("The count of subscribers at Disney went up.", ["disney"]),
        ("One subscriber said Oracle raised prices.", ["oracle"]),
        ("The advertising giant Meta must change its rules.", ["meta"]),
        ("The watchdog called the advertising by Gap misleading.", ["gap"]),
        ("A newsletter said Visa will cut jobs.", ["visa"]),
        ("Customers who sign up with Visa get a bonus, the bank said.", ["visa"]),
        ("Share this on Slack · Print", []),
        ("Rain will ease by noon. Follow us on Slack", []),
        ("Follow us on Facebook, Reddit and Slack", []),
        ("Email Print Share on Slack", []),
        ("Sign up with Visa", []),
        ("Folgen Sie uns auf Slack", []),
    ],
)
def test_a_button_of_the_page_begins_its_sentence_and_ends_at_the_name(text: str, companies: list[str]) -> None:
    assert found(HELD_APART, "Business news of the day", text=f"Other news came first. {text}") == companies


@pytest.mark.parametrize(
    ("title", "companies"),
    [
        ("The Starbucks boycott grows", ["starbucks"]),
        ("Inside the Starbucks turnaround plan", ["starbucks"]),
        ("The Barclays fine is the highest in years", ["barclays"]),
        ("The Barclays trader was sentenced on Monday", ["barclays"]),
        ("The Lloyds pension ruling", ["lloyds"]),
        ("The Frasers have farmed the valley for 200 years", []),
        ("The Frasers were neighbours of ours", []),
    ],
)
def test_a_family_does_what_several_do(title: str, companies: list[str]) -> None:
    assert found(HELD_APART, title) == companies


@pytest.mark.parametrize(
    ("title", "language", "companies"),
    [
        ("SAP! Das ist der Wert des Tages", "de", ["sap"]),
        ("IBM! Why the shares are a buy", "en", ["ibm"]),
        ("TUI! Reisen werden teurer", "de", ["tui"]),
        ("BAM! Vuurwerk knalt in portiek", "nl", []),
    ],
)
def test_a_cry_is_a_word_that_is_cried(title: str, language: str, companies: list[str]) -> None:
    assert found(HELD_APART, title, language=language) == companies


@pytest.mark.parametrize(
    ("title", "language", "companies"),
    [
        ("The M1 results are due on Friday", "en", ["m1"]),
        ("Engineers praise the M1 chip", "en", ["m1"]),
        ("Three hurt on the M6 near Stafford", "en", []),
        ("Lorry fire closes the M6", "en", []),
        ("Long tailbacks after the M6 crash", "en", []),
        ("Carambolage sur la M6 à Lyon", "fr", []),
    ],
)
def test_a_road_is_driven_on(title: str, language: str, companies: list[str]) -> None:
    assert found(HELD_APART, title, language=language) == companies


@pytest.mark.parametrize(
    ("title", "companies"),
    [
        ("Porto SC appeal dismissed, insurer says", ["porto"]),
        ("Santos BC plant fire put out", ["santos"]),
        ("Delta BC flights cancelled", ["delta"]),
        ("FC Porto wins derby", []),
        ("Porto FC wins derby", []),
    ],
)
def test_courts_and_provinces_are_no_clubs(title: str, companies: list[str]) -> None:
    assert found(HELD_APART, title) == companies


@pytest.mark.parametrize(
    ("title", "companies"),
    [
        ("Outside Disney, a protest", ["disney"]),
        ("Workers rally outside Ford", ["ford"]),
        ("Hiker dies in rockfall near Vail", []),
        ("Bus overturns outside Porto", []),
    ],
)
def test_what_is_beside_a_name_makes_it_a_place_unless_people_gather_there(title: str, companies: list[str]) -> None:
    assert found(HELD_APART, title) == companies


@pytest.mark.parametrize("title", ["Henry-Ford-Straße wird gesperrt", "Fest auf dem Ford-Platz"])
def test_a_street_that_is_called_after_it_is_not_the_company(title: str) -> None:
    assert found(HELD_APART, title, language="de") == []

from hypothesis import given
from hypothesis import strategies as st

from pipeline.observe import redact_url
from pipeline.observe.redact import redact_text

NAMES = st.sampled_from(["token", "api_key", "X-Amz-Signature", "accessToken", "q", "page"])
WORDS = st.text("abcXYZ019-_.~%", max_size=8)
URLS = st.builds(
    lambda user, path, query, fragment: f"https://{user}news.example/{path}?{query}#{fragment}",
    st.one_of(st.just(""), st.builds("{}:{}@".format, WORDS, WORDS), st.just("SESAME@")),
    WORDS,
    st.lists(st.builds("{}={}".format, NAMES, st.one_of(WORDS, st.just("SESAME")))).map("&".join),
    st.builds("{}={}".format, NAMES, WORDS),
)


@given(st.one_of(st.text(max_size=60), URLS))
def test_redacting_again_changes_nothing(text):
    assert redact_url(redact_url(text)) == redact_url(text)
    assert redact_text(redact_text(text)) == redact_text(text)


@given(URLS, st.text("abc ,;:()\n", max_size=10))
def test_a_secret_does_not_survive_wherever_the_url_stands(url, around):
    secret = url.replace("q=SESAME", "q=1").replace("page=SESAME", "page=1")

    assert "SESAME" not in redact_text(f"{around} {secret}{around}")


@given(URLS)
def test_what_is_no_secret_stays(url):
    plain = url.split("@")[-1] if "@" in url else url.removeprefix("https://")

    assert redact_url(url).split("?")[0].endswith(plain.split("?")[0])

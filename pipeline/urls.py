"""URLs: the canonical form of an article's address, whose domain it is on, and what of it may be shown."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from ipaddress import ip_address
from posixpath import normpath
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, unquote_plus, urlsplit

from publicsuffixlist import PublicSuffixList

MASK = "***"
STRAIGHT = "none"  # where an address of a proxy may stand: by no proxy
MAX_LENGTH = 8192  # characters; longer is an attack or a data URL, not an article (RFC 9110 4.1 asks for 8000 octets)

_DEVICE_LABEL = re.compile(r"www\d?|m|mobile|amp")
_HOST = re.compile(r"[a-z0-9._-]+|\[[0-9a-f:.]+\]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})|(.)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")  # browsers drop tabs and line breaks inside an address
_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/;]*", re.IGNORECASE)
_AMP_SUFFIX = re.compile(r"\.amp(?=\.html?$|$)")
_HTML_AMPERSAND = re.compile(r"(?:amp;)+")  # what is left of "&amp;" where a feed escaped its links twice
_AMP_CACHE = re.compile(r"/(?:amp|[acv])/(s/)?([^/]+\.[^/].*)", re.DOTALL)
_DIGIT = re.compile(r"\d")

# Words of a name: api_key, apiKey, x-api-key, accessToken and their like each hold one.
_SECRET_WORD = re.compile(
    r"(api|access|auth|client|feed|refresh|rss|session|shared|signing|user)?(keys?|secrets?|tokens?|pass|passwords?)"
    r"|auth|authorization|bearer|cookies?|credentials?|hmac|jwt|passphrase|passwd|private|pwd|session(id)?|sid|sig|signature"
)
_NAME_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
# Also where the scheme was forgotten: what is no URL yet may hold a password all the same.
_USERINFO = re.compile(r"(^//|^|(?<=://))[^/?#]*@")
_PARAMETER = re.compile(r"(?P<lead>[?&;#])(?P<name>[^=&;#?\s]+)=(?P<value>[^&;#]*)")

# RFC 3986 2.3; the delimiters beside them carry no meaning of their own in the part they stand in, and
# publishers escape them as it comes.
_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_PATH_SAFE = frozenset(_UNRESERVED + "/!$&'()*+,;=:@")
_QUERY_SAFE = frozenset(_UNRESERVED + "/!$'()*,;:@?")


_FIELD_SAFE = _QUERY_SAFE | {"="}

# An address as most publishers write it: nothing in its path to be unescaped, resolved or dropped.
_USUAL = re.compile(
    r"https?://(?P<host>[a-z0-9-]+(?:\.[a-z0-9-]+)+)"
    r"(?P<path>(?:/[\w~!$&'()*+,=:@-][\w~!$&'()*+,=:@.-]*+)*)/?(?:\?(?P<query>[!\"$-~]*))?(?:#(?!!)[!-~]*)?",
    re.ASCII,
)


class _Redirector(NamedTuple):
    """A service whose links carry their target in a parameter."""

    host: re.Pattern[str]
    path: str  # what its path begins with
    parameters: tuple[str, ...]


_REDIRECTORS = (
    _Redirector(re.compile(r"(?:news\.)?google(?:\.[a-z]{2,3}){1,2}"), "/url", ("url", "q")),
    _Redirector(re.compile(r"news\.google(?:\.[a-z]{2,3}){1,2}"), "/news/url", ("url",)),
    _Redirector(re.compile(r"(?:lm?\.)?(?:facebook|instagram)\.com"), "/", ("u",)),
    _Redirector(re.compile(r"bing\.com"), "/news/apiclick.aspx", ("url",)),
    _Redirector(re.compile(r"youtube\.com"), "/redirect", ("q",)),
    _Redirector(re.compile(r"linkedin\.com"), "/redir", ("url",)),
    _Redirector(re.compile(r"out\.reddit\.com|slack-redir\.net|go\.skimresources\.com"), "/", ("url",)),
    _Redirector(re.compile(r"getpocket\.com"), "/redirect", ("url",)),
    _Redirector(re.compile(r"t\.umblr\.com"), "/redirect", ("z",)),
    _Redirector(re.compile(r"redirect\.viglink\.com"), "/", ("u",)),
    _Redirector(re.compile(r"duckduckgo\.com"), "/l", ("uddg",)),
    _Redirector(re.compile(r"vk\.com"), "/away.php", ("to",)),
)


class _Tracking(NamedTuple):
    """The parameters of ``tracking_params.txt``, by how they are recognised."""

    names: frozenset[str]
    prefixes: tuple[str, ...]
    unless_digit: frozenset[str]


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=1)
def _tracking() -> _Tracking:
    lines = files("pipeline").joinpath("tracking_params.txt").read_text(encoding="utf-8").splitlines()
    words = [line for line in lines if line and not line.startswith("#")]
    return _Tracking(
        names=frozenset(word for word in words if word[-1] not in "*?"),
        prefixes=tuple(word[:-1] for word in words if word.endswith("*")),
        unless_digit=frozenset(word[:-1] for word in words if word.endswith("?")),
    )


@lru_cache(maxsize=65536)
def registrable_domain(url: str) -> str:
    """The domain that one pays for (``bbc.co.uk``), by the bundled Public Suffix List; an IP address is its own.

    A host that is itself a public suffix, or a single label, stands for itself; "" when the URL names no host.
    """
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
    return host if _is_address(host) else _suffixes().privatesuffix(host) or host


@lru_cache(maxsize=65536)
def host_of(url: str) -> str:
    """The host that an address names, with its port where that is not the usual one; "" when it names none."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return ""
    return host if port is None or port == {"http": 80, "https": 443}.get(parts.scheme) else f"{host}:{port}"


def is_public_suffix(host: str) -> bool:
    """True for a domain below which others register theirs: ``co.uk``, ``blogspot.com``."""
    return _suffixes().publicsuffix(host) == host


def canonical_url(url: str) -> str:
    """One address for all the dressings of an article's URL; "" for what is not an http(s) address.

    Idempotent, never raises, and asks nobody: scheme, port, user, www, mobile and AMP forms, tracking parameters,
    their order, the fragment and the spelling of escapes make no difference; a redirector's link stands for the
    target it carries. Printed as https without www. Opaque links (Google News articles, short links) stay.
    """
    if (usual := _USUAL.fullmatch(url)) and "amp" not in usual["path"] and len(url) < MAX_LENGTH:
        host, query = _usual_host(usual["host"]), usual["query"]
        if host:
            query = _query(query) if query else ""
            return f"https://{host}{usual['path'] or '/'}{'?' if query else ''}{query}"
    parts = _split(url)
    while parts is not None:
        target = _split(_target(parts))
        if target is None:
            return _print(parts)
        parts = target
    return ""


def feed_spellings(url: str) -> tuple[str, ...]:
    """The other addresses that lead to the same feed: by the other scheme, and with or without a slash at the end."""
    scheme, _, rest = url.partition("://")
    path, mark, query = rest.partition("?")
    other = path.removesuffix("/") if path.endswith("/") else f"{path}/"
    schemes = ("https", "http") if scheme in ("https", "http") else (scheme,)
    spelt = (f"{one}://{place}{mark}{query}" for one in schemes for place in (path, other))
    return tuple(one for one in spelt if one != url)


def public_url(url: str) -> str:
    """The URL as it may be shown: its user name and password, and the values of token-like parameters, masked.

    Idempotent, never raises. All else stays as it is; a secret that is part of a path looks like any other path and
    cannot be told.
    """
    return _PARAMETER.sub(_mask_parameter, _USERINFO.sub(rf"\1{MASK}@", url))


def proxy_problem(url: str) -> str:
    """Why this can be no HTTP proxy's address, in words that do not repeat it; an empty string = it can."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a valid address"
    if parts.scheme != "http":
        return "must begin with http://; other kinds of proxies (https, socks) are not supported"
    if not host:
        return "names no host"
    return "must have nothing after the port" if parts.path.strip("/") or parts.query or parts.fragment else ""


def names_a_secret(name: str) -> bool:
    """True when a parameter of this name holds a secret, as far as names tell."""
    return any(_SECRET_WORD.fullmatch(word.casefold()) for word in _NAME_WORDS.findall(name))


def _mask_parameter(match: re.Match[str]) -> str:
    is_secret = match["value"] and names_a_secret(unquote_plus(match["name"]))
    return f"{match['lead']}{match['name']}={MASK}" if is_secret else match[0]


@lru_cache(maxsize=8192)
def _usual_host(host: str) -> str:
    """The host as it is printed; "" for one whose links may stand for others, or that is malformed."""
    try:
        name = _host(host)
    except ValueError:
        return ""
    leads_on = name.endswith(".cdn.ampproject.org") or name.partition(".")[0] in ("google", "bing")
    leads_on = leads_on or any(redirector.host.fullmatch(name) for redirector in _REDIRECTORS)
    return "" if leads_on or not _HOST.fullmatch(name) else name


def _split(url: str) -> SplitResult | None:
    """The parts of an http(s) URL, ``netloc`` being its normal host (and port); None for anything else."""
    text = _CONTROL.sub("", url).strip().encode("utf-8", "replace").decode()
    if not text or len(text) > MAX_LENGTH:
        return None
    try:
        parts = urlsplit("https:" + text if text.startswith("//") else text)
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host):
        return None
    return parts._replace(netloc=host if port in (None, 80, 443) else f"{host}:{port}")


def _host(host: str) -> str:
    """Lower case, ASCII, without the labels that only name a device. Raises ValueError for a malformed host."""
    name = unquote(host).rstrip(".")
    if _is_address(name):
        address = ip_address(name)
        return address.compressed if address.version == 4 else f"[{address.compressed}]"
    return _without_device(name.encode("idna").decode("ascii").lower())


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _without_device(host: str) -> str:
    """Drop www, m, mobile and amp, but never from the registrable domain itself (``m.com``, ``www.gov.uk``)."""
    labels = host.split(".")
    if not any(map(_DEVICE_LABEL.fullmatch, labels)):
        return host
    domain = _suffixes().privatesuffix(host)
    if not domain:
        return host
    free = labels[: len(labels) - domain.count(".") - 1]
    return ".".join([label for label in free if not _DEVICE_LABEL.fullmatch(label)] + [domain])


def _target(parts: SplitResult) -> str:
    """The address that a redirector's or an AMP cache's link carries; "" when there is none."""
    host, path = parts.netloc, parts.path
    if host.endswith(".cdn.ampproject.org") or (host.partition(".")[0] in ("google", "bing") and path[:5] == "/amp/"):
        cached = _AMP_CACHE.fullmatch(path)
        return f"https://{cached[2]}" + (f"?{parts.query}" if parts.query else "") if cached else ""
    for redirector in _REDIRECTORS:
        if redirector.host.fullmatch(host) and path.startswith(redirector.path):
            return _first_target(parts.query, redirector.parameters)
    return ""


def _first_target(query: str, parameters: tuple[str, ...]) -> str:
    values = dict(_pair(field) for field in reversed(_fields(query)))
    return next((unquote_plus(values[name]) for name in parameters if values.get(name)), "")


def _bare(field: str) -> str:
    found = _HTML_AMPERSAND.match(field)
    return field[found.end() :] if found else field


def _fields(query: str) -> list[str]:
    fields = (_bare(field) for field in query.split("&"))
    return [field for field in fields if field]


def _pair(field: str) -> tuple[str, str]:
    name, _, value = field.partition("=")
    return name, value


def _print(parts: SplitResult) -> str:
    query, path = _query(parts.query), _path(parts.path)
    fragment = _escape(parts.fragment, _PATH_SAFE) if parts.fragment.startswith("!") else ""
    printed = f"https://{parts.netloc}{path}" + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")
    return printed if len(printed) <= MAX_LENGTH else ""


def _path(path: str) -> str:
    """Normal escapes, no dot segments, no session, no AMP mark, no slash at the end; "/" for the root."""
    normal = _SESSION.sub("", _escape(path, _PATH_SAFE))
    segments = normpath("/" + normal.lstrip("/")).split("/")[1:]
    segments = [part for part in segments if part != "amp"]
    while segments and (last := _AMP_SUFFIX.sub("", segments[-1])) != segments[-1]:
        segments[-1:] = [last] if last not in ("", "amp") else []
    return "/" + "/".join(segments)


def _query(query: str) -> str:
    fields = {_bare(_escape(field.replace("+", " "), _QUERY_SAFE, keep="=")) for field in _fields(query)}
    return "&".join(sorted(field for field in fields if field and not _is_tracking(*_pair(field))))


def _is_tracking(name: str, value: str) -> bool:
    tracking, lower = _tracking(), name.lower()
    if lower in tracking.names or lower.startswith(tracking.prefixes):
        return True
    if lower in tracking.unless_digit:
        return not _DIGIT.search(value)
    return _asks_for_device(lower, value.lower())


def _asks_for_device(name: str, value: str) -> bool:
    """``amp``, ``amp=1``, ``outputType=amp`` and Blogger's ``m=1``: the same article for another screen."""
    if name in ("amp", "isamp"):
        return value in ("", "0", "1", "true", "yes", "amp")
    if name == "m":
        return value in ("0", "1")
    return name in ("output", "outputtype", "type", "view") and value == "amp"


def _escape(text: str, safe: frozenset[str], *, keep: str = "") -> str:
    """The normal form of percent-encoding (RFC 3986 6.2.2): upper case, and only where needed."""

    if (_FIELD_SAFE if keep else safe).issuperset(text):
        return text

    def one(found: re.Match[str]) -> str:
        if found[1]:
            char = chr(int(found[1], 16))
            return char if char in safe else f"%{found[1].upper()}"
        return found[2] if found[2] in safe or found[2] in keep else _percent(found[2])

    return _ESCAPE.sub(one, text)


def _percent(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8"))

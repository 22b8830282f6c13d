"""Which addresses may be connected to: a deny list of our own, and the user's exceptions to it."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

# `ip_address(x).is_global` is no substitute: in Python 3.11 it passes multicast, NAT64 and 6to4 addresses.
# The blocks are those of the IANA special-purpose address registries (RFC 6890 and its updates).
_DENIED_4 = tuple(
    (IPv4Network(block), words)
    for block, words in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "a private network"),
        ("100.64.0.0/10", "a provider's shared network"),
        ("127.0.0.0/8", "this machine itself"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "a private network"),
        ("192.0.0.0/24", "reserved for protocols"),
        ("192.0.2.0/24", "reserved for documentation"),
        ("192.31.196.0/24", "reserved for AS112"),
        ("192.52.193.0/24", "reserved for AMT"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "a private network"),
        ("192.175.48.0/24", "reserved for AS112"),
        ("198.18.0.0/15", "reserved for benchmarks"),
        ("198.51.100.0/24", "reserved for documentation"),
        ("203.0.113.0/24", "reserved for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_DENIED_6 = tuple(
    (IPv6Network(block), words)
    for block, words in (
        ("::/128", "unspecified"),
        ("::1/128", "this machine itself"),
        ("64:ff9b:1::/48", "a local NAT64"),
        ("2001::/23", "reserved for protocols"),
        ("2001:db8::/32", "reserved for documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "reserved for documentation"),
        ("fc00::/7", "a private network"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
# Where other services than the web listen: what browsers refuse as well (the Fetch standard's "bad ports"), and stores
# that take any line for a command.
_DENIED_PORTS = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6379, 6566, 6679, 6697, 10080, 11211}
    | set(range(6665, 6670))
)
_WEB_PORTS = frozenset({80, 443})
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


class Guard:
    """Judges addresses that a name resolved to, and ports; names and spellings of addresses do not interest it."""

    def __init__(
        self, *, allow_private: bool = False, allow_networks: Iterable[str] = (), allow_ports: Iterable[int] = ()
    ) -> None:
        self._allow_private, self._allowed_ports = allow_private, frozenset(allow_ports)
        self._allowed = tuple(ip_network(block, strict=False) for block in allow_networks)

    def objection(self, address: str) -> str:
        """Why this address may not be connected to, in words; "" = it may. ValueError if it is no address."""
        if self._allow_private:
            return ""
        meant = _meant(ip_address(address))
        if any(meant in network for network in self._allowed):
            return ""
        denied: tuple[tuple[Network, str], ...] = _DENIED_4 if meant.version == 4 else _DENIED_6
        for network, words in denied:
            if meant in network:
                return words
        return "" if meant.version == 4 or meant in _GLOBAL_UNICAST else "reserved"

    def port_objection(self, port: int) -> str:
        """Why nothing is asked at this port of any host, in words; "" = it may be."""
        is_of_the_web = port in _WEB_PORTS or (port >= 1024 and port not in _DENIED_PORTS)
        if is_of_the_web or self._allow_private or port in self._allowed_ports:
            return ""
        return f"port {port} is for other services than the web; to allow it: [fetch] allow_ports = [{port}]"

    def exception(self, address: str) -> str:
        """The narrowest of ``allow_networks`` that would let this address through."""
        meant = _meant(ip_address(address.partition("%")[0]))
        return f"{meant}/{meant.max_prefixlen}"


def _meant(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address behind a v4-mapped one (RFC 4291) and behind NAT64's well-known prefix (RFC 6052).

    The second is how a host with IPv6 only reaches every IPv4 site, so the address inside decides.
    """
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address

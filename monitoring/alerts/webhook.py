"""Signed POSTs to addresses that an operator named, and to no machine of our own network.

The name is looked up once, all its addresses are judged, and one of them is connected
to: a name that changes its mind in between changes nothing. Redirects are not followed.

A receiver checks the header `Eduhu-Signature: t=<seconds since 1970>,v1=<hex>`: `v1` is
the HMAC-SHA256 of `<t>.<body>` with `ALERT_WEBHOOK_SECRET`, and `t` is no older than
it likes. The `id` of a body stays the same when it is sent again.
"""

import hashlib
import hmac
import ipaddress
import socket
import time
from urllib.parse import SplitResult, urlsplit

import orjson
import urllib3
from django.conf import settings

SECONDS = 10.0
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Failed(Exception):
    """Nobody there took it; later somebody may."""


class Refused(Exception):
    """An address that is not sent to, now or later."""


def post(url: str, body: dict[str, object]) -> None:
    """Send `body`, signed; return once it was taken. Raises Failed or Refused."""
    parts = _checked(url)
    address = _resolved(parts)
    payload = orjson.dumps(body)
    headers = {
        "Content-Type": "application/json",
        "Eduhu-Signature": signature(payload, int(time.time())),
        "Host": parts.netloc,
        "User-Agent": "eduhu",
    }
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with _pool(parts, address) as pool:
        try:
            answer = pool.urlopen(
                "POST", path, body=payload, headers=headers, retries=False, redirect=False,
                timeout=urllib3.Timeout(total=SECONDS), preload_content=False,
            )  # fmt: skip
            answer.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise Failed(type(error).__name__) from error
    if not 200 <= answer.status < 300:
        raise Failed(f"HTTP {answer.status}")


def signature(payload: bytes, moment: int) -> str:
    """Return the header that proves who sent `payload`, and when (seconds since 1970)."""
    secret = settings.ALERT_WEBHOOK_SECRET.encode()
    digest = hmac.new(secret, f"{moment}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError as error:
        raise Refused("not an address") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise Refused("not an address of HTTP")
    return parts


def _resolved(parts: SplitResult) -> str:
    assert parts.hostname is not None  # was checked
    try:
        found = socket.getaddrinfo(parts.hostname, _port(parts), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Failed("the name is not known") from error
    addresses = [str(each[4][0]) for each in found]
    if not all(is_allowed(address) for address in addresses):
        raise Refused("a private address")
    return addresses[0]


def is_allowed(text: str) -> bool:
    """Whether an IP address is public, or one of `ALERT_WEBHOOK_NETWORKS`."""
    address = _inner(ipaddress.ip_address(text.partition("%")[0]))
    networks = [ipaddress.ip_network(each) for each in settings.ALERT_WEBHOOK_NETWORKS]
    if any(address in network for network in networks):
        return True
    return address.is_global and not address.is_multicast and not address.is_reserved


def _inner(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _pool(parts: SplitResult, address: str) -> urllib3.HTTPConnectionPool:
    if parts.scheme == "http":
        return urllib3.HTTPConnectionPool(address, _port(parts))
    # The certificate must be that of the name, wherever we connect to.
    return urllib3.HTTPSConnectionPool(
        address, _port(parts), server_hostname=parts.hostname, assert_hostname=parts.hostname
    )

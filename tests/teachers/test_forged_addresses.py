"""A client cannot make itself many: a thousand forged addresses are one client."""

import random
from collections import Counter

import pytest

from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db

ATTEMPTS = 1000
ALLOWED = 10


@pytest.fixture(autouse=True)
def limits(settings):
    settings.LOGIN_FAILURE_RATE = "5/h"
    settings.LOGIN_FAILURE_RATE_PER_ADDRESS = f"{ALLOWED}/h"


def forgery(chance):
    """What a client may write into the header: addresses, lists of them, names, nonsense."""
    v4 = ".".join(str(chance.randint(1, 254)) for _ in range(4))
    v6 = ":".join(f"{chance.randint(0, 65535):x}" for _ in range(8))
    return chance.choice([v4, v6, f"{v4}, {v6}", f"{v4}:80", f"[{v6}]", "localhost", "", ",,", "ü"])


def sign_in(api, email, password, *, peer="198.51.100.7", forwarded):
    body = {"email": email, "password": password}
    headers = {
        "x-forwarded-for": forwarded,
        "x-real-ip": forwarded,
        "forwarded": f"for={forwarded}",
    }
    return api.send("POST", "/api/auth/login", body, headers=headers, REMOTE_ADDR=peer)


@pytest.mark.parametrize(
    ("proxies", "added"),
    [(0, []), (1, ["203.0.113.9"]), (2, ["203.0.113.9", "10.0.0.2"])],
    ids=["no proxy", "one proxy", "two proxies"],
)
def test_a_thousand_forged_addresses_are_one_client(
    anonymous_api, teacher, settings, proxies, added
):
    settings.PROXY_COUNT = proxies
    chance = random.Random(proxies)

    def forwarded():
        return ", ".join([forgery(chance), *added])

    codes = Counter(
        sign_in(
            anonymous_api, f"nobody{number}@eduhu.example", "wrong", forwarded=forwarded()
        ).status_code
        for number in range(ATTEMPTS)
    )
    assert codes == {401: ALLOWED, 429: ATTEMPTS - ALLOWED}
    refused = sign_in(anonymous_api, teacher.email, PASSWORD, forwarded=forwarded())
    assert refused.status_code == 429
    elsewhere = {"peer": "198.51.100.8", "forwarded": ", ".join(["203.0.113.10", *added[1:]])}
    assert sign_in(anonymous_api, teacher.email, PASSWORD, **elsewhere).status_code == 200

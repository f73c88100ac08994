"""No secret is in the repository, now or in its past."""

import math
import re
import shutil
import subprocess
from collections import Counter

import pytest

from tests.processes import ROOT

KNOWN = re.compile(
    r"""
      -----BEGIN[ ](?:[A-Z]+[ ])*PRIVATE[ ]KEY
    | \b(?:AKIA|ASIA)[0-9A-Z]{16}\b
    | \bsk-(?:proj-|ant-|live-)?[A-Za-z0-9_-]{32,}
    | \bgh[pousr]_[A-Za-z0-9]{30,}
    | \bgithub_pat_[A-Za-z0-9_]{30,}
    | \bglpat-[A-Za-z0-9_-]{20,}
    | \bxox[abpr]-[A-Za-z0-9-]{10,}
    | \bAIza[0-9A-Za-z_-]{35}\b
    | \bhttps://[0-9a-f]{32}(?::[0-9a-f]{32})?@[\w.-]*sentry
    | \beyJ[A-Za-z0-9_-]{15,}\.eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]{15,}
    """,
    re.VERBOSE,
)
# A long value that looks random, given to something with the name of a secret.
ASSIGNED = re.compile(
    r"""(?i)(?:secret|token|password|passwd|api_?key|dsn)\w*["']?\s*[:=]\s*["']([^"'\s]{20,})["']"""
)
ADDRESS = re.compile(r"\b[a-z+]+://[^\s:/@\"'{}<>]+:([^\s@/\"'{}<>$]+)@([^\s/\"'?:,)]+)")
SAMPLES = {"password", "pw", "secret", "canary-of-mail"}  # of examples, at hosts that are none
RANDOM_BITS = 3.8  # a character; words have less


def is_random(text):
    counts = Counter(text)
    bits = -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
    return bits > RANDOM_BITS and any(c.isdigit() for c in text) and any(c.isalpha() for c in text)


def secrets_in(text):
    found = [match[0][:12] for match in KNOWN.finditer(text)]
    found += [value[:8] for value in ASSIGNED.findall(text) if is_random(value)]
    passwords = [(password, host) for password, host in ADDRESS.findall(text)]
    return found + [f"…@{host}" for password, host in passwords if not is_sample(password, host)]


def is_sample(password, host):
    return password.lower() in SAMPLES or host.endswith((".example", "127.0.0.1", "localhost"))


GIT = ("git", "-c", "safe.directory=*")  # whoever owns the clone


def tracked():
    listed = subprocess.run(
        [*GIT, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    return [ROOT / name for name in listed.split("\0") if name]


def is_a_clone():
    return shutil.which("git") is not None and (ROOT / ".git").exists()


class TestTheRepository:
    __test__ = is_a_clone()  # an unpacked archive has no history, and may hold files of its own

    @pytest.mark.claim(82)
    def test_no_file_holds_a_secret(self):
        found = {}
        for file in tracked():
            if file.is_file() and (
                secrets := secrets_in(file.read_bytes().decode(errors="ignore"))
            ):
                found[str(file.relative_to(ROOT))] = secrets
        assert found == {}

    @pytest.mark.claim(82)
    def test_no_commit_held_one(self):
        history = subprocess.run(
            [*GIT, "log", "-p", "-U0", "--no-color", "--no-ext-diff", "--format=%H"],
            cwd=ROOT, capture_output=True, check=True,
        ).stdout.decode(errors="ignore")  # fmt: skip
        assert secrets_in("\n".join(line for line in history.splitlines() if line[:1] == "+")) == []

    def test_settings_of_a_machine_are_not_kept(self):
        assert not [file for file in tracked() if file.name == ".env"]


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "sk-proj-" + "a1B2" * 10,
        "ghp_" + "a1B2" * 9,
        "SECRET_KEY = '" + "x9$kQ2!vB7#mZ4@pL1^wR8" + "'",
        '"api_key": "' + "9fK3jd82LmQ0xTz6VbN1" + '"',
        "postgres://eduhu:" + "hunter2@db.school.de/eduhu",
    ],
)
def test_what_looks_like_a_secret_is_found(text):
    assert secrets_in(text)


@pytest.mark.parametrize(
    "text", ["SECRET_KEY = env.str('SECRET_KEY')", "postgres://eduhu:password@localhost:5432/eduhu"]
)
def test_what_is_none_is_left_alone(text):
    assert secrets_in(text) == []

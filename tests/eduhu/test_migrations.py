"""Migrations hurt nobody: a linter says so of each, and a rehearsal under traffic of some."""

import pytest
from django.apps import apps
from django.conf import settings
from django_migration_linter import MigrationLinter

from benchmarks.migrations import NEXT, rehearse
from tests.processes import ROOT

pytestmark = pytest.mark.services


def own_apps():
    """The labels of our apps that have tables."""
    configs = [each for each in apps.get_app_configs() if each.models]
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    return [each.label for each in configs if each.name.partition(".")[0] in packages]


def linted(**options):
    linter = MigrationLinter(
        str(ROOT), no_cache=True, all_warnings_as_errors=True, no_output=True, **options
    )
    linter.lint_all_migrations()
    return linter


@pytest.mark.django_db(transaction=True)  # some migrations refuse to be in one
@pytest.mark.claim(117)
def test_every_migration_of_ours_is_safe_for_the_code_before_it():
    linter = linted(include_apps=own_apps())
    assert {"chats", "teachers", "artifacts", "cache", "mirror"} <= set(own_apps())
    assert linter.nb_valid >= len(own_apps())
    assert not linter.has_errors


@pytest.mark.django_db(transaction=True)  # some migrations refuse to be in one
def test_the_linter_would_tell():
    # Of knox, a migration of 2019 dropped a column that code before it reads.
    assert linted(include_apps=["knox"]).has_errors


@pytest.mark.timeout(300)  # five times `migrate`, while the machine is busy
@pytest.mark.claim(117)
def test_the_schema_changes_and_changes_back_while_teachers_work(cluster):
    assert not cluster.is_embedded
    assert "lock_timeout" in settings.DATABASES["default"]["OPTIONS"]["options"]
    tokens = [cluster.tokens.pop()[0] for _ in range(2)]
    found = rehearse(cluster, tokens, NEXT[-1:])
    assert set(found["traffic"]["requests"]) == {"2xx"}
    assert found["traffic"]["requests"]["2xx"] > 100
    assert found["equal_after_forward"]
    assert found["equal_after_all"]
    assert found["as_before"]
    assert found["lost"] == 0
    assert found["steps"]["to 9004_rule"]["attempts"] > 1  # its lock was not to be had at once

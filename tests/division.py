"""pytest plugin (`-p tests.division`): which tests run on which stack.

`dev.py test` proves everything once, in less than five minutes: on the embedded default
all but what stands in HARDER; on PostgreSQL and Redis that, what is marked `services`, and
once more what may turn out otherwise there, which stands in BOTH. So a new file runs on the
embedded default. One about SQL, locks, Redis or several processes belongs into BOTH.

With `TEST_STACKS=both`, as in `.ci/run`, and where somebody chose tests, each stack has all
tests but those that it cannot run: see `can_run_on_services`.
"""

import os
from pathlib import Path

import pytest

from tests.processes import ROOT

# Beginnings of the paths of files. What they test rests on the database, on Redis, or on
# how many processes there are.
BOTH = (
    "tests/artifacts/test_artifacts_api.py",
    "tests/artifacts/test_insights.py",
    "tests/artifacts/test_library.py",
    "tests/artifacts/test_long_exports.py",
    "tests/artifacts/test_long_files.py",
    "tests/artifacts/test_recommendation_",
    "tests/artifacts/test_rows.py",
    "tests/artifacts/test_search.py",
    "tests/artifacts/test_sharing.py",
    "tests/artifacts/test_staff_numbers.py",
    "tests/artifacts/test_versions.py",
    "tests/artifacts/test_weeks.py",
    "tests/cache/test_coroutines.py",
    "tests/cache/test_invalidation.py",
    "tests/cache/test_lives.py",
    "tests/cache/test_processes.py",
    "tests/cache/test_reads.py",
    "tests/cache/test_tiers.py",
    "tests/cache/test_warming",
    "tests/chats/test_analytics.py",
    "tests/chats/test_chats_api.py",
    "tests/chats/test_feedback.py",
    "tests/chats/test_message_count.py",
    "tests/chats/test_messages_api.py",
    "tests/chats/test_replies_",
    "tests/chats/test_rows.py",
    "tests/chats/test_socket_chat.py",
    "tests/chats/test_socket_events.py",
    "tests/chats/test_stream_again.py",
    "tests/chats/test_stream_limits.py",
    "tests/chats/test_stream_reply.py",
    "tests/chats/test_stream_resume.py",
    "tests/chats/test_stream_rows.py",
    "tests/chats/test_tagging_failures.py",
    "tests/chats/test_tagging_work.py",
    "tests/chats/test_usage.py",
    "tests/eduhu/test_columns.py",
    "tests/eduhu/test_compiled.py",
    "tests/eduhu/test_drain.py",
    "tests/eduhu/test_environments.py",
    "tests/eduhu/test_events.py",
    "tests/eduhu/test_limits.py",
    "tests/eduhu/test_live_reads.py",
    "tests/eduhu/test_migrations.py",
    "tests/eduhu/test_named_queries.py",
    "tests/eduhu/test_query_cap.py",
    "tests/eduhu/test_query_plans.py",
    "tests/eduhu/test_request_path.py",
    "tests/eduhu/test_seed_load.py",
    "tests/mirror/test_capture.py",
    "tests/mirror/test_drain.py",
    "tests/mirror/test_export.py",
    "tests/mirror/test_import.py",
    "tests/mirror/test_outbox_plans.py",
    "tests/mirror/test_patrol.py",
    "tests/mirror/test_pause.py",
    "tests/mirror/test_reconcile.py",
    "tests/mirror/test_status.py",
    "tests/monitoring/test_alert_rules.py",
    "tests/monitoring/test_alert_watch.py",
    "tests/monitoring/test_dashboard.py",
    "tests/monitoring/test_failed_tasks.py",
    "tests/monitoring/test_health.py",
    "tests/monitoring/test_log_page.py",
    "tests/monitoring/test_metrics.py",
    "tests/monitoring/test_metrics_live.py",
    "tests/monitoring/test_running.py",
    "tests/monitoring/test_schedule.py",
    "tests/switches/",
    "tests/teachers/test_idempotency.py",
    "tests/teachers/test_preferences_api.py",
    "tests/teachers/test_rows.py",
    "tests/teachers/test_sign_in_limit.py",
    "tests/teachers/test_tokens.py",
)

# PostgreSQL and Redis are the harder stage for these, and one stage is enough.
HARDER = (
    "tests/chats/test_bad_input.py",
    "tests/chats/test_stream_idempotency.py",
    "tests/eduhu/test_canary.py",
    "tests/eduhu/test_isolation.py",
    "tests/eduhu/test_private_names.py",
    "tests/eduhu/test_schema_fuzz.py",
    "tests/mirror/test_import_killed.py",
    "tests/mirror/test_import_live.py",
    "tests/mirror/test_processes.py",
    "tests/monitoring/test_probes.py",
    "tests/teachers/test_forged_addresses.py",
)

# They are about SQLite, or about what starts everything else, and say it with their own stack.
EMBEDDED = ("tests/eduhu/test_sqlite_", "tests/tooling/")


def part() -> str:
    """Return which part of a divided suite runs here: `embedded`, `services`, or none."""
    return os.environ.get("EDUHU_TEST_PART", "")


def has_tests(part: str, name: str, text: str) -> bool:
    """Whether the file `name` with the content `text` has tests for this part of the suite."""
    if part == "embedded":
        return not name.startswith(HARDER)
    if part == "services":
        return name.startswith(BOTH + HARDER) or "mark.services" in text
    return True


def is_here(part: str, item: pytest.Item) -> bool:
    """Whether a test of a file with tests for this part is one of them."""
    if part != "services":
        return True
    return item.nodeid.startswith(BOTH + HARDER) or item.get_closest_marker("services") is not None


def can_run_on_services(item: pytest.Item) -> bool:
    """Whether a test can say anything about PostgreSQL and Redis."""
    own_stack = "embedded" in getattr(item, "fixturenames", ())
    return not own_stack and not item.nodeid.startswith(EMBEDDED)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Do not even import what runs elsewhere."""
    if not collection_path.name.startswith("test_") or not collection_path.is_relative_to(ROOT):
        return None
    name = collection_path.relative_to(ROOT).as_posix()
    return None if has_tests(part(), name, collection_path.read_text()) else True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what runs elsewhere."""
    on_services = bool(os.environ.get("DATABASE_URL"))
    elsewhere = [
        each
        for each in items
        if not is_here(part(), each) or (on_services and not can_run_on_services(each))
    ]
    config.hook.pytest_deselected(items=elsewhere)
    left_out = set(elsewhere)
    items[:] = [each for each in items if each not in left_out]

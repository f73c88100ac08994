"""pytest plugin (`-p tests.strict`): a skipped test fails the run, and is named."""

import pytest


class Skips:
    """Remembers what was skipped; expected failures are no skips."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self.found.append(describe(report))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.found.append(describe(report))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.found and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.found:
            terminalreporter.section("skipped, although everything must run here")
            for line in sorted(set(self.found)):
                terminalreporter.write_line(line)


def describe(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return the test's id and the reason of its skip."""
    longrepr = report.longrepr
    reason = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
    return f"{report.nodeid}: {reason}"


def pytest_configure(config: pytest.Config) -> None:
    """Watch in the controller only; workers report to it."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Skips())

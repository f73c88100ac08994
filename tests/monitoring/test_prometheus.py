"""What deploy/monitoring gives to Prometheus and Grafana: promtool agrees, and it is complete."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

from tests.monitoring.prometheus import DASHBOARDS, FOLDER, panels
from tests.processes import ROOT


def promtool(*arguments):
    done = subprocess.run(
        ["promtool", *arguments], cwd=FOLDER / "prometheus", capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("promtool"), reason="needs Prometheus")
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "rules/eduhu.yml"),
        ("test", "rules", "tests/eduhu.yml"),
    ],
    ids=" ".join,
)
def test_promtool_is_content(arguments):
    promtool(*arguments)


def rules():
    groups = yaml.safe_load((FOLDER / "prometheus" / "rules" / "eduhu.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_every_alert_has_a_runbook_and_a_test():
    alerts = {rule["alert"]: rule for rule in rules() if "alert" in rule}
    tests = yaml.safe_load((FOLDER / "prometheus" / "tests" / "eduhu.yml").read_text())["tests"]
    tried = {
        case["alertname"]
        for test in tests
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }
    assert tried == set(alerts)
    for alert in alerts.values():
        assert alert["annotations"]["runbook"].startswith("docs/operations.md#")
        assert alert["labels"]["severity"] in {"warning", "critical"}


def test_dashboards_are_provisioned_with_the_source_they_ask():
    [source] = yaml.safe_load(
        (FOLDER / "grafana/provisioning/datasources/prometheus.yml").read_text()
    )["datasources"]
    for file in DASHBOARDS:
        dashboard = json.loads(file.read_text())
        asked = {panel["datasource"]["uid"] for panel in dashboard["panels"]}
        assert asked == {source["uid"]}
        assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_panels_and_rules_ask_only_for_documented_metrics():
    documented = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "operations.md").read_text()))
    expressions = [expression for *_, expression in panels()] + [rule["expr"] for rule in rules()]
    for name in {name for each in expressions for name in re.findall(r"eduhu_(\w+)", each)}:
        assert documented & {name, re.sub(r"_(count|sum|bucket)$", "", name)}, name

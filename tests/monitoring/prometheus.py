"""A real Prometheus, and what deploy/monitoring asks it."""

import json
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import yaml

from tests.processes import ROOT, tied_to_parent
from tests.services import free_port

FOLDER = ROOT / "deploy" / "monitoring"
DASHBOARDS = sorted((FOLDER / "grafana" / "dashboards").glob("*.json"))
INTERVAL = "1s"


def panels():
    """Return a line for each query of each panel."""
    return [
        (dashboard["title"], panel["title"], target["expr"])
        for dashboard in (json.loads(file.read_text()) for file in DASHBOARDS)
        for panel in dashboard["panels"]
        for target in panel["targets"]
    ]


class Prometheus:
    """A real one that reads the metrics of one process, with our rules."""

    def __init__(self, folder, target):
        self.url = f"http://127.0.0.1:{free_port()}"
        self.folder = folder
        config = yaml.safe_load((FOLDER / "prometheus" / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL}
        config["rule_files"] = [str(FOLDER / "prometheus" / "rules" / "*.yml")]
        config["scrape_configs"][0]["static_configs"] = [{"targets": [target]}]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))

    def __enter__(self):
        command = [
            "prometheus", f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'data'}", "--log.level=warn",
            f"--web.listen-address={self.url.removeprefix('http://')}",
        ]  # fmt: skip
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, preexec_fn=tied_to_parent(signal.SIGKILL)
            )
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def ask(self, path, **parameters):
        """Return the data of an answer; nothing while it starts."""
        assert self.process.poll() is None, (self.folder / "log").read_text()
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return json.loads(answer.read())["data"]
        except urllib.error.HTTPError as error:
            if error.code == 503:
                return {}
            raise AssertionError(error.read().decode()) from error
        except OSError:
            return {}

    def numbers(self, expression):
        """Return the numbers that a query of a panel gives now."""
        query = expression.replace("$__rate_interval", "1m")
        found = self.ask("query", query=query).get("result", [])
        values = [float(each["value"][1]) for each in found]
        return [value for value in values if value == value]  # without NaN

"""The report of a run: what was done on which machine, and what was found."""

import json
import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parent.parent / "results"
PACKAGES = ("Django", "channels", "daphne", "aiohttp", "redis", "psycopg", "websockets")


def machine() -> dict[str, Any]:
    """Return the facts that figures depend on."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(pages / 1e9, 1),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def versions(cluster: Any) -> dict[str, str]:
    """Return the versions of what took part."""
    found = {name: version(name) for name in PACKAGES}
    if cluster.postgres is not None:
        found["PostgreSQL"] = _asked(cluster.postgres.binaries / "postgres")
        found["Redis server"] = _asked(cluster.redis.binary)
    return found


def _asked(program: Path) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    words = done.stdout.replace("v=", "").split()
    return next((word for word in words if word[:1].isdigit()), "unknown")


def write(runs: list[dict[str, Any]], seed: int, packages: dict[str, str]) -> Path:
    """Write `faults.json` and return where it is."""
    report = {
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seed": seed,
        "machine": machine(),
        "versions": packages,
        "passed": all(not run["failures"] for run in runs),
        "runs": runs,
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "faults.json"
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    return path

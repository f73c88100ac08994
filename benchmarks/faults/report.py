"""The report of a run: what was done on which machine, and what was found."""

import json
import os
import platform
import subprocess
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


def write(runs: list[dict[str, Any]], packages: dict[str, str]) -> Path:
    """Write `faults.json` and return where it is.

    What an earlier run found of other scenarios stays there.
    """
    path = RESULTS / "faults.json"
    fresh = {run["scenario"] for run in runs}
    earlier = json.loads(path.read_text()) if path.exists() else {}
    kept = [run for run in earlier.get("runs", []) if run["scenario"] not in fresh]
    everything = [*kept, *runs]
    report = {
        "machine": machine(),
        "versions": {**earlier.get("versions", {}), **packages},
        "passed": all(not run["failures"] for run in everything),
        "runs": everything,
    }
    RESULTS.mkdir(exist_ok=True)
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n")
    return path

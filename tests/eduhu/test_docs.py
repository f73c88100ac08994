"""The documents are true: settings, commands, files, links, frames, and the walk with curl."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.claims import HIGHEST
from tests.processes import ROOT
from tests.stack import embedded_environment

DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]+")
DUMP = """
import json, eduhu.settings as s
plain = {n: v for n, v in vars(s).items() if n.isupper() and type(v) in (str, int, float, bool)}
print(json.dumps({**plain, "LISTS": [s.AI_MODELS, s.ALLOWED_HOSTS, s.CORS_ALLOWED_ORIGINS],
                  "DATABASE": s.DATABASES["default"]["NAME"], "TOKENS": str(s.REST_KNOX)}))
"""


def name_of(path):
    return str(path.relative_to(ROOT))


def example() -> dict[str, str]:
    """The variables of `.env.example` and the defaults it names."""
    text = (ROOT / ".env.example").read_text()
    return dict(re.findall(r"^# ([A-Z][A-Z0-9_]+)=(.*)$", text, re.MULTILINE))


def fenced(path: Path, language: str = "") -> list[str]:
    """The blocks of code in a document."""
    blocks = path.read_text().split("```")[1::2]
    return [block.partition("\n")[2] for block in blocks if block.partition("\n")[0] == language]


def is_environment(node: ast.expr) -> bool:
    """Whether code reads its variables from `node`: `env`, `os.environ`, or a method of theirs."""
    while isinstance(node, ast.Attribute):
        if node.attr == "environ":
            return True
        node = node.value
    return isinstance(node, ast.Name) and node.id == "env"


def variables_read(file: str) -> dict[str, ast.expr | None]:
    """The variables that a file reads, with the code of their defaults."""
    found: dict[str, ast.expr | None] = {}
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        keys: list[ast.expr] = []
        if isinstance(node, ast.Call) and is_environment(node.func):
            keys = node.args
        elif isinstance(node, ast.Subscript) and is_environment(node.value):
            keys = [node.slice]
        match keys:
            case [ast.Constant(value=str(name)), *rest] if VARIABLE.fullmatch(name):
                found[name] = found.get(name) or (rest[0] if rest else None)
    return found


def as_written(value: object) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def test_each_variable_of_the_code_is_in_the_example_and_no_other():
    read = {*variables_read("eduhu/settings.py"), *variables_read("dev.py")}
    assert {"DATABASE_URL", "EDUHU_ENV", "PORT"} <= read
    assert set(example()) == read


def test_the_example_names_the_defaults_of_the_settings():
    wrong = {}
    for name, default in variables_read("eduhu/settings.py").items():
        try:
            value = as_written(ast.literal_eval(default)) if default else ""
        except ValueError:
            continue  # computed; what it gives is compared below
        if example()[name] != value:
            wrong[name] = (example()[name], value)
    assert wrong == {}


def test_the_whole_example_uncommented_changes_nothing(tmp_path):
    file = tmp_path / "example.env"
    lines = re.sub(r"^# (?=[A-Z][A-Z0-9_]+=)", "", (ROOT / ".env.example").read_text(), flags=re.M)
    file.write_text(lines)
    # Its model is that of a real service.
    bare = {**embedded_environment(str(tmp_path)), "AI_MODEL": "template"}
    dumps = [
        json.loads(subprocess.check_output([sys.executable, "-c", DUMP], cwd=ROOT, env=env))
        for env in (bare, {**bare, "EDUHU_ENV_FILE": str(file)})
    ]
    assert dumps[0] == dumps[1]


def test_variables_that_the_readme_sets_exist():
    text = "".join(fenced(ROOT / "README.md"))
    named = set(re.findall(r"^([A-Z_]+)=", text, re.MULTILINE))
    assert {"AI_BASE_URL", "DATABASE_URL"} <= named <= set(example())


def test_commands_that_the_documents_name_exist():
    text = "".join(path.read_text() for path in DOCUMENTS)
    named = set(re.findall(r"manage\.py (\w+)", text))
    assert {"serve", "migrate"} <= named <= set(get_commands())


def test_files_that_the_architecture_names_exist():
    text = (ROOT / "docs" / "architecture.md").read_text()
    tree = text.split("## Where things live")[1].split("```")[1]
    folder, missing = ROOT, []
    for line in filter(None, tree.splitlines()):
        if not line.startswith(" "):
            folder = ROOT / line.split()[0]
            missing += [] if folder.is_dir() else [line]
        named = re.findall(r"(?<![\w/])(\w+(?:\.py|/))", line if line.startswith(" ") else "")
        missing += [name for name in named if not (folder / name).exists()]
    assert missing == []


def anchors(path: Path) -> set[str]:
    """The headings of a document as GitHub links to them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(path):
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        name, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", name):
            continue
        file = path.parent / name if name else path
        if not file.exists() or (anchor and anchor not in anchors(file)):
            dead.append(target)
    assert dead == []


def test_promises_are_numbered_once_each():
    text = (ROOT / "docs" / "promises.md").read_text()
    rows = re.findall(r"^\| (\d+) \|", text, re.MULTILINE)
    assert [int(number) for number in rows] == list(range(1, HIGHEST + 1))


def test_claims_of_the_tests_are_promises():
    wrong = []
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.claim":
                # A number that is computed is judged when its test is collected.
                numbers = [each.value for each in node.args if isinstance(each, ast.Constant)]
                known = all(number in range(1, HIGHEST + 1) for number in numbers)
                wrong += [] if node.args and known else [f"{name_of(path)}:{node.lineno}"]
    assert wrong == []


@pytest.fixture(scope="module")
def walk(live_eduhu):
    """What the commands of the README print, run as written against a real server."""
    if not (shutil.which("curl") and shutil.which("bash")):
        pytest.skip("needs curl and bash")
    [block] = fenced(ROOT / "README.md", "bash")
    script = block.replace("http://127.0.0.1:8000", live_eduhu)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={**os.environ, "no_proxy": "*"}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def frames(text: str) -> list[dict]:
    return [json.loads(line) for line in re.findall(r"^data: (.*)$", text, re.MULTILINE)]


@pytest.mark.claim(76)
def test_the_walk_with_curl_works_as_written(walk):
    before, stream, after = re.split(r"(?s)((?:id: \d+\n)?data: .*data: \{[^\n]*\n\n)", walk)
    assert json.loads(before)["results"]
    kinds = [frame["type"] for frame in frames(stream)]
    assert kinds == ["meta", *["content"] * (len(kinds) - 2), "done"]
    assert len(kinds) > 10

    messages, end = json.JSONDecoder().raw_decode(after)
    answer = "".join(frame.get("content", "") for frame in frames(stream))
    assert [row["role"] for row in messages["results"]] == ["user", "assistant"]
    assert messages["results"][1]["content"] == answer

    chat, length = json.JSONDecoder().raw_decode(after[end:].lstrip())
    assert chat["is_archived"]
    archived = json.loads(after[end:].lstrip()[length:])
    assert chat["id"] == archived["results"][0]["id"] == frames(stream)[0]["chat_id"]


def test_documented_frames_have_the_members_of_real_ones(walk):
    [block] = [b for b in fenced(ROOT / "docs" / "architecture.md") if b.startswith("data: ")]
    documented = {(frame["type"], *frame) for frame in frames(block)}
    assert documented == {(frame["type"], *frame) for frame in frames(walk)}

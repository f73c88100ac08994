"""Backups as InstantDB makes them, put together by hand."""

import io
import json
import uuid
import zipfile
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path

from django.core.management import CommandError, call_command

CREATED = 1_734_530_360_391
ANNA = "0a000000-0000-4000-8000-000000000001"
BEN = "0b000000-0000-4000-8000-000000000002"
CHAT = "c0000000-0000-4000-8000-000000000001"
QUESTION = "d0000000-0000-4000-8000-000000000001"
ANSWER = "d0000000-0000-4000-8000-000000000002"
SHEET = "a0000000-0000-4000-8000-000000000001"
WISHES = "e0000000-0000-4000-8000-000000000001"


def new_uuid():
    return str(uuid.uuid4())


def user(user_id=ANNA, email="anna@eduhu.example", **values):
    return {"id": user_id, "email": email, "type": "user", **values}


def chat(**values):
    return {
        "id": CHAT, "teacher_id": ANNA, "title": "Brüche 🍕", "created_at": 1_750_000_000_123,
        "updated_at": 1_750_000_500_000, "topic_category": None, "message_count": 2,
        "is_archived": True, "mirror_rev": 7, **values,
    }  # fmt: skip


def message(**values):
    return {
        "id": QUESTION, "chat_id": CHAT, "teacher_id": ANNA, "content": "Was ist ½?", "role": "user",
        "timestamp": 1_750_000_000_500, "content_type": "text", "token_count": 3,
        "response_time_ms": None, "educational_topics": ["fractions"], **values,
    }  # fmt: skip


def answer(**values):
    changes = {
        "id": ANSWER,
        "role": "assistant",
        "content": "Die Hälfte.",
        "timestamp": 1_750_000_400_000,
    }
    return message(**{**changes, **values})


def artifact(**values):
    return {
        "id": SHEET, "chat_id": CHAT, "message_id": ANSWER, "teacher_id": ANNA, "title": "Blatt",
        "content": "1/2", "artifact_type": "worksheet", "created_at": 1_750_000_450_000, **values,
    }  # fmt: skip


def preferences(**values):
    return {
        "id": WISHES, "teacher_id": ANNA, "grade_level": "6", "subject_areas": ["Mathe"],
        "ai_model_preference": None, "notification_settings": {"email": False},
        "updated_at": 1_750_000_100_000, **values,
    }  # fmt: skip


def whole(**changes):
    """The rows of a small app, by namespace."""
    return {
        "$users": [user()],
        "chats": [chat()],
        "messages": [message(), answer()],
        "artifacts": [artifact()],
        "teacher_preferences": [preferences()],
        **changes,
    }


def link(on, label, target, reverse_label, *, has="one", reverse_has="many"):
    """A link of the schema, held by `on`."""
    return {
        "forward": {"on": on, "label": label, "has": has},
        "reverse": {"on": target, "label": reverse_label, "has": reverse_has},
    }


def parts(rows, *, links=(), created_at=CREATED, **changes):
    """The parts of a backup by name; `changes` are made to config.json."""
    lists = {
        (each["forward"]["on"], each["forward"]["label"])
        for each in links
        if each["forward"]["has"] == "many"
    }
    held = {(each["forward"]["on"], each["forward"]["label"]) for each in links}
    attributes = {
        namespace: sorted(
            {
                label
                for row in of
                for label in row
                if label != "id" and (namespace, label) not in held
            }
        )
        for namespace, of in rows.items()
    }
    untyped = {"valueType": "any", "config": {"unique": False, "indexed": False}}
    config = {
        "counts": {namespace: len(of) for namespace, of in rows.items()},
        "tripleCount": sum(
            len(value) if (namespace, label) in lists else 1
            for namespace, of in rows.items() for row in of for label, value in row.items()
        ),
        "schema": {
            "entities": {n: {"attrs": dict.fromkeys(labels, untyped)} for n, labels in attributes.items()},
            "links": {f"link{number}": each for number, each in enumerate(links)},
        },
        "rules": None, "webhooks": [], "emailTemplates": [], "title": "eduhu", "appId": new_uuid(),
        "backupAt": "2026-08-20T03:00:00Z", "isn": None, "description": "Automated Daily Snapshot",
        **changes,
    }  # fmt: skip
    lines = {
        f"entities/{namespace}.jsonl": "".join(
            json.dumps({"entity": row, "createdAt": created_at}, ensure_ascii=False) + "\n"
            for row in of
        ).encode()
        for namespace, of in rows.items()
    }
    return {"config.json": json.dumps(config).encode(), **lines}


def write_zip(path, named):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in named.items():
            archive.writestr(name, content)
    return path


def write_folder(path, named):
    for name, content in named.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


@dataclass(frozen=True)
class Ran:
    """What a command printed, and how it ended."""

    output: str
    code: int
    error: str


def run(command, *arguments, **options):
    out, err = io.StringIO(), io.StringIO()
    try:
        with redirect_stderr(err):
            call_command(command, *map(str, arguments), stdout=out, stderr=err, **options)
    except CommandError as error:
        return Ran(out.getvalue(), error.returncode, str(error))
    return Ran(out.getvalue(), 0, "")


def import_rows(tmp_path: Path, rows, *arguments, links=(), **changes):
    """Import a backup of these rows, and read its report."""
    path = write_zip(tmp_path / f"{new_uuid()}.zip", parts(rows, links=links, **changes))
    report = tmp_path / f"{new_uuid()}.jsonl"
    ran = run("instant_import", path, "--report", report, *arguments)
    lines = (
        [json.loads(line) for line in report.read_text().splitlines()] if report.exists() else []
    )
    return ran, [(line["namespace"], line["outcome"], line["id"], line["reason"]) for line in lines]

"""Documents for properties: any that the schema of a kind allows, and whose sums are set right."""

from hypothesis import strategies as st

from artifacts.kinds import KINDS

# Few letters and many traps: what formats escape, what fonts lack, what sorts oddly.
LETTERS = st.sampled_from(
    [*"aäßЖłé漢0 1.,-–_*#|<>&\"'`~=:{}()[]\\/%$@+!?^;", "👩🏽‍🏫", "\n", "1. ", "- ", "# "]
)
VISIBLE = st.sampled_from(list("aÄßЖ9*#|<&{=~"))


def texts(schema):
    size = min(schema.get("maxLength", 40), 12)
    body = st.lists(LETTERS, max_size=size).map("".join)
    return st.tuples(VISIBLE, body).map(lambda parts: "".join(parts).rstrip())


def from_schema(schema):
    """A strategy for our own small vocabulary of JSON schemas."""
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "allOf" in schema:
        return st.one_of([from_schema(case["then"]) for case in schema["allOf"]])
    match schema["type"]:
        case "object":
            members = {name: from_schema(each) for name, each in schema["properties"].items()}
            required = {name: members.pop(name) for name in schema["required"]}
            return st.fixed_dictionaries(required, optional=members)
        case "array":
            low = schema["minItems"]
            high = min(schema["maxItems"], low + 2)
            return st.lists(from_schema(schema["items"]), min_size=low, max_size=high)
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema["minimum"], min(schema["maximum"], 60))
        case "number":
            return st.integers(0, 40).map(lambda halves: halves / 2)
    if schema.get("pattern", r"\S") != r"\S":
        return st.sampled_from([f"part-{number}" for number in range(20)])
    return texts(schema)


def documents(kind):
    return from_schema(KINDS[kind].schema).map(lambda document: settled(kind, document))


def settled(kind, document):
    """Set right what a schema cannot say: ids, sums, order, references."""
    for parts in ("tasks", "questions", "riddles", "cards", "roles", "criteria", "solutions"):
        for number, part in enumerate(document.get(parts, ())):
            if isinstance(part, dict):
                part["id"] = f"{parts}-{number}"
    settle = SETTLE.get(kind)
    if settle:
        settle(document)
    for parts, member, total in SUMS:
        if parts in document and total in document:
            share_out(document[parts], member, document, total)
    if "grade_key" in document:
        total = document["total_points"]
        key = document["grade_key"]
        for number, grade in enumerate(key):
            grade["from"] = 0 if number == len(key) - 1 else total - number / 2
        if total < len(key):
            document["grade_key"] = [{**key[0], "from": 0.5}, {**key[-1], "from": 0}]
    return document


SUMS = (
    ("phases", "minutes", "minutes"), ("steps", "minutes", "minutes"),
    ("tasks", "points", "total_points"), ("questions", "points", "total_points"),
)  # fmt: skip


def share_out(parts, member, document, total):
    if not isinstance(parts[0], dict):
        return
    if member == "minutes":
        parts[0][member] += max(0, 5 - sum(part[member] for part in parts))
    else:
        parts[0][member] += 1
        for part in parts:
            if "expectation" in part:
                part["expectation"] = [{"text": "ja", "points": part[member]}]
    document[total] = sum(part[member] for part in parts)


def settle_levels(document):
    for level, name in zip(document["levels"], ("basic", "middle", "advanced"), strict=True):
        level["name"] = name
        for number, task in enumerate(level["tasks"]):
            task.update(id=f"{name}-{number}", solution_id=document["solutions"][0]["id"])
    document["solutions"] = document["solutions"][:1]


def settle_rubric(document):
    for criterion in document["criteria"]:
        criterion["levels"] = [
            {"text": f"Stufe {number}", "points": 10 - number}
            for number in range(len(document["scale"]))
        ]
    document["total_points"] = 10 * len(document["criteria"])


def settle_quiz(document):
    for question in document["questions"]:
        match question["type"]:
            case "choice":
                question["options"][0]["correct"] = True
                number_texts(question["options"], "text")
            case "match":
                number_texts(question["pairs"], "left")
                number_texts(question["pairs"], "right")
            case "order":
                question["items"] = [f"{n} {each}" for n, each in enumerate(question["items"])]


def number_texts(parts, member):
    for number, part in enumerate(parts):
        part[member] = f"{number} {part[member]}"


SETTLE = {
    "differentiated": settle_levels, "rubric": settle_rubric, "quiz": settle_quiz,
}  # fmt: skip

"""The template assistant: what it understands, what adds up, and how it streams."""

import re
from itertools import product
from types import SimpleNamespace

import pytest

from chats.providers.base import (
    Finish,
    Prompt,
    PromptMessage,
    Provider,
    TeacherProfile,
    estimate_tokens,
)
from chats.providers.template import assistant as template
from chats.providers.template.assistant import (
    DEMO_LABEL_DE,
    DEMO_LABEL_EN,
    TemplateAssistant,
    compose,
)
from chats.providers.template.request import read_request
from chats.providers.template.shares import point_bands, share, share_minutes
from chats.providers.template.slots import SLOT_LENGTH, inline

PROFILE = TeacherProfile(language="de")
KINDS = {
    "lesson_plan": ("# Stundenverlaufsplan", "# Lesson plan"),
    "worksheet": ("# Arbeitsblatt", "# Worksheet"),
    "rubric": ("# Bewertungsraster", "# Rubric"),
    "activity": ("# Team-Quiz", "# Team quiz"),
    "parent_letter": ("Sehr geehrte Eltern", "Dear Parents and Carers"),
}


def asking(*turns: str, profile: TeacherProfile = PROFILE) -> Prompt:
    """A conversation of the teacher's turns, each but the last answered."""
    messages = [PromptMessage("system", "You help teachers. Erstelle ein Quiz.")]
    for turn in turns[:-1]:
        messages += [PromptMessage("user", turn), PromptMessage("assistant", "# Elternbrief")]
    messages += [PromptMessage("user", turn) for turn in turns[-1:]]
    return Prompt(tuple(messages), "template", profile)


# message, kind, language, subject, grade, topic, minutes
REQUESTS = [
    (
        "Erstelle einen Unterrichtsentwurf für Biologie, Klasse 8, zum Thema Photosynthese, 45 Minuten.",
        ("lesson_plan", "de", "Biologie", "Klasse 8", "Photosynthese", 45),
    ),
    (
        "Bitte plane eine Doppelstunde Mathe zu linearen Funktionen in der 8a",
        ("lesson_plan", "de", "Mathematik", "Klasse 8a", "linearen Funktionen", 90),
    ),
    (
        "Stundenverlauf Deutsch 7b Balladen",
        ("lesson_plan", "de", "Deutsch", "Klasse 7b", "Balladen", 45),
    ),
    (
        "Kannst du mir eine Stunde zum Thema Vulkane planen?",
        ("lesson_plan", "de", None, None, "Vulkane", 45),
    ),
    (
        "Thema: Optik\nKlasse: 8\nFach: Physik\nDauer: 60 Minuten\nStundenentwurf bitte",
        ("lesson_plan", "de", "Physik", "Klasse 8", "Optik", 60),
    ),
    (
        "Bitte einen Unterrichtsentwurf (2 Stunden) Ethik Q1 Thema Gerechtigkeit",
        ("lesson_plan", "de", "Ethik", "Q1", "Gerechtigkeit", 90),
    ),
    (
        "Vertretungsstunde Geographie Klasse 7, Thema Wüsten",
        ("lesson_plan", "de", "Geographie", "Klasse 7", "Wüsten", 45),
    ),
    ("Unterrichtsentwurf", ("lesson_plan", "de", None, None, None, 45)),
    (
        "Ich brauche ein Arbeitsblatt über Vulkane für die 5. Klasse Erdkunde",
        ("worksheet", "de", "Geographie", "Klasse 5", "Vulkane", 45),
    ),
    (
        "brauche ein arbeitsblatt zu brüchen klasse 6",
        ("worksheet", "de", None, "Klasse 6", "brüchen", 45),
    ),
    (
        "Mathearbeitsblatt zum Satz des Pythagoras, achte Klasse",
        ("worksheet", "de", "Mathematik", "Klasse 8", "Satz des Pythagoras", 45),
    ),
    (
        "Arbeitsblatt zum Thema Kinderarbeit in Indien mit Lösungen für meine Klasse.",
        ("worksheet", "de", None, None, "Kinderarbeit in Indien", 45),
    ),
    (
        "Klassenarbeit Mathematik Klasse 6: Brüche, Dezimalzahlen und Prozent, 60 min",
        ("worksheet", "de", "Mathematik", "Klasse 6", "Brüche, Dezimalzahlen und Prozent", 60),
    ),
    (
        "Klausur Pädagogik EF zu Erziehungsstilen, 90 min",
        ("worksheet", "de", "Pädagogik", "EF", "Erziehungsstilen", 90),
    ),
    (
        "Ich brauche morgen ein wunderbares Arbeitsblatt",
        ("worksheet", "de", None, None, None, 45),
    ),
    (
        "Arbeitsblatt zum Thema Geschichte des Fahrrads",
        ("worksheet", "de", None, None, "Geschichte des Fahrrads", 45),
    ),
    (
        "Bewertungsraster für ein Referat in Geschichte, Klasse 10",
        ("rubric", "de", "Geschichte", "Klasse 10", "Referat", 45),
    ),
    (
        "Erstelle ein Bewertungsraster für eine Gruppenarbeit",
        ("rubric", "de", None, None, "Gruppenarbeit", 45),
    ),
    ("Erwartungshorizont zur Gedichtanalyse", ("rubric", "de", None, None, "Gedichtanalyse", 45)),
    ("Quiz Photosynthese Klasse 7", ("activity", "de", None, "Klasse 7", "Photosynthese", 45)),
    (
        "Gruppenarbeit zum Thema „Die Weimarer Republik“ in Geschichte, Jahrgangsstufe 9, 90 Minuten",
        ("activity", "de", "Geschichte", "Klasse 9", "Die Weimarer Republik", 90),
    ),
    (
        "Rollenspiel über Klimaschutz, 30 Minuten, Politik Klasse 9",
        ("activity", "de", "Politik", "Klasse 9", "Klimaschutz", 30),
    ),
    (
        "Elternbrief zum Wandertag am 12. Mai, Klasse 6b",
        ("parent_letter", "de", None, "Klasse 6b", "Wandertag am 12. Mai", 45),
    ),
    ("Bitte einen Elternbrief wegen Läusen", ("parent_letter", "de", None, None, "Läusen", 45)),
    (
        "Einladung zum Elternabend am 3. Juni, Klasse 5a",
        ("parent_letter", "de", None, "Klasse 5a", "Elternabend am 3. Juni", 45),
    ),
    ("Hallo!", (None, "de", None, None, None, 45)),
    ("Was wissen Sie über Goethe?", (None, "de", None, None, "Goethe", 45)),
    (
        "Lesson plan on the water cycle for grade 5 science, 60 minutes",
        ("lesson_plan", "en", "Science", "Grade 5", "the water cycle", 60),
    ),
    (
        "Plan a 50-minute lesson about the Cold War for my Year 10 history class",
        ("lesson_plan", "en", "History", "Year 10", "the Cold War", 50),
    ),
    (
        "lesson plan photosynthesis grade 8",
        ("lesson_plan", "en", None, "Grade 8", "photosynthesis", 45),
    ),
    (
        "Please draft a double lesson on Macbeth in English for my 10a",
        ("lesson_plan", "en", None, "Class 10a", "Macbeth", 90),
    ),
    (
        "Create a worksheet about fractions, decimals and percentages for Year 7 maths",
        ("worksheet", "en", "Maths", "Year 7", "fractions, decimals and percentages", 45),
    ),
    (
        "class test on photosynthesis for sixth grade biology, half an hour",
        ("worksheet", "en", "Biology", "Grade 6", "photosynthesis", 30),
    ),
    (
        "Make a rubric for a presentation on climate change, grade 9",
        ("rubric", "en", None, "Grade 9", "climate change", 45),
    ),
    (
        "Design a quiz game on the French Revolution, 8th grade, 30 min",
        ("activity", "en", None, "Grade 8", "the French Revolution", 30),
    ),
    ("Group activity on teamwork for class 7", ("activity", "en", None, "Class 7", "teamwork", 45)),
    (
        "Write a letter to parents about the school trip to London on 12 May",
        ("parent_letter", "en", None, None, "the school trip to London on 12 May", 45),
    ),
    (
        "Please write a note home about sports day",
        ("parent_letter", "en", None, None, "sports day", 45),
    ),
    ("What can you do?", (None, "en", None, None, None, 45)),
]


@pytest.mark.parametrize(("message", "expected"), REQUESTS, ids=[row[0][:40] for row in REQUESTS])
def test_request_is_understood(message, expected):
    kind, language, subject, grade, topic, minutes = expected
    request = read_request(asking(message))
    assert (request.kind, request.language) == (kind, language)
    assert (request.subject, request.grade, request.topic) == (subject, grade, topic)
    assert request.minutes == minutes

    reply = compose(asking(message))
    assert reply.startswith(DEMO_LABEL_DE if language == "de" else DEMO_LABEL_EN)
    for known in (subject, grade, topic):
        assert known is None or kind in {None, "parent_letter"} or known in reply


FIRST = "Unterrichtsentwurf Biologie Klasse 8 zum Thema Photosynthese, 60 Minuten"
FOLLOW_UPS = [
    ("kürzer", ("lesson_plan", "Biologie", "Klasse 8", "Photosynthese", 60)),
    ("nochmal für Klasse 7", ("lesson_plan", "Biologie", "Klasse 7", "Photosynthese", 60)),
    ("bitte 90 Minuten", ("lesson_plan", "Biologie", "Klasse 8", "Photosynthese", 90)),
    ("lieber zum Thema Zellteilung", ("lesson_plan", "Biologie", "Klasse 8", "Zellteilung", 60)),
    ("mach daraus ein Arbeitsblatt", ("worksheet", "Biologie", "Klasse 8", "Photosynthese", 45)),
    ("Jetzt noch ein Quiz dazu", ("activity", "Biologie", "Klasse 8", "Photosynthese", 45)),
    ("Arbeitsblatt zum Thema Optik", ("worksheet", None, "Klasse 8", "Optik", 45)),
    ("Danke!", (None, None, None, None, 45)),
    ("Was ist eigentlich Osmose?", (None, None, None, None, 45)),
]


@pytest.mark.parametrize(("message", "expected"), FOLLOW_UPS, ids=[row[0] for row in FOLLOW_UPS])
def test_follow_up_takes_missing_slots_from_earlier_turns(message, expected):
    request = read_request(asking(FIRST, message))
    slots = (request.kind, request.subject, request.grade, request.topic, request.minutes)
    assert slots == expected


def test_answer_to_the_one_question_fills_the_topic():
    first = "Unterrichtsentwurf Biologie Klasse 8"
    assert compose(asking(first)).endswith("Zu welchem Thema soll die Stunde sein?")
    request = read_request(asking(first, "Photosynthese"))
    assert (request.kind, request.topic) == ("lesson_plan", "Photosynthese")
    assert read_request(asking(first, "Danke!")).kind is None


def test_shorter_reply_is_shorter_and_still_adds_up():
    for first, shorter in (
        (FIRST, "kürzer"),
        ("Worksheet on volcanoes", "shorter please"),
        ("Bewertungsraster für Referate", "kürzer"),
        ("Quiz on rivers", "shorter"),
        ("Elternbrief zum Wandertag", "kürzer"),
    ):
        assert len(compose(asking(first, shorter))) < len(compose(asking(first)))
    assert sum(minutes_in(compose(asking(FIRST, "kürzer")))) == 60


def test_language_wish_holds_for_the_turns_that_go_on_from_it():
    turns = ["Elternbrief zur Klassenfahrt", "auf Englisch bitte", "kürzer"]
    for end in (2, 3):
        assert compose(asking(*turns[:end])).startswith(DEMO_LABEL_EN)
    assert compose(asking(*turns, "Bitte noch ein Quiz dazu")).startswith(DEMO_LABEL_DE)


def test_profile_fills_what_the_message_leaves_open():
    profile = TeacherProfile("en", grade_level="9", subject_areas=("Mathematik", "Physik"))
    request = read_request(asking("Quiz", profile=profile))
    assert (request.language, request.grade) == ("en", "Class 9")
    assert request.subject == "Maths or Physics"

    request = read_request(asking("Quiz Chemie Klasse 7 bitte", profile=profile))
    assert (request.language, request.grade, request.subject) == ("de", "Klasse 7", "Chemie")


def minutes_in(reply: str) -> list[int]:
    return [int(found) for found in re.findall(r"^\| [^|]+ \| (\d+) min \|", reply, re.M)]


def test_minutes_of_every_table_add_up_for_every_duration():
    for minutes in range(5, 601):
        for message in (
            f"Unterrichtsentwurf zu Vulkanen, {minutes} Minuten",
            f"Quiz on rivers, {minutes} minutes",
            f"Gruppenarbeit zu Wüsten, {minutes} min",
            f"role play about the climate, {minutes} minutes",
        ):
            parts = minutes_in(compose(asking(message)))
            assert len(parts) >= 3, message
            assert min(parts) >= 1, message
            assert sum(parts) == minutes, message


@pytest.mark.parametrize("minutes", [0, 4, 601, 1000, 10**17])
def test_impossible_duration_is_said_and_replaced_by_45_minutes(minutes):
    reply = compose(asking(f"Unterrichtsentwurf zu Vulkanen, {minutes} Minuten"))
    assert f"Planbar sind 5 bis 600 Minuten (gewünscht: {minutes})" in reply
    assert sum(minutes_in(reply)) == 45
    reply = compose(asking(f"Lesson plan on volcanoes, {minutes} minutes"))
    assert f"5 to 600 minutes are possible (requested: {minutes})" in reply


def test_a_school_lesson_is_planned_in_steps_of_five():
    assert share_minutes(45, [1, 3, 2, 2, 1]) == [5, 15, 10, 10, 5]
    assert share_minutes(47, [1, 3, 2, 2, 1]) == [5, 17, 10, 10, 5]


def test_shares_that_cannot_be_whole_are_refused():
    with pytest.raises(ValueError, match="cannot be split"):
        share(2, [1, 1, 1])


def test_points_of_a_test_add_up_for_every_total_and_number_of_tasks():
    for points, tasks in product(range(15, 201), range(3, 11)):
        reply = compose(asking(f"Klassenarbeit zu Vulkanen, {points} Punkte, {tasks} Aufgaben"))
        found = re.findall(r"^## Aufgabe \d+ \(AFB (I+), (\d+) Punkte?\)", reply, re.M)
        assert len(found) == tasks
        assert sum(int(worth) for _, worth in found) == points
        for level, percent in (("I", 30), ("II", 40), ("III", 30)):
            worth = sum(int(worth) for name, worth in found if name == level)
            assert abs(worth - points * percent / 100) < 1


def test_points_of_a_rubric_add_up_and_fall_from_level_to_level():
    row = re.compile(
        r"^\| \*\*.+ \((\d+)\) \| .+ \((\d+)\) \| .+ \((\d+)\) \| .+ \((0)\) \| (\d+) \|$", re.M
    )
    for points in range(15, 201):
        rows = [
            [int(cell) for cell in cells]
            for cells in row.findall(compose(asking(f"Rubric for essays, {points} points")))
        ]
        assert len(rows) == 4
        assert sum(best for *_, best in rows) == points
        assert all(
            full == best and full > most > part > none for full, most, part, none, best in rows
        )


def test_grade_key_gives_every_point_exactly_one_grade():
    percents = (87, 73, 59, 45, 20)
    for points in range(15, 201):
        bands = point_bands(points, percents)
        covered = [point for low, high in reversed(bands) for point in range(low, high + 1)]
        assert covered == list(range(points + 1))
        for (low, _), percent in zip(bands, percents, strict=False):
            assert (low - 1) / points < percent / 100 <= low / points


def test_help_is_given_on_the_first_task_of_a_worksheet_but_not_in_a_test():
    worksheet = compose(asking("Arbeitsblatt zu Vulkanen"))
    assert worksheet.count("*Hilfe:") == 1
    assert (
        worksheet.index("## Aufgabe 1")
        < worksheet.index("*Hilfe:")
        < worksheet.index("## Aufgabe 2")
    )
    assert "Notenschlüssel" not in worksheet
    test = compose(asking("Klassenarbeit zu Vulkanen"))
    assert "*Hilfe:" not in test
    assert "## Notenschlüssel" in test


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_exists_in_both_languages(kind, language):
    words = {
        "de": {"lesson_plan": "Unterrichtsentwurf", "worksheet": "Arbeitsblatt",
               "rubric": "Bewertungsraster", "activity": "Lernspiel", "parent_letter": "Elternbrief"},
        "en": {"lesson_plan": "lesson plan", "worksheet": "worksheet",
               "rubric": "rubric", "activity": "game", "parent_letter": "parent letter"},
    }  # fmt: skip
    about = "zum Thema Kerzen" if language == "de" else "about candles"
    reply = compose(asking(f"{words[language][kind]} {about}"))
    assert KINDS[kind][language == "en"] in reply
    assert "{" not in reply
    for table in re.findall(r"(?:^\|.*\n?)+", reply, re.M):
        assert len({row.count("|") for row in table.strip().splitlines()}) == 1


def test_german_replies_address_the_teacher_formally():
    for message in ("Hallo", FIRST, "Arbeitsblatt", "Elternbrief", "Quiz", "Bewertungsraster"):
        assert not re.search(
            r"\b(?:du|dein\w*|dir|dich|euch|eure\w*)\b", compose(asking(message)), re.I
        )


def test_general_answer_asks_exactly_one_question():
    for message in ("Hallo", "Hello, can I ask about volcanoes?", "Was wissen Sie über Goethe?"):
        assert compose(asking(message)).count("?") == 1


def test_what_is_missing_is_asked_for_in_one_short_question_with_answers():
    reply = compose(asking("Ich brauche etwas zum Thema Brüche für die 6a"))
    label, question, choices = reply.split("\n\n")
    assert (label, question) == (DEMO_LABEL_DE, "Was soll ich Ihnen zu „Brüche“ entwerfen?")
    kinds = [line.removeprefix("- ") for line in choices.splitlines()]
    assert kinds == ["Unterrichtsentwurf", "Arbeitsblatt", "Bewertungsraster", "Aktivität"]
    for kind in kinds:
        answer = compose(asking("Ich brauche etwas zum Thema Brüche für die 6a", kind))
        assert "Klasse 6a" in answer
        assert "„Brüche“" in answer
        assert "?" not in answer.splitlines()[-1]


@pytest.mark.parametrize(
    ("message", "begins"),
    [
        ("Ich brauche schnell etwas zum Thema Brüche", "# Stundenverlaufsplan"),
        ("Something about fractions for grade 6, quickly please", "# Lesson plan"),
        ("Was weißt du über das Thema Brüche?", "Fachfragen kann ich"),
        ("Erkläre mir das Thema Brüche", "Fachfragen kann ich"),
    ],
)
def test_nobody_in_a_hurry_or_with_a_question_is_asked_back(message, begins):
    assert compose(asking(message)).split("\n\n")[1].startswith(begins)


def test_no_user_message_still_gets_a_helpful_answer():
    for prompt in (
        asking(),
        Prompt((), "template"),
        Prompt((PromptMessage("assistant", "Quiz?"),), "template", TeacherProfile("en")),
    ):
        reply = compose(prompt)
        assert reply.startswith((DEMO_LABEL_DE, DEMO_LABEL_EN))
        assert reply.endswith("?")


HOSTILE = [
    "",
    " \n\t\x00 ",
    "🌋🔥👩‍👩‍👧",
    "الماء في الطبيعة",
    "<script>alert(1)</script> <img src=x onerror=alert(1)>",
    "| a | b |\n| --- | --- |\n`rm -rf` **fett** [x](http://x.example) {topic} {0} %s \\",
    "\u202eabc\u2066",
    "\ud800",
    "x" * 100_000,
    "Thema: " * 14_000,
    "1" * 100_000,
    "quiz" * 25_000,
]


@pytest.mark.parametrize("topic", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("wish", ["Unterrichtsentwurf zum Thema {}", "quiz about {}", "{}"])
def test_hostile_input_breaks_neither_the_reply_nor_its_tables(wish, topic):
    reply = compose(asking(wish.format(topic), FIRST, wish.format(topic)))
    assert reply.startswith((DEMO_LABEL_DE, DEMO_LABEL_EN))
    assert "\x00" not in reply
    assert "\u202e" not in reply
    assert not re.search(r"(?<!\\)<(?:script|img)", reply)
    for table in re.findall(r"(?:^\|.*\n?)+", reply, re.M):
        assert len({row.count("|") for row in table.strip().splitlines()}) == 1
    assert len(reply) < 10_000


def test_slots_are_made_safe_and_bounded():
    assert inline("Brüche & Prozente: 50 %") == "Brüche & Prozente: 50 %"
    assert inline("a|b\n`c`\td") == "a b c d"
    assert inline("<b>*x*") == "\\<b>\\*x\\*"
    assert len(inline("w" * 500)) == SLOT_LENGTH
    assert inline("w" * 500).endswith("…")


def test_only_the_beginning_of_a_long_message_is_read():
    pasted = "Lorem ipsum. " * 8_000
    assert read_request(asking(f"Arbeitsblatt zum Thema Vulkane. {pasted}")).topic == "Vulkane"
    assert read_request(asking(f"{pasted} Arbeitsblatt zum Thema Vulkane.")).kind is None


def test_same_prompt_gives_the_same_text():
    for message, _ in REQUESTS:
        assert compose(asking(message)) == compose(asking(message))


async def received(assistant: Provider, prompt: Prompt) -> list[str | Finish]:
    return [piece async for piece in assistant.stream(prompt)]


async def test_stream_yields_words_and_ends_with_marked_estimates():
    prompt = asking(FIRST)
    *words, finish = await received(TemplateAssistant(0), prompt)
    text = compose(prompt)
    assert "".join(words) == text
    assert all(len(word.split()) == 1 for word in words)
    assert finish.reason == "stop"
    assert finish.usage.estimated
    assert finish.usage.completion_tokens == estimate_tokens(text)
    asked = sum(estimate_tokens(message.content) for message in prompt.messages)
    assert finish.usage.prompt_tokens == asked
    assert (TemplateAssistant.name, TemplateAssistant.is_demo) == ("template", True)


class LateClock:
    """An event loop's time on which every sleep wakes up 5 ms late."""

    def __init__(self) -> None:
        self.now = 100.0
        self.sleeps: list[float] = []

    def get_running_loop(self) -> SimpleNamespace:
        return SimpleNamespace(time=lambda: self.now)

    async def sleep(self, delay: float) -> None:
        self.sleeps.append(delay)
        self.now += delay + 0.005


async def test_pauses_stand_between_words_and_lateness_does_not_add_up(monkeypatch):
    clock = LateClock()
    monkeypatch.setattr(template, "asyncio", clock)
    stream = TemplateAssistant(0.020).stream(asking(FIRST))
    first = await anext(stream)
    assert isinstance(first, str)
    assert clock.sleeps == []

    rest = [piece async for piece in stream]
    assert len(clock.sleeps) == len(rest) - 1  # all but the Finish
    assert clock.sleeps[0] == pytest.approx(0.020)
    assert clock.sleeps[1:] == pytest.approx([0.015] * (len(rest) - 2))
    assert clock.now - 100.0 == pytest.approx(0.020 * len(clock.sleeps) + 0.005)


async def test_without_delay_nothing_sleeps(monkeypatch):
    clock = LateClock()
    monkeypatch.setattr(template, "asyncio", clock)
    await received(TemplateAssistant(0), asking(FIRST))
    assert clock.sleeps == []


async def test_closing_in_the_middle_ends_the_stream():
    stream = TemplateAssistant(0.001).stream(asking(FIRST))
    for _ in range(3):
        assert isinstance(await anext(stream), str)
    await stream.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(stream)

"""A sound document of each kind, as a teacher in Germany would want it."""

from copy import deepcopy

STEPS = [
    {"name": "Einstieg", "minutes": 10, "text": "Alle lesen die Lage."},
    {"name": "Arbeit", "minutes": 25, "text": "Gruppen zu viert."},
    {"name": "Schluss", "minutes": 10, "text": "Gespräch im Kreis."},
]
GRADE_KEY = [
    {"grade": "1", "from": 17.5}, {"grade": "2", "from": 14.5}, {"grade": "3", "from": 12},
    {"grade": "4", "from": 9}, {"grade": "5", "from": 4}, {"grade": "6", "from": 0},
]  # fmt: skip
BRUECHE = {"language": "de", "subject": "Mathematik", "grade": "6", "topic": "Brüche vergleichen"}
KLIMA = {"language": "de", "subject": "Geographie", "grade": "9", "topic": "Strukturwandel"}

BODIES = {
    "lesson_plan": {
        **BRUECHE,
        "goal": "Die Lernenden vergleichen Brüche und begründen, welcher größer ist.",
        "minutes": 45,
        "phases": [
            {"name": "Einstieg", "minutes": 8, "teacher": "zeigt zwei Pizzen",
             "pupils": "vermuten, wo mehr ist", "form": "Plenum", "media": "Bild, Tafel"},
            {"name": "Erarbeitung", "minutes": 22, "teacher": "berät",
             "pupils": "legen Bruchstreifen nebeneinander", "form": "Partnerarbeit",
             "media": "Bruchstreifen"},
            {"name": "Sicherung", "minutes": 15, "teacher": "sammelt Regeln",
             "pupils": "formulieren: Gleiche Nenner – größerer Zähler gewinnt.", "form": "Plenum",
             "media": "Tafel"},
        ],
        "materials": ["Bruchstreifen (1 Satz je Paar)", "Bild zweier Pizzen"],
        "differentiation": "Brüche mit gleichem Nenner zuerst.",
        "homework": "Drei Paare von Brüchen zu Hause finden.",
    },
    "worksheet": {
        **BRUECHE,
        "instructions": "Bearbeite die Aufgaben der Reihe nach. Rechenwege gehören dazu.",
        "minutes": 30,
        "tasks": [
            {"id": "streifen", "text": "Färbe 3/4 und 2/3 eines Streifens.", "points": 4,
             "level": "I", "solution": "Drei von vier, zwei von drei Teilen gefärbt.",
             "help": "Teile den Streifen zuerst in gleich große Stücke.", "lines": 3},
            {"id": "vergleich", "text": "Welcher Bruch ist größer: 5/8 oder 7/12? Begründe.",
             "points": 5.5, "level": "II", "solution": "15/24 > 14/24, also 5/8.", "lines": 4},
            {"id": "behauptung", "text": "„Je größer der Nenner, desto größer der Bruch.“ Prüfe!",
             "points": 3, "level": "III", "solution": "Falsch: 1/8 < 1/2."},
        ],
        "total_points": 12.5,
    },
    "exam": {
        **BRUECHE,
        "minutes": 45,
        "aids": "Lineal",
        "tasks": [
            {"id": "eins", "text": "Kürze so weit wie möglich: 12/18, 20/45, 33/77.", "points": 6,
             "level": "I", "lines": 3,
             "expectation": [{"text": "12/18 = 2/3", "points": 2},
                             {"text": "20/45 = 4/9", "points": 2},
                             {"text": "33/77 = 3/7", "points": 2}]},
            {"id": "zwei", "text": "Ordne der Größe nach: 1/2, 3/8, 5/6, 7/12.", "points": 8,
             "level": "II", "lines": 4,
             "expectation": [{"text": "gemeinsamer Nenner 24", "points": 4},
                             {"text": "3/8 < 1/2 < 7/12 < 5/6", "points": 4}]},
            {"id": "drei", "text": "Erfinde einen Bruch zwischen 3/5 und 4/5 und erkläre.",
             "points": 6, "level": "III", "lines": 5,
             "expectation": [{"text": "ein passender Bruch, etwa 7/10", "points": 2.5},
                             {"text": "schlüssige Erklärung (Erweitern)", "points": 3.5}]},
        ],
        "total_points": 20,
        "grade_key": GRADE_KEY,
        "notes": ["Viel Erfolg!"],
    },
    "differentiated": {
        **BRUECHE,
        "goal": "Ich kann Brüche vergleichen.",
        "levels": [
            {"name": "basic", "tasks": [
                {"id": "b1", "text": "Vergleiche 1/4 und 3/4.", "solution_id": "viertel",
                 "help": "Gleiche Nenner: Sieh auf die Zähler."}]},
            {"name": "middle", "tasks": [
                {"id": "m1", "text": "Vergleiche 1/4 und 3/4 mit 1/2.", "solution_id": "viertel"},
                {"id": "m2", "text": "Vergleiche 2/3 und 3/4.", "solution_id": "drittel"}]},
            {"name": "advanced", "tasks": [
                {"id": "a1", "text": "Finde eine Regel für 2/3, 3/4, 4/5 …",
                 "solution_id": "drittel"}]},
        ],
        "solutions": [{"id": "viertel", "text": "1/4 < 1/2 < 3/4"},
                      {"id": "drittel", "text": "2/3 < 3/4 < 4/5"}],
    },
    "help_cards": {
        **BRUECHE,
        "task": "Vergleiche 5/8 und 7/12.",
        "aid": "method",
        "cards": [
            {"id": "h1", "title": "Womit anfangen?", "degree": "minimal", "form": "points",
             "lines": ["Sieh dir die Nenner an.", "Was haben 8 und 12 gemeinsam?"]},
            {"id": "h2", "title": "Gemeinsamer Nenner", "degree": "medium", "form": "checklist",
             "lines": ["Vielfache von 8 aufschreiben", "Vielfache von 12 aufschreiben"]},
            {"id": "h3", "title": "So geht es", "degree": "full", "form": "text",
             "lines": ["Beide Nenner lassen sich auf 24 bringen. Erweitere beide Brüche."]},
        ],
    },
    "parent_letter": {
        "language": "de", "subject": "Klassenfahrt", "grade": "6b",
        "topic": "Elternabend zur Klassenfahrt",
        "date": "Mainz, 3. September",
        "salutation": "Liebe Eltern und Erziehungsberechtigte,",
        "paragraphs": ["im Mai fahren wir nach Föhr.", "Dazu lade ich Sie herzlich ein."],
        "closing": "Mit freundlichen Grüßen", "sender": "die Klassenleitung",
        "reply_slip": {"text": "Wir kommen mit ___ Personen.", "return_by": "15. September"},
    },
    "rubric": {
        **KLIMA,
        "product": "Plakat zum Strukturwandel im Ruhrgebiet",
        "scale": ["voll", "überwiegend", "ansatzweise"],
        "criteria": [
            {"id": "inhalt", "name": "Inhalt",
             "levels": [{"text": "Ursachen und Folgen stimmen", "points": 12},
                        {"text": "kleine Lücken", "points": 8},
                        {"text": "viele Lücken", "points": 3}]},
            {"id": "form", "name": "Gestaltung",
             "levels": [{"text": "lesbar und geordnet", "points": 8},
                        {"text": "meist lesbar", "points": 5},
                        {"text": "unübersichtlich", "points": 1.5}]},
        ],
        "total_points": 20,
        "grade_key": GRADE_KEY,
    },
    "game": {
        **BRUECHE,
        "goal": "Brüche schnell vergleichen.", "minutes": 45, "players": "3–5",
        "materials": ["Kartensatz mit 32 Brüchen"], "steps": STEPS,
        "rules": ["Alle decken zugleich auf.", "Der größte Bruch gewinnt den Stich."],
        "variations": ["Der kleinste Bruch gewinnt."],
    },
    "escape_room": {
        **BRUECHE,
        "story": "Die Tür des Mathe-Museums fällt zu. Nur wer rechnet, kommt hinaus.",
        "minutes": 45,
        "riddles": [
            {"id": "uhr", "title": "Die Uhr", "task": "Wie viele Minuten sind 3/4 Stunde?",
             "code": "45", "solution": "60 : 4 · 3", "hint": "Wie lang ist 1/4 Stunde?"},
            {"id": "waage", "title": "Die Waage", "task": "Kürze 24/36.", "code": "2-3",
             "solution": "durch 12"},
        ],
        "steps": STEPS, "finale": "Beide Codes öffnen die Truhe mit dem Schlüssel.",
        "materials": ["Truhe mit Zahlenschloss"],
    },
    "mystery": {
        **KLIMA,
        "question": "Warum braucht Familie Yılmaz plötzlich eine neue Wohnung?",
        "minutes": 45,
        "tasks": ["Ordnet die Karten.", "Beantwortet die Frage in drei Sätzen."],
        "cards": [{"id": "k1", "text": "1987 schließt die Zeche."},
                  {"id": "k2", "text": "Herr Yılmaz arbeitet unter Tage."},
                  {"id": "k3", "text": "Aus der Siedlung wird ein Kreativquartier."}],
        "steps": STEPS,
        "solution": "Die Zeche schließt, die Siedlung wird verkauft, die Mieten steigen.",
    },
    "role_play": {
        **KLIMA,
        "situation": "Der Stadtrat von Łódź berät: Was wird aus der alten Spinnerei?",
        "minutes": 45,
        "roles": [{"id": "r1", "name": "Investorin", "card": "Du willst Lofts bauen."},
                  {"id": "r2", "name": "Anwohner", "card": "Du willst bezahlbare Mieten."}],
        "observers": ["Welches Argument hat euch überzeugt?"],
        "steps": STEPS, "reflection": ["Wie war es, diese Meinung zu vertreten?"],
    },
    "quiz": {
        **BRUECHE,
        "minutes": 15,
        "questions": [
            {"type": "choice", "id": "q1", "text": "Welche Brüche sind gleich 1/2?", "points": 2,
             "options": [{"text": "2/4", "correct": True}, {"text": "3/6", "correct": True},
                         {"text": "2/3", "correct": False}, {"text": "5/8", "correct": False}],
             "feedback": "Kürze!"},
            {"type": "choice", "id": "q2", "text": "Was ist größer: 2/3 = ? {oder} 3/4", "points": 1,
             "options": [{"text": "2/3", "correct": False}, {"text": "3/4", "correct": True}]},
            {"type": "truefalse", "id": "q3", "text": "1/8 < 1/2", "points": 1, "correct": True},
            {"type": "short", "id": "q4", "text": "Kürze 12/18.", "points": 1.5,
             "answers": ["2/3", "zwei Drittel"]},
            {"type": "match", "id": "q5", "text": "Ordne zu.", "points": 3,
             "pairs": [{"left": "1/2", "right": "50 %"}, {"left": "1/4", "right": "25 %"},
                       {"left": "3/4", "right": "75 %"}]},
            {"type": "order", "id": "q6", "text": "Ordne, das Kleinste zuerst.", "points": 3,
             "items": ["1/8", "1/4", "1/2", "3/4"]},
            {"type": "open", "id": "q7", "text": "Erkläre einem Kind, was „Erweitern“ heißt.",
             "points": 4, "expected": "Zähler und Nenner mit derselben Zahl malnehmen."},
        ],
        "total_points": 15.5,
    },
}  # fmt: skip
KIND_NAMES = tuple(BODIES)


def sample(kind, **changes):
    """A document of a kind, with some members changed."""
    return deepcopy({"kind": kind, "version": 1, **BODIES[kind], **changes})

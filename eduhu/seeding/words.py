"""What teachers ask and are answered, in German and English, to be put together at random."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """One language. `{topic}` and `{grade}` stand for a topic and its grade."""

    code: str
    names: tuple[str, ...]
    subjects: dict[str, tuple[str, ...]]
    questions: tuple[str, ...]
    openings: tuple[str, ...]
    steps: tuple[str, ...]
    closings: tuple[str, ...]
    material: dict[str, str]  # by artifact type


GERMAN = Words(
    code="de",
    names=("Anna Krüger", "Jörg Weiß", "Sabine Öztürk", "Mehmet Yıldız", "Lena Großmann"),
    subjects={
        "Mathematik": ("Bruchrechnung", "Lineare Funktionen", "Kreisumfang", "Prozentrechnung"),
        "Deutsch": ("Fabeln", "Erörterung", "Kommasetzung", "Balladen der Klassik"),
        "Biologie": ("Fotosynthese", "Vererbung", "Das menschliche Herz", "Ökosystem Wald"),
        "Geschichte": ("Französische Revolution", "Mauerfall", "Städte im Mittelalter"),
        "Physik": ("Hebelgesetz", "Lichtbrechung", "Ohmsches Gesetz"),
        "Englisch": ("Simple Past", "Reported Speech", "London Sights"),
    },
    questions=(
        "Ich suche einen Einstieg in das Thema {topic} für Klasse {grade}. Was schlagen Sie vor?",
        "Bitte entwerfen Sie eine Doppelstunde zu {topic}, Klasse {grade}, mit Sicherung.",
        "Drei Aufgaben zu {topic} auf verschiedenen Niveaus, bitte mit Lösungen.",
        "Wie erkläre ich {topic} Kindern, die noch wenig Deutsch sprechen?",
        "Das war zu schwer für meine {grade}. Geht das bei {topic} auch einfacher?",
        "Können Sie daraus ein Arbeitsblatt machen? Thema: {topic}.",
        "Welche Fehlvorstellungen haben Schülerinnen und Schüler bei {topic}?",
        "Danke! Und wie prüfe ich am Ende, ob alle {topic} verstanden haben?",
    ),
    openings=(
        "Gern. Für Klasse {grade} trägt bei **{topic}** dieser Ablauf:",
        "Ein Vorschlag zu **{topic}**, der ohne Vorbereitung gelingt:",
        "So könnte die Stunde zu **{topic}** aussehen:",
        "Bei **{topic}** hilft es, mit dem Bekannten zu beginnen:",
    ),
    steps=(
        "Einstieg (5 min): Ein Bild zeigen, alle notieren drei Beobachtungen.",
        "Erarbeitung in Paaren: Jede Gruppe löst eine Aufgabe und erklärt ihren Weg.",
        "Sicherung: Zwei Wege nebeneinander an die Tafel, Gemeinsamkeiten markieren.",
        "Differenzierung: Wer fertig ist, erfindet eine eigene Aufgabe mit Lösung.",
        "Wortspeicher an die Seitentafel: Fachwörter mit Artikel und Beispielsatz.",
        "Partnerkontrolle mit Lösungsblatt; Fragen kommen auf einen Zettel.",
        "Hausaufgabe: Ein Beispiel aus dem Alltag suchen und in drei Sätzen beschreiben.",
        "Abschluss: Jedes Kind beendet den Satz »Heute habe ich verstanden, dass …«.",
    ),
    closings=(
        "Möchten Sie dazu ein Arbeitsblatt oder eine Checkliste?",
        "Die Zeiten sind knapp gerechnet; planen Sie fünf Minuten Reserve ein.",
        "Für die Inklusion lassen sich die Schritte zwei und drei tauschen.",
    ),
    material={
        "lesson_plan": "Stundenverlauf: {topic}",
        "worksheet": "Arbeitsblatt: {topic}",
        "rubric": "Bewertungsraster: {topic}",
        "activity": "Spiel: {topic}",
    },
)

ENGLISH = Words(
    code="en",
    names=("Emma Clarke", "Oliver Hughes", "Priya Sharma", "Liam O’Connor"),
    subjects={
        "Maths": ("fractions", "linear equations", "area of a circle", "probability"),
        "English": ("persuasive writing", "poetry analysis", "commas in lists"),
        "Science": ("photosynthesis", "forces and motion", "the water cycle", "electric circuits"),
        "History": ("the Tudors", "the Industrial Revolution", "the Berlin Wall"),
        "Geography": ("rivers", "plate tectonics", "map reading"),
    },
    questions=(
        "I need a starter for {topic} in Year {grade}. What do you suggest?",
        "Please plan a double lesson on {topic} for Year {grade}, with a plenary.",
        "Three tasks on {topic} at different levels, with answers, please.",
        "How do I explain {topic} to pupils who are new to English?",
        "That was too hard for my Year {grade}. Is there an easier way into {topic}?",
        "Could you turn this into a worksheet on {topic}?",
        "Which misconceptions do pupils have about {topic}?",
        "Thanks! How do I check at the end that everybody understood {topic}?",
    ),
    openings=(
        "Happy to help. For Year {grade} this works well with **{topic}**:",
        "Here is a plan for **{topic}** that needs no preparation:",
        "A lesson on **{topic}** could look like this:",
        "With **{topic}** it helps to begin with what they know:",
    ),
    steps=(
        "Starter (5 min): show a picture, everybody writes down three observations.",
        "Pair work: each pair solves one task and explains how they did it.",
        "Plenary: two ways side by side on the board, mark what they share.",
        "Stretch: those who finish early invent a task of their own, with its answer.",
        "Word bank on the board: key terms, each with an example sentence.",
        "Peer check with the answer sheet; open questions go on a sticky note.",
        "Homework: find an example from everyday life and describe it in three sentences.",
        "Exit ticket: finish the sentence “Today I understood that …”.",
    ),
    closings=(
        "Would you like a worksheet or a checklist to go with it?",
        "The timing is tight; keep five minutes in reserve.",
        "For mixed groups, steps two and three can change places.",
    ),
    material={
        "lesson_plan": "Lesson plan: {topic}",
        "worksheet": "Worksheet: {topic}",
        "rubric": "Rubric: {topic}",
        "activity": "Game: {topic}",
    },
)

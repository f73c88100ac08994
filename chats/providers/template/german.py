"""The German words of the template assistant.

Teachers are addressed with „Sie“. Tasks for pupils stand in the infinitive, so
that they fit every age. Square brackets mark what only the teacher can fill in.
"""

from chats.providers.template.texts import ActivityForm, Criterion, Phase, Step, Texts, pause

DEMO_LABEL_DE = (
    "*Demo-Antwort der Vorlagen-Assistenz – ohne KI-Modell erstellt. Bitte prüfen und anpassen.*"
)

_OPENING = Phase(
    "Einstieg",
    1,
    "Zeigt [Impuls zu „{topic}“: Bild, Gegenstand oder Frage] und sammelt Vorwissen.",
    "Äußern Vermutungen und formulieren Fragen.",
    "Plenum",
    "Tafel oder Whiteboard, Impuls",
)
_WORK = Phase(
    "Erarbeitung",
    3,
    "Erläutert den Arbeitsauftrag, gibt das Material aus und hilft bei Bedarf.",
    "Erschließen [Material zu „{topic}“] und halten ihre Ergebnisse fest.",
    "Einzelarbeit, dann Partnerarbeit",
    "Arbeitsblatt oder Schulbuch",
)
_RESULTS = Phase(
    "Sicherung",
    2,
    "Moderiert den Austausch, greift Fehler auf und hält das Ergebnis an der Tafel fest.",
    "Stellen ihre Ergebnisse vor, vergleichen und übernehmen das Tafelbild.",
    "Plenum",
    "Tafel, Heft",
)
_PRACTICE = Phase(
    "Übung und Transfer",
    2,
    "Gibt [Übungsaufgabe zu „{topic}“] auf zwei Niveaus aus und beobachtet den Lernstand.",
    "Wenden das Gelernte an und kontrollieren sich gegenseitig.",
    "Partnerarbeit",
    "Aufgabenkarten, Lösungsblatt",
)
_CLOSING = Phase(
    "Abschluss",
    1,
    "Kommt auf die Fragen vom Anfang zurück und stellt die Hausaufgabe.",
    "Fassen in einem Satz zusammen, was sie gelernt haben.",
    "Blitzlicht im Plenum",
    "Heft",
)
_PRESENTATION = Phase(
    "Präsentation",
    3,
    "Leitet die Vorstellung der Ergebnisse und achtet auf kriteriengeleitete Rückmeldungen.",
    "Präsentieren ihre Ergebnisse und geben sich Rückmeldung.",
    "Plenum oder Galeriegang",
    "Plakate oder Folien, Beobachtungsbogen",
)

_SHORT = (_OPENING, _WORK, _RESULTS.again("Sicherung", 1))
_LESSON = (_OPENING, _WORK, _RESULTS, _PRACTICE, _CLOSING)
_LONG = (
    _OPENING.again("Einstieg", 2),
    _WORK.again("Erarbeitung", 6),
    _RESULTS.again("Zwischensicherung", 3),
    pause("Pause", 1),
    _PRACTICE.again("Übung und Transfer", 5),
    _PRESENTATION,
    _CLOSING,
)
_DAY = (
    _OPENING.again("Einstieg", 2),
    _WORK.again("Erarbeitung", 8),
    _RESULTS.again("Zwischensicherung", 3),
    pause("Pause", 2),
    _PRACTICE.again("Übung und Transfer", 8),
    pause("Mittagspause", 4),
    Phase(
        "Vertiefung",
        7,
        "Berät die Gruppen bei [Projektaufgabe zu „{topic}“].",
        "Entwickeln in Gruppen ein eigenes Ergebnis, das sie vorstellen können.",
        "Gruppenarbeit",
        "Plakate oder digitale Folien",
    ),
    _PRESENTATION.again("Präsentation", 4),
    _CLOSING.again("Abschluss", 2),
)

_PLAN = """# Stundenverlaufsplan zu „{topic}“

**Fach:** {subject} · **Lerngruppe:** {grade} · **Zeit:** {minutes} Minuten

**Lernziel:** Die Schülerinnen und Schüler geben die wichtigsten Inhalte zu „{topic}“ in \
eigenen Worten wieder und wenden sie auf ein neues Beispiel an. [Kompetenz laut Lehrplan ergänzen]

| Phase | Zeit | Lehreraktivität | Schüleraktivität | Sozialform | Medien |
| --- | --- | --- | --- | --- | --- |
{rows}

Gesamtzeit: {minutes} Minuten"""

_PLAN_MORE = """## Material

- [Impuls für den Einstieg]
- [Arbeitsblatt oder Schulbuchseite zu „{topic}“]
- [Lösungsblatt zur Selbstkontrolle]

## Differenzierung

- **Basis:** Wortliste und vorstrukturierte Lösung als Hilfekarte
- **Mittel:** Aufgabe ohne Hilfekarte, Partnerkontrolle
- **Erweitert:** ein eigenes Beispiel zu „{topic}“ finden und begründen

## Hausaufgabe und Ausblick

Hausaufgabe: [Übungsaufgabe zu „{topic}“ einsetzen]. In der nächsten Stunde werden die offenen \
Fragen aus dem Einstieg wieder aufgegriffen."""

_WORKSHEET = """# {name} zu „{topic}“

**Fach:** {subject} · **Lerngruppe:** {grade} · **Gesamt:** {points}{time}

Name: ………………………………… Datum: …………………

{tasks}

**Erreichte Punkte:** ……… von {total}"""

_TASK = """## Aufgabe {number} (AFB {level}, {worth})

{text}{help}

Antwort: …………………………………………………………

…………………………………………………………"""

_SOLUTIONS = """---

## Für die Lehrkraft: Lösungen und Erwartungen

| Aufgabe | Erwartete Leistung | Punkte |
| --- | --- | --- |
{rows}

Punkte nach Anforderungsbereich: {levels}. Die Aufgaben stehen im Infinitiv und passen so zu \
Klassen, die geduzt oder gesiezt werden."""

_TASKS = (
    (
        "Drei wichtige Begriffe zu „{topic}“ nennen und jeweils kurz angeben, was sie bedeuten.",
        "Die Abbildung in eigenen Worten beschreiben: [Abbildung oder Beispiel zu „{topic}“ "
        "einsetzen]",
        "Die Aussagen als richtig oder falsch kennzeichnen: [vier Aussagen zu „{topic}“ einsetzen]",
    ),
    (
        "Das Beispiel erklären und dabei mindestens zwei Begriffe aus Aufgabe 1 verwenden: "
        "[Beispiel zu „{topic}“ einsetzen]",
        "Zwei Fälle vergleichen und je eine Gemeinsamkeit und einen Unterschied erläutern: "
        "[zwei Fälle zu „{topic}“ einsetzen]",
        "Das Gelernte auf eine neue Situation anwenden: [Situation zu „{topic}“ einsetzen]",
        "Das Material auswerten und zwei Ergebnisse erläutern: [Text, Diagramm oder Zahlen zu "
        "„{topic}“ einsetzen]",
    ),
    (
        "Die Behauptung beurteilen und das Urteil mit zwei Argumenten begründen: [Behauptung zu "
        "„{topic}“ einsetzen]",
        "Einen Lösungsvorschlag entwickeln und begründen: [Problem zu „{topic}“ einsetzen]",
        "Eine eigene Aufgabe zu „{topic}“ entwickeln, lösen und den Lösungsweg begründen.",
    ),
)

_CRITERIA = (
    Criterion(
        "Fachlicher Inhalt",
        30,
        (
            "Alle fachlichen Aussagen sind richtig und genau.",
            "Die Aussagen sind im Wesentlichen richtig.",
            "Einige Aussagen sind richtig, wichtige fehlen.",
            "Die Aussagen sind überwiegend falsch oder fehlen.",
        ),
    ),
    Criterion(
        "Aufbau und Vollständigkeit",
        25,
        (
            "Der Aufbau ist schlüssig, alle Teile sind vorhanden.",
            "Der Aufbau ist erkennbar, fast alle Teile sind vorhanden.",
            "Der Aufbau ist lückenhaft, mehrere Teile fehlen.",
            "Ein Aufbau ist nicht erkennbar.",
        ),
    ),
    Criterion(
        "Fachsprache und Darstellung",
        20,
        (
            "Fachbegriffe sind treffend, die Darstellung ist klar.",
            "Fachbegriffe sind meist treffend, die Darstellung ist verständlich.",
            "Fachbegriffe fehlen oft, die Darstellung ist teils unklar.",
            "Fachbegriffe fehlen, die Darstellung ist unverständlich.",
        ),
    ),
    Criterion(
        "Eigenständigkeit und Begründung",
        25,
        (
            "Eigene Gedanken sind überzeugend begründet.",
            "Eigene Gedanken sind nachvollziehbar begründet.",
            "Eigene Gedanken sind ansatzweise begründet.",
            "Eigene Gedanken oder Begründungen fehlen.",
        ),
    ),
)

_RUBRIC = """# Bewertungsraster zu „{topic}“

**Fach:** {subject} · **Lerngruppe:** {grade} · **Gesamt:** {points}

| Kriterium | voll erreicht | überwiegend erreicht | teilweise erreicht | nicht erreicht | max. Punkte |
| --- | --- | --- | --- | --- | --- |
{rows}

Summe: {sum}. In Klammern stehen die Punkte je Stufe; Zwischenwerte sind möglich."""  # noqa: E501

_RUBRIC_MORE = """## Rückmeldung

- **Das ist gelungen:** [Stärke eintragen]
- **Daran wird weitergearbeitet:** [nächster Schritt]

Tipp: Besprechen Sie die Kriterien vor der Arbeit mit der Lerngruppe und passen Sie die \
Gewichtung an Ihre Aufgabe an."""

_GRADE_KEY = """## Notenschlüssel

| Note | Anteil | Punkte |
| --- | --- | --- |
{rows}

Die Prozentgrenzen bitte an die Vorgaben Ihrer Schule anpassen."""

_ACTIVITY = """# {name} zu „{topic}“

**Fach:** {subject} · **Lerngruppe:** {grade} · **Zeit:** {minutes} Minuten

**Ziel:** {goal}

**Material:** {material}

## Ablauf

| Schritt | Zeit | Was geschieht |
| --- | --- | --- |
{rows}

Gesamtzeit: {minutes} Minuten

## Regeln

{rules}"""

_QUIZ = ActivityForm(
    name="Team-Quiz",
    goal="Die Lerngruppe wiederholt und festigt im Team, was sie über „{topic}“ weiß.",
    material="[zehn Fragen mit Lösungen zu „{topic}“ einsetzen], Karten für eigene Fragen, "
    "Stoppuhr, Punkteliste an der Tafel",
    steps=(
        Step("Start", 2, "Regeln erklären, Teams zu drei bis vier Personen bilden"),
        Step(
            "Eigene Fragen", 4, "Jedes Team schreibt zwei Fragen mit Lösung zu „{topic}“ auf Karten"
        ),
        Step("Quizrunde", 8, "Fragen der Lehrkraft und der Teams im Wechsel beantworten"),
        Step("Finale", 3, "Schätz- oder Begründungsfrage: [Finalfrage einsetzen]"),
        Step("Nachbesprechung", 3, "Schwierige Fragen gemeinsam klären, Ergebnis würdigen"),
    ),
    rules="""- Erst beraten, dann antwortet eine Person; die Sprecherrolle wechselt.
- Eine richtige Antwort zählt einen Punkt, eine gute Begründung einen Zusatzpunkt.
- Das eigene Team beantwortet seine Fragen nicht selbst.""",
    more="""## Varianten

- **Leichter:** Antwortmöglichkeiten vorgeben, Heft als Hilfe erlauben
- **Schwerer:** nur begründete Antworten zählen
- **Ruhiger:** schriftlich auf Antwortkarten statt mündlich

## Auswertung

Drei Impulse für das Gespräch: Welche Frage war am schwierigsten? Was war neu? Was sollte noch \
einmal geübt werden?""",
)
_GROUP = ActivityForm(
    name="Gruppenpuzzle",
    goal="Die Schülerinnen und Schüler erarbeiten einen Teil von „{topic}“ und erklären ihn "
    "anderen verständlich.",
    material="[je Expertengruppe ein Text oder eine Aufgabe zu „{topic}“ einsetzen], Notizblatt, "
    "farbige Karten für die Gruppeneinteilung",
    steps=(
        Step("Einführung", 2, "Ziel und Ablauf klären, Stamm- und Expertengruppen einteilen"),
        Step("Expertengruppen", 7, "Einen Teilaspekt erarbeiten: [Teilaspekte einsetzen]"),
        Step("Stammgruppen", 6, "Sich die Teilaspekte gegenseitig erklären und Notizen machen"),
        Step("Sicherung", 3, "Die Ergebnisse im Plenum zu einem Gesamtbild zusammenführen"),
        Step("Reflexion", 2, "Über Ergebnis und Zusammenarbeit sprechen"),
    ),
    rules="""- Jede Person erklärt ihren Teil selbst, ohne vorzulesen.
- Wer zuhört, fragt nach, bis alles verstanden ist.
- Rollen in der Gruppe: Zeit, Material, Protokoll, Gesprächsleitung.""",
    more="""## Varianten

- **Leichter:** Leitfragen und Satzanfänge zu jedem Teilaspekt geben
- **Schwerer:** die Gruppen wählen und begründen ihre Teilaspekte selbst
- **Kleine Lerngruppe:** in Partnerarbeit mit zwei Teilaspekten

## Auswertung

Drei Impulse für das Gespräch: Was ist jetzt klar? Welche Erklärung hat besonders geholfen? Was \
gelingt beim nächsten Mal in der Gruppe noch besser?""",
)
_ROLEPLAY = ActivityForm(
    name="Rollenspiel",
    goal="Die Schülerinnen und Schüler vertreten Positionen zu „{topic}“ und lernen andere "
    "Sichtweisen kennen.",
    material="Rollenkarten: [drei bis fünf Rollen mit Position zu „{topic}“ einsetzen], "
    "Beobachtungsbogen",
    steps=(
        Step("Einführung", 3, "Situation vorstellen: [Situation einsetzen]; Rollen vergeben"),
        Step("Vorbereitung", 5, "In Rollengruppen Argumente sammeln und ordnen"),
        Step("Spiel", 5, "Die Szene spielen; die übrigen beobachten mit Auftrag"),
        Step("Auswertung", 4, "Beobachtungen austauschen, Argumente vergleichen"),
        Step("Abschluss", 3, "Die Rollen bewusst ablegen, eigene Meinung formulieren"),
    ),
    rules="""- Es spricht die Rolle, nicht die Person; niemand wird bloßgestellt.
- Wer beobachtet, unterbricht nicht und macht Notizen.
- Auf ein vereinbartes Zeichen endet die Szene sofort.""",
    more="""## Varianten

- **Leichter:** Satzanfänge und Argumente auf den Rollenkarten
- **Schwerer:** die Rollen nach der Hälfte der Spielzeit tauschen
- **Große Lerngruppe:** mehrere Szenen gleichzeitig spielen

## Auswertung

Drei Impulse für das Gespräch: Welches Argument hat überzeugt? Was war in der Rolle schwierig? \
Wie ließe sich der Konflikt lösen?""",
)

_LETTER = """[Name und Anschrift der Schule]

[Ort], den [Datum]

**{topic}** ({grade})

Sehr geehrte Eltern und Erziehungsberechtigte,

mit diesem Schreiben informiere ich Sie über das oben genannte Anliegen. [Anlass in ein bis zwei \
Sätzen schildern.]

Das Wichtigste auf einen Blick:

- **Termin:** [Datum, Beginn und Ende]
- **Ort:** [Ort oder Treffpunkt]
- **Kosten:** [Betrag und Zahlungsweise oder „keine“]
- **Bitte mitgeben:** [Material, Kleidung, Verpflegung oder „nichts“]
{more}
Bitte füllen Sie den Rücklaufzettel aus und geben Sie ihn Ihrem Kind bis zum [Datum] wieder mit. \
Bei Fragen erreichen Sie mich unter [Telefon oder E-Mail].

Mit freundlichen Grüßen

[Name, Funktion]

---

**Rücklaufzettel** – bitte bis zum [Datum] abgeben

Name des Kindes: ………………………………… Klasse: …………

Das Schreiben „{topic}“ habe ich zur Kenntnis genommen.

- ☐ Mein Kind nimmt teil.
- ☐ Mein Kind nimmt nicht teil.
- ☐ Ich bitte um ein Gespräch.

(Bitte Zutreffendes ankreuzen.)

Ort, Datum: …………………………………

Unterschrift einer erziehungsberechtigten Person: …………………………………"""

_LETTER_MORE = """
[Ablauf oder weitere Hinweise ergänzen, zum Beispiel zu Aufsicht, Allergien, Medikamenten oder \
Fotos.]

Falls die Kosten für Sie eine Belastung sind, sprechen Sie mich bitte vertraulich an; wir finden \
eine Lösung.
"""

_GENERAL = """Fachfragen kann ich ohne KI-Modell nicht beantworten. Was ich Ihnen sofort entwerfe, \
sind Vorlagen, die Sie nur noch mit Inhalt füllen:

- **Unterrichtsentwurf** als Tabelle mit Phasen und Zeiten, die aufgehen
- **Arbeitsblatt** oder **Klassenarbeit** mit Aufgaben zu AFB I bis III und Punkten
- **Bewertungsraster** mit Notenschlüssel
- **Aktivität** wie Quiz, Gruppenpuzzle oder Rollenspiel
- **Elternbrief** mit Rücklaufzettel

Am schnellsten geht es mit einem Satz, zum Beispiel: „Unterrichtsentwurf Biologie, Klasse 8, \
45 Minuten, zum Thema Photosynthese“."""

GERMAN = Texts(
    label=DEMO_LABEL_DE,
    no_topic="[Thema einsetzen]",
    no_subject="[Fach]",
    no_grade="[Klasse]",
    unit=("Punkt", "Punkte"),
    refusals={
        "minutes": "**Hinweis:** Planbar sind 5 bis 600 Minuten (gewünscht: {asked}). Der Entwurf "
        "rechnet mit {used} Minuten.",
        "points": "**Hinweis:** Möglich sind 15 bis 200 Punkte (gewünscht: {asked}). Der Entwurf "
        "rechnet mit {used} Punkten.",
        "tasks": "**Hinweis:** Möglich sind 3 bis 10 Aufgaben (gewünscht: {asked}). Der Entwurf "
        "enthält {used}.",
    },
    questions={
        "lesson_plan": "Zu welchem Thema soll die Stunde sein?",
        "worksheet": "Zu welchem Thema sollen die Aufgaben sein?",
        "rubric": "Welche Leistung möchten Sie bewerten?",
        "activity": "Zu welchem Thema soll die Aktivität sein?",
        "parent_letter": "Worum geht es in dem Brief?",
    },
    hint="Zum Ändern genügt ein kurzer Satz, zum Beispiel {examples}.",
    hint_examples={
        "lesson_plan": "„kürzer“, „nochmal für Klasse 7“ oder „daraus bitte ein Arbeitsblatt“",
        "worksheet": "„mit 8 Aufgaben“, „nochmal für Klasse 7“ oder „daraus bitte ein Quiz“",
        "rubric": "„mit 40 Punkten“ oder „nochmal für Klasse 7“",
        "activity": "„nochmal mit 30 Minuten“ oder „daraus bitte ein Arbeitsblatt“",
        "parent_letter": "„kürzer“ oder „auf Englisch“",
    },
    phases=((240, _DAY), (120, _LONG), (15, _LESSON), (5, _SHORT)),
    plan=_PLAN,
    plan_more=_PLAN_MORE,
    worksheet_names={None: "Arbeitsblatt", "exam": "Klassenarbeit"},
    worksheet=_WORKSHEET,
    worksheet_time=" · **Zeit:** {minutes} Minuten",
    task=_TASK,
    task_help="\n\n*Hilfe: Begriffe im Heft oder im Schulbuch nachschlagen. Wortliste: "
    "[fünf Wörter zu „{topic}“ einsetzen]*",
    solutions=_SOLUTIONS,
    solution="[Lösung zu Aufgabe {number} einsetzen]",
    tasks=_TASKS,
    level="AFB {name}: {points}",
    rubric=_RUBRIC,
    rubric_more=_RUBRIC_MORE,
    criteria=_CRITERIA,
    grade_key=_GRADE_KEY,
    grades=("1", "2", "3", "4", "5", "6"),
    grade_floors=("ab {percent} %", "unter {percent} %"),
    activity=_ACTIVITY,
    activities={"quiz": _QUIZ, "group": _GROUP, "roleplay": _ROLEPLAY},
    letter=_LETTER,
    letter_more=_LETTER_MORE,
    general=_GENERAL,
    general_question="Was soll ich für Sie entwerfen?",
    general_question_topic="Was soll ich Ihnen zu „{topic}“ entwerfen?",
    choices="- Unterrichtsentwurf\n- Arbeitsblatt\n- Bewertungsraster\n- Aktivität",
)

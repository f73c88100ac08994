"""The English words of the template assistant, in British spelling.

Square brackets mark what only the teacher can fill in.
"""

from chats.providers.template.texts import ActivityForm, Criterion, Phase, Step, Texts, pause

DEMO_LABEL_EN = (
    "*Demo reply from the template assistant – drafted without an AI model. "
    "Please check and adapt it.*"
)

_OPENING = Phase(
    "Starter",
    1,
    "Shows [stimulus on “{topic}”: picture, object or question] and collects prior knowledge.",
    "Make predictions and ask questions.",
    "Whole class",
    "Board, stimulus",
)
_WORK = Phase(
    "Main activity",
    3,
    "Explains the task, hands out the material and helps where needed.",
    "Work through [material on “{topic}”] and note down their results.",
    "Individual, then pairs",
    "Worksheet or textbook",
)
_RESULTS = Phase(
    "Sharing results",
    2,
    "Chairs the discussion, picks up errors and records the result on the board.",
    "Present and compare their results and copy the summary.",
    "Whole class",
    "Board, exercise book",
)
_PRACTICE = Phase(
    "Practice and transfer",
    2,
    "Hands out [practice task on “{topic}”] at two levels and checks progress.",
    "Apply what they have learnt and check each other’s work.",
    "Pairs",
    "Task cards, answer sheet",
)
_CLOSING = Phase(
    "Plenary",
    1,
    "Returns to the questions from the start and sets the homework.",
    "Sum up in one sentence what they have learnt.",
    "Whole class",
    "Exercise book",
)
_PRESENTATION = Phase(
    "Presentations",
    3,
    "Introduces the groups and makes sure that feedback follows the criteria.",
    "Present their results and give each other feedback.",
    "Whole class or gallery walk",
    "Posters or slides, feedback sheet",
)

_SHORT = (_OPENING, _WORK, _RESULTS.again("Sharing results", 1))
_LESSON = (_OPENING, _WORK, _RESULTS, _PRACTICE, _CLOSING)
_LONG = (
    _OPENING.again("Starter", 2),
    _WORK.again("Main activity", 6),
    _RESULTS.again("Interim results", 3),
    pause("Break", 1),
    _PRACTICE.again("Practice and transfer", 5),
    _PRESENTATION,
    _CLOSING,
)
_DAY = (
    _OPENING.again("Starter", 2),
    _WORK.again("Main activity", 8),
    _RESULTS.again("Interim results", 3),
    pause("Break", 2),
    _PRACTICE.again("Practice and transfer", 8),
    pause("Lunch break", 4),
    Phase(
        "Project work",
        7,
        "Advises the groups on [project task on “{topic}”].",
        "Develop a result of their own in groups, ready to present.",
        "Groups",
        "Posters or slides",
    ),
    _PRESENTATION.again("Presentations", 4),
    _CLOSING.again("Plenary", 2),
)

_PLAN = """# Lesson plan: {topic}

**Subject:** {subject} · **Class:** {grade} · **Time:** {minutes} minutes

**Learning objective:** Pupils explain the key points of “{topic}” in their own words and apply \
them to a new example. [Add the curriculum objective]

| Phase | Time | Teacher | Pupils | Grouping | Resources |
| --- | --- | --- | --- | --- | --- |
{rows}

Total time: {minutes} minutes"""

_PLAN_MORE = """## Materials

- [Stimulus for the starter]
- [Worksheet or textbook page on “{topic}”]
- [Answer sheet for self-checking]

## Differentiation

- **Support:** word bank and a partly completed solution on a help card
- **Core:** the task without the help card, checked in pairs
- **Challenge:** find an example of “{topic}” and justify the choice

## Homework and next step

Homework: [practice task on “{topic}”]. The next lesson returns to the questions from the starter \
that are still open."""

_WORKSHEET = """# {name}: {topic}

**Subject:** {subject} · **Class:** {grade} · **Total:** {points}{time}

Name: ………………………………… Date: …………………

{tasks}

**Marks gained:** ……… out of {total}"""

_TASK = """## Task {number} (level {level}, {worth})

{text}{help}

Answer: …………………………………………………………

…………………………………………………………"""

_SOLUTIONS = """---

## For the teacher: answers and expectations

| Task | Expected answer | Marks |
| --- | --- | --- |
{rows}

Marks by level: {levels}. Level I asks pupils to recall (AFB I), level II to explain and apply \
(AFB II), level III to judge and create (AFB III)."""

_TASKS = (
    (
        "Name three important terms connected with “{topic}” and say briefly what each one means.",
        "Describe the picture in your own words: [picture or example of “{topic}”]",
        "Decide whether each statement is true or false: [four statements on “{topic}”]",
    ),
    (
        "Explain the example, using at least two of the terms from Task 1: [example of “{topic}”]",
        "Compare the two cases and explain one similarity and one difference: [two cases of "
        "“{topic}”]",
        "Apply what you have learnt to a new situation: [situation involving “{topic}”]",
        "Study the material and explain two findings: [text, diagram or data on “{topic}”]",
    ),
    (
        "Evaluate the claim and support your judgement with two arguments: [claim about “{topic}”]",
        "Develop a solution and justify it: [problem involving “{topic}”]",
        "Write a task of your own on “{topic}”, solve it and justify each step.",
    ),
)

_CRITERIA = (
    Criterion(
        "Content",
        30,
        (
            "All statements are correct and precise.",
            "Most statements are correct.",
            "Some statements are correct; important ones are missing.",
            "Statements are mostly wrong or missing.",
        ),
    ),
    Criterion(
        "Structure and completeness",
        25,
        (
            "The structure is clear and every part is there.",
            "The structure is visible; nearly every part is there.",
            "The structure has gaps; several parts are missing.",
            "No structure is visible.",
        ),
    ),
    Criterion(
        "Language and presentation",
        20,
        (
            "Subject terms are apt; the presentation is clear.",
            "Subject terms are mostly apt; the presentation can be followed.",
            "Subject terms are often missing; the presentation is partly unclear.",
            "Subject terms are missing; the presentation cannot be followed.",
        ),
    ),
    Criterion(
        "Independent thinking and reasoning",
        25,
        (
            "Own ideas are supported convincingly.",
            "Own ideas are supported plausibly.",
            "Own ideas are supported in part.",
            "Own ideas or reasons are missing.",
        ),
    ),
)

_RUBRIC = """# Rubric: {topic}

**Subject:** {subject} · **Class:** {grade} · **Total:** {points}

| Criterion | fully met | mostly met | partly met | not met | max. marks |
| --- | --- | --- | --- | --- | --- |
{rows}

Total: {sum}. The numbers in brackets are the marks for each level; values in between are \
possible."""

_RUBRIC_MORE = """## Feedback

- **What went well:** [strength]
- **Even better if:** [next step]

Tip: go through the criteria with the class before the task, and adjust the weighting to suit it."""

_GRADE_KEY = """## Grade boundaries (editable)

| Grade | Share | Marks |
| --- | --- | --- |
{rows}

These boundaries are a suggestion; please edit them to match your school’s grading scale."""

_ACTIVITY = """# {name}: {topic}

**Subject:** {subject} · **Class:** {grade} · **Time:** {minutes} minutes

**Aim:** {goal}

**Materials:** {material}

## Procedure

| Step | Time | What happens |
| --- | --- | --- |
{rows}

Total time: {minutes} minutes

## Rules

{rules}"""

_QUIZ = ActivityForm(
    name="Team quiz",
    goal="Pupils review and consolidate in teams what they know about “{topic}”.",
    material="[ten questions with answers on “{topic}”], cards for pupils’ own questions, "
    "a timer, a score list on the board",
    steps=(
        Step("Start", 2, "Explain the rules; form teams of three or four"),
        Step(
            "Own questions",
            4,
            "Each team writes two questions with answers on “{topic}” on cards",
        ),
        Step("Quiz round", 8, "Teams answer questions from the teacher and from other teams"),
        Step("Final", 3, "Estimation or reasoning question: [final question]"),
        Step("Debrief", 3, "Clear up difficult questions together; recognise the result"),
    ),
    rules="""- Confer first, then one person answers; the speaker changes each time.
- A correct answer scores one point, a good reason one extra point.
- Teams do not answer their own questions.""",
    more="""## Variations

- **Easier:** offer multiple-choice answers; allow exercise books
- **Harder:** only answers with a reason count
- **Quieter:** write answers on cards instead of calling them out

## Debrief

Three prompts for the discussion: Which question was the hardest? What was new? What should we \
practise again?""",
)
_GROUP = ActivityForm(
    name="Jigsaw group work",
    goal="Pupils become experts on one part of “{topic}” and explain it clearly to others.",
    material="[one text or task on “{topic}” for each expert group], note sheets, coloured cards "
    "for forming groups",
    steps=(
        Step("Introduction", 2, "Explain aim and procedure; form home and expert groups"),
        Step("Expert groups", 7, "Work out one aspect: [list the aspects]"),
        Step("Home groups", 6, "Explain the aspects to each other and take notes"),
        Step("Sharing results", 3, "Bring the results together with the whole class"),
        Step("Reflection", 2, "Talk about the result and how the groups worked together"),
    ),
    rules="""- Everyone explains their own part without reading it out.
- Listeners ask questions until everything is clear.
- Roles in each group: timekeeper, resources, notes, chair.""",
    more="""## Variations

- **Easier:** give guiding questions and sentence starters for each aspect
- **Harder:** groups choose their aspects and give reasons
- **Small class:** work in pairs on two aspects

## Debrief

Three prompts for the discussion: What is clear now? Which explanation helped most? What could \
the groups do even better next time?""",
)
_ROLEPLAY = ActivityForm(
    name="Role play",
    goal="Pupils argue for positions on “{topic}” and get to know other points of view.",
    material="Role cards: [three to five roles with a position on “{topic}”], observation sheet",
    steps=(
        Step("Introduction", 3, "Set the scene: [situation]; give out the roles"),
        Step("Preparation", 5, "Collect and order arguments in role groups"),
        Step("Performance", 5, "Act out the scene; everyone else observes with a task"),
        Step("Evaluation", 4, "Share observations and compare arguments"),
        Step("Closing", 3, "Step out of the roles; state personal opinions"),
    ),
    rules="""- The role is speaking, not the person; nobody is embarrassed.
- Observers do not interrupt; they take notes.
- The scene stops at once at an agreed signal.""",
    more="""## Variations

- **Easier:** sentence starters and arguments on the role cards
- **Harder:** swap roles half-way through
- **Large class:** act out several scenes at the same time

## Debrief

Three prompts for the discussion: Which argument was convincing? What was difficult about the \
role? How could the conflict be resolved?""",
)

_LETTER = """[Name and address of the school]

[Date]

**Re: {topic}** ({grade})

Dear Parents and Carers,

I am writing to inform you about the matter named above. [Describe the occasion in one or two \
sentences.]

The key information at a glance:

- **Date and time:** [date, start and end]
- **Place:** [place or meeting point]
- **Cost:** [amount and method of payment, or “none”]
- **Please provide:** [materials, clothing, food, or “nothing”]
{more}
Please complete the reply slip and return it with your child by [date]. If you have any questions, \
you can reach me at [phone or email].

Yours faithfully,

[Name, position]

---

**Reply slip** – please return by [date]

Child’s name: ………………………………… Class: …………

I have read the letter “{topic}”.

- ☐ My child will take part.
- ☐ My child will not take part.
- ☐ I would like to arrange a meeting.

(Please tick what applies.)

Date: …………………

Signature of parent or carer: …………………………………"""

_LETTER_MORE = """
[Add the schedule or further notes, for example on supervision, allergies, medication or photos.]

If the cost is difficult for you, please speak to me in confidence, and we will find a solution.
"""

_GENERAL = """Without an AI model I cannot answer subject questions. What I can draft for you at \
once are templates that only need your content:

- **Lesson plan** as a table of phases with timings that add up
- **Worksheet** or **class test** with tasks at three levels, and marks
- **Rubric** with grade boundaries
- **Activity** such as a quiz, jigsaw group work or a role play
- **Parent letter** with a reply slip

One sentence is enough, for example: “Biology lesson plan for Year 8, 45 minutes, on the topic of \
photosynthesis”."""

ENGLISH = Texts(
    label=DEMO_LABEL_EN,
    no_topic="[topic]",
    no_subject="[subject]",
    no_grade="[class]",
    unit=("mark", "marks"),
    refusals={
        "minutes": "**Note:** 5 to 600 minutes are possible (requested: {asked}). This draft uses "
        "{used} minutes.",
        "points": "**Note:** 15 to 200 marks are possible (requested: {asked}). This draft uses "
        "{used} marks.",
        "tasks": "**Note:** 3 to 10 tasks are possible (requested: {asked}). This draft has "
        "{used}.",
    },
    questions={
        "lesson_plan": "What topic should the lesson be about?",
        "worksheet": "What topic should the tasks be about?",
        "rubric": "What piece of work would you like to assess?",
        "activity": "What topic should the activity be about?",
        "parent_letter": "What is the letter about?",
    },
    hint="To change it, one short sentence is enough, for example {examples}.",
    hint_examples={
        "lesson_plan": "“shorter”, “again for Year 7” or “turn it into a worksheet”",
        "worksheet": "“with 8 tasks”, “again for Year 7” or “turn it into a quiz”",
        "rubric": "“with 40 marks” or “again for Year 7”",
        "activity": "“again with 30 minutes” or “turn it into a worksheet”",
        "parent_letter": "“shorter” or “in German”",
    },
    phases=((240, _DAY), (120, _LONG), (15, _LESSON), (5, _SHORT)),
    plan=_PLAN,
    plan_more=_PLAN_MORE,
    worksheet_names={None: "Worksheet", "exam": "Class test"},
    worksheet=_WORKSHEET,
    worksheet_time=" · **Time:** {minutes} minutes",
    task=_TASK,
    task_help="\n\n*Help: look the terms up in your exercise book or textbook. Word bank: "
    "[five words on “{topic}”]*",
    solutions=_SOLUTIONS,
    solution="[answer to task {number}]",
    level="level {name}: {points}",
    tasks=_TASKS,
    rubric=_RUBRIC,
    rubric_more=_RUBRIC_MORE,
    criteria=_CRITERIA,
    grade_key=_GRADE_KEY,
    grades=("A", "B", "C", "D", "E", "U"),
    grade_floors=("from {percent}%", "below {percent}%"),
    activity=_ACTIVITY,
    activities={"quiz": _QUIZ, "group": _GROUP, "roleplay": _ROLEPLAY},
    letter=_LETTER,
    letter_more=_LETTER_MORE,
    general=_GENERAL,
    general_question="What shall I draft for you?",
    general_question_topic="What shall I draft for you on “{topic}”?",
    choices="- Lesson plan\n- Worksheet\n- Rubric\n- Activity",
)

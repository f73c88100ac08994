"""The topic of a message: quoted, after a cue word, or what is left of a short request."""

import re
import unicodedata

from chats.providers.template.kinds import Span
from chats.providers.template.language import detect_language, word_set

# Stands where another slot was read, and so ends a topic.
MASK = "\0"

_FLAGS = re.IGNORECASE
_RESIDUAL_LENGTH = 200
_RESIDUAL_WORDS = 6

_QUOTED = re.compile(
    r"(?:thema|titel|topic|title|titled|über|about|on|zu|zum|zur)\b(?: (?:ist|lautet|is|of))?"
    r" ?[:=]? ?[\"“”„»«‚‘'`]([^\"“”„»«\n]{1,400}?)[\"“”«»’‘'`](?!\w)",
    _FLAGS,
)
_REST = rf"([^{MASK}\n;!?]{{1,300}})"
_TIMES = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|time\b|paper\b|the board"
_NOT_A_TOPIC = r"beispiel\b|hause\b|ausdrucken|verfügung|bewertung\b|schluss\b|beginn\b|download"
_REFERS_BACK = re.compile(
    r"kürz|knapper|länger|ausführlich|noch ?mal|noch ?einmal|statt ?dessen|lieber|daraus|anders"
    r"|\bdazu\b|\bdafür\b|\bshorter|\bbriefer|\blonger|\bagain\b|\binstead\b|\bconcise"
    r"|\b(?:out of|from|turn|make) (?:it|this|that)\b|\bauf (?:englisch|deutsch)"
    r"|\bin (?:english|german)",
    _FLAGS,
)
_CUES = tuple(
    re.compile(cue + _REST, flags)
    for cue, flags in (
        (r"\b(?:themen?|thema|topics?)\b(?: der (?:stunde|einheit|reihe))?"
         r"(?: (?:ist|sind|lautet|is|of|will be)\b| ?[:=–-])* ?", _FLAGS),
        (r"\b(?:über|about|regarding|concerning|bezüglich|wegen|dealing with)\b:? ", _FLAGS),
        (rf"\bon (?!{_TIMES})", _FLAGS),
        (rf"\b[Zz]u(?:[mr]| de[nmr])? (?!(?i:{_NOT_A_TOPIC}))(?=[A-ZÄÖÜ0-9])", re.NOFLAG),
        (rf"(?<={MASK} )zu(?:[mr]| de[nmr])? ", _FLAGS),
    )
)  # fmt: skip
_CLAUSE = word_set(
    "bitte mit für in im die der das den wobei sodass damit so weil da ich sie es wir aber gern "
    "gerne am an auf bei ohne inklusive inkl etwa ca ungefähr maximal möglichst dauer und zwar "
    "please with for including it that which lasting make i we at about but so as use no"
)
_END = re.compile(
    rf"(?<![\d.])(?<!\b[A-Za-z])\.(?:\s|$)|,(?= ?(?:{'|'.join(sorted(_CLAUSE))})\b)"
    r"|\s(?:für|for)\s(?:die|meine|eine|unsere|my|our|a|an|the|all|kids|children|pupils|students)\b"
    r"|\s(?:mit|with|including|inklusive|inkl\.?)\s(?:lösung|musterlösung|aufgaben|erwartung"
    r"|hilfe|solution|answer|tasks|help)"
    r"|\s(?:lasting|please|bitte|(?:in|auf) (?:english|german|englisch|deutsch))\b"
    r"|\sund\s(?:mach|erstell|füg|schreib)|\sand\s(?:make|add)\b",
    _FLAGS,
)
_GERMAN_ARTICLES = word_set("die der das den dem des ein eine einen einem einer")
_FILLERS = _GERMAN_ARTICLES | word_set(
    "the a an formuliere "
    "für for in im into mit with am auf at of ca etwa ungefähr about around von bei zu zum zur als "
    "as and und oder or lasting dauer zeit fach subject thema topic bitte please planen erstellen "
    "machen schreiben entwerfen vorbereiten ausarbeiten generieren geben formulieren vor ich "
    "brauche bräuchte möchte will hätte gern gerne mir uns erstelle mach mache schreibe schreib "
    "plane entwirf kannst können könnten könntest du sie meine meiner meinen mein unser unsere "
    "unseren unserer morgen heute jetzt schnell kurz kurzes kurze kurzen tolles tolle gutes guten "
    "gute schönes neues neue neuen passendes passende passenden über noch mal nochmal daraus dann "
    "hallo hi guten tag danke auch wie was ist dafür dazu hilf helfen gib das stunde stunden "
    "unterricht klasse schule gruppe eines jetzt stattdessen bitteschön i need want would like me "
    "make create write give could can you my our on about to some quick short new good nice help "
    "hello thanks lesson plan class school draft design generate prepare it that this from "
    "out again now instead same gleichen gleiche gleich selben dieses diesem diesen then also "
    "only just but aber nur lieber rather turn verwandle wandle um"
)
_CONJUNCTIONS = word_set("dass daß weil wenn damit ob wir es that because if when whether we it")
_VAGUE = word_set("simple easy fun great interactive engaging differentiated detailed")
_COURTESIES = word_set(
    "danke dankeschön super toll prima ja nein ok okay gut perfekt hallo hi hey moin servus "
    "thanks thank great yes no good perfect hello fine"
)


def find_quoted_topic(text: str) -> tuple[str | None, list[Span]]:
    """Return the topic in quotation marks after a cue word, and its span."""
    match = _QUOTED.search(text)
    if match is None or not _has_content(match.group(1)):
        return None, []
    return match.group(1).strip(), [match.span()]


def refers_back(text: str) -> bool:
    """Whether a message speaks of an earlier draft ("kürzer", "turn it into …")."""
    return _REFERS_BACK.search(text) is not None


def find_topic(masked: str, *, residual: bool) -> str | None:
    """Return the topic after a cue word; else, if `residual`, what no slot has used."""
    for cue in _CUES:
        for match in cue.finditer(masked):
            if topic := _trimmed(match.group(1)):
                return topic
    return _left_over(masked) if residual else None


def bare_topic(masked: str) -> str | None:
    """Return an answer that is nothing but a topic ("Photosynthese"), courtesies excepted."""
    topic = None if "?" in masked else _left_over(masked)
    words = topic.lower().split() if topic else []
    return None if not words or words[0].strip(",.!") in _COURTESIES else topic


def _trimmed(rest: str) -> str | None:
    end = _END.search(rest)
    words = (rest[: end.start()] if end else rest).split()
    while words and _is_filler(words[-1]):
        words.pop()
    while len(words) > 1 and words[0].lower() in _GERMAN_ARTICLES:
        words.pop(0)
    topic = " ".join(words).strip(" ,.:–-()\"'“”„")
    return topic if _has_content(topic) else None


def _left_over(masked: str) -> str | None:
    """Return the one run of words that says neither slot nor filler, if there is one."""
    if len(masked) > _RESIDUAL_LENGTH:
        return None
    runs = [run for part in re.split(rf"[{MASK}\n.;:!?()]+", masked) if (run := _bare_run(part))]
    if len(runs) != 1 or len(runs[0]) > _RESIDUAL_WORDS:
        return None
    topic = " ".join(runs[0]).strip(",–- ")
    if runs[0][0].lower() in _CONJUNCTIONS or not _could_be_a_noun(topic, masked):
        return None
    is_vague = _VAGUE.issuperset(topic.lower().split())
    return topic if _has_content(topic) and not is_vague else None


def _could_be_a_noun(topic: str, masked: str) -> bool:
    """German writes nouns with a capital: "ein wunderbares Arbeitsblatt" names no topic."""
    is_prose = detect_language(masked) == "de" and masked != masked.lower()
    return not (is_prose and topic.isalpha() and topic.islower())


def _bare_run(part: str) -> list[str]:
    words = part.split()
    while words and _is_filler(words[0]):
        words.pop(0)
    while words and _is_filler(words[-1]):
        words.pop()
    # A lone sign is no topic: the "3" of "3. Klassenarbeit", a dash, a bullet.
    return words if len("".join(words)) > 1 else []


def _is_filler(word: str) -> bool:
    return word.lower().strip(",.:–-()") in _FILLERS or not _has_content(word)


def _has_content(text: str) -> bool:
    """Letters, digits and emoji are content; punctuation, spaces and controls are not."""
    return any(unicodedata.category(character)[0] not in "PZC" for character in text)

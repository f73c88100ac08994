"""Exported files, read back by other programs than those that wrote them."""

import re
import zipfile
from io import BytesIO
from xml.etree import ElementTree

import pypdf
from docx import Document
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode


def squeezed(text):
    """A text without white space, which every format sets as it likes."""
    return re.sub(r"\s+", "", text)


def docx_text(content):
    file = Document(BytesIO(content))
    cells = [cell.text for table in file.tables for row in table.rows for cell in row.cells]
    return squeezed("".join([*(each.text for each in file.paragraphs), *cells]))


def pdf_text(content):
    return squeezed(
        "".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(content)).pages)
    )


def md_text(content):
    return squeezed(plain(SyntaxTreeNode(MarkdownIt().enable("table").parse(content.decode()))))


def plain(node):
    if node.type in {"text", "code_inline"}:
        return node.content
    return "".join(map(plain, node.children))


READERS = {"docx": docx_text, "pdf": pdf_text, "md": md_text}


def moodle_key(content):
    """Text and answers of each question of a Moodle XML file."""
    return [
        (question.findtext("questiontext/text"), moodle_answers(question))
        for question in ElementTree.fromstring(content)
        if question.get("type") != "category"
    ]


def moodle_answers(question):
    kind = question.get("type")
    if kind == "matching":
        return [(each.findtext("text"), each.findtext("answer/text"))
                for each in question.iter("subquestion")]  # fmt: skip
    if kind == "essay":
        return question.findtext("graderinfo/text")
    right = [each.findtext("text") for each in question.iter("answer")
             if float(each.get("fraction")) > 0]  # fmt: skip
    if kind == "truefalse":
        return right == ["true"]
    return [text.replace("\\*", "*") for text in right] if kind == "shortanswer" else right


def unescaped(text):
    return re.sub(r"\\(.)", lambda each: "\n" if each[1] == "n" else each[1], text)


def gift_key(content):
    """Text and answers of each question of a GIFT file."""
    questions = []
    for block in content.decode().split("\n\n"):
        found = re.fullmatch(
            r"::(?:\\.|[^\\])*?::\[plain\]((?:\\.|[^\\{])*) \{(.*)\n\}\n?", block, re.DOTALL
        )
        if found:
            questions.append((unescaped(found[1]), gift_answers(found[2])))
    return questions


def gift_answers(key):
    lines = [line[1:] for line in key.split("\n") if line and not line.startswith("\t####")]
    if lines in (["TRUE"], ["FALSE"]):
        return lines == ["TRUE"]
    if any(" -> " in line for line in lines):
        return [tuple(map(unescaped, line[1:].split(" -> ", 1))) for line in lines]
    weighed = [re.fullmatch(r"[~=]%(-?[\d.]+)%(.*)", line, re.DOTALL) for line in lines]
    return [unescaped(each[2]) for each in weighed if float(each[1]) > 0]


def qti_key(content):
    """Text and answers of each item of a QTI package, in the order of its test."""
    with zipfile.ZipFile(BytesIO(content)) as package:
        assert package.testzip() is None
        test = qti_words(package.read("test.xml"))
        paths = [each.get("href") for each in test.iter("assessmentItemRef")]
        return [qti_item(qti_words(package.read(path))) for path in paths]


def qti_words(content):
    """A file of QTI in the words of version 2.1, without namespaces."""
    root = ElementTree.fromstring(content)
    for element in root.iter():
        element.tag = camel(re.sub(r"^\{.*\}(qti-)?", "", element.tag))
        element.attrib.update({camel(name): value for name, value in element.attrib.items()})
    return root


def camel(name):
    return re.sub("-([a-z])", lambda each: each[1].upper(), name)


def qti_item(item):
    body, declared = item.find("itemBody"), item.find("responseDeclaration")
    interaction = next(each for each in body.iter() if each.tag.endswith("Interaction"))
    texts = {each.get("identifier"): each.text for each in interaction.iter()
             if each.get("identifier")}  # fmt: skip
    values = [each.text for each in declared.findall("correctResponse/value")]
    match interaction.tag, declared.get("baseType"):
        case "textEntryInteraction", _:
            answers = [each.get("mapKey") for each in declared.iter("mapEntry")]
            return body.findtext("p"), answers
        case "extendedTextInteraction", _:
            answers = body.findtext("rubricBlock//p")
        case _, "directedPair":
            answers = [tuple(texts[name] for name in value.split()) for value in values]
        case _:
            is_true_false = set(texts) == {"true", "false"}
            answers = values == ["true"] if is_true_false else [texts[name] for name in values]
    return interaction.findtext("prompt"), answers

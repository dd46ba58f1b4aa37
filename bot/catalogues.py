"""What keeps the catalogues whole: finds the sentences in the code, updates the .po files, tells what is wrong.

`python -m bot.catalogues check` prints nothing and returns 0 when all is well, `... update` is what `make i18n` runs.
"""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from string import Formatter

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from bot.i18n import TAG, catalogue_path
from policy.people import Language

CODE = Path(__file__).parent
KEYWORDS: dict[str, tuple[int, ...] | None] = {"texts": None, "plain": None, "msgid": None, "many": (1, 2)}
CYRILLIC = re.compile(r"[\u0400-\u04ff]")
HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plural}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
SPOKEN = {"Screen", "Button", "Html", "answer"}  # what their first argument says is read by people


def main(arguments: Sequence[str]) -> int:
    """Check or update; returns the exit code."""
    if list(arguments) == ["update"]:
        update()
        return 0
    if list(arguments) == ["check"]:
        problems = list(check())
        sys.stderr.writelines(f"{problem}\n" for problem in problems)
        return 1 if problems else 0
    sys.stderr.write("python -m bot.catalogues check | update\n")
    return 2


def extracted() -> Catalog:
    """Return every sentence of the code."""
    catalogue = Catalog()
    found = extract_from_dir(CODE, method_map=[("**.py", "python")], keywords=KEYWORDS, options_map={})
    for _, _, sentence, _, _ in found:
        catalogue.add(sentence)
    return catalogue


def update() -> None:
    """Add new sentences to the catalogues, untranslated, and drop those the code no longer says; guesses nothing."""
    template = extracted()
    for language in Language:
        catalogue = read(language)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        written = BytesIO()
        write_po(written, catalogue, no_location=True, sort_output=True, width=120, omit_header=True)
        header = HEADER.format(language=language.value, plural=catalogue.plural_forms)
        catalogue_path(language).write_text(header + written.getvalue().decode(), "utf-8")


def read(language: Language) -> Catalog:
    """Return a language's catalogue; raises PoFileError for one that cannot be read."""
    with catalogue_path(language).open("rb") as source:
        return read_po(source, locale=language.value, abort_invalid=True)


def check() -> Iterator[str]:
    """Tell everything that is wrong, a line each."""
    template = extracted()
    for language in Language:
        path, catalogue = catalogue_path(language), read(language)
        for message in template:
            if message.id and catalogue.get(message.id) is None:
                yield f"{path}: missing: {message.id!r} (make i18n)"
        for message in catalogue:
            yield from (f"{path}: {problem}: {message.id!r}" for problem in _wrong(message, template, catalogue))
        for sentence in catalogue.obsolete:
            yield f"{path}: no longer said: {sentence!r} (make i18n)"
    for path in sorted(CODE.rglob("*.py")):
        yield from (f"{path}:{line}: {problem}" for line, problem in literals(path.read_text("utf-8")))


def _wrong(message: Message, template: Catalog, catalogue: Catalog) -> Iterator[str]:
    if not message.id:
        return
    sources = [message.id] if isinstance(message.id, str) else list(message.id)
    forms = [message.string] if isinstance(message.string, str) else list(message.string or ())
    if message.fuzzy:
        yield "fuzzy"
    if template.get(message.id) is None:
        yield "no longer said (make i18n)"
    if len(sources) > 1 and len(forms) != catalogue.num_plurals:
        yield f"{len(forms)} plural forms instead of {catalogue.num_plurals}"
    for form in forms:
        if not form.strip():
            yield "untranslated"
        elif not any(_places(form) == _places(source) for source in sources):
            yield f"places differ: {form!r}"
        elif sorted(TAG.findall(form)) != sorted(TAG.findall(sources[0])):
            yield f"tags differ: {form!r}"


def _places(sentence: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def literals(code: str) -> Iterator[tuple[int, str]]:
    """Find what people would read that is not in the catalogues: Cyrillic anywhere, words handed to a screen."""
    tree = ast.parse(code)
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            if CYRILLIC.search(node.value):
                yield node.lineno, f"hard-coded: {node.value!r}"
        elif isinstance(node, ast.Call) and _name(node.func) in SPOKEN:
            for said in node.args[:1]:
                if _says(said):
                    yield node.lineno, f"not in the catalogues: {ast.unparse(said)}"


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _says(said: ast.expr) -> bool:
    parts = said.values if isinstance(said, ast.JoinedStr) else [said]
    return any(
        isinstance(part, ast.Constant) and re.search(r"[A-Za-z]", TAG.sub("", str(part.value))) for part in parts
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

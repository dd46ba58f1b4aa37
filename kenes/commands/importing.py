"""`kenes import` and `kenes undo`: files of the university's systems, shown first, loaded whole, taken back whole.

Both speak Kazakh or Russian where the locale (`LC_ALL`, `LC_MESSAGES`, `LANG`) does, else English.
"""

import os
import sys
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from kenes.commands.bar import bar
from kenes.commands.opening import Opened, read_environment, with_database, with_none
from policy.decision import Refused
from services.importing import (
    GIVABLE,
    Given,
    Imported,
    Kind,
    Preview,
    Refusal,
    Stale,
    Unacceptable,
    Undone,
    UndoRefusal,
    UndoRefused,
    apply,
    describe,
    differences_csv,
    name_of,
    preview,
    read_given,
    refused_csv,
)
from services.importing import (
    undo as undo_import,
)
from services.importing.columns import columns_of
from services.importing.undoing import propose_undo
from services.importing.wording import Tongue
from services.motions.moving import expires_at
from storage.migrations import is_there
from storage.records import Motion

REFUSED = 1
FIRST_REFUSALS = 20
FIRST_DIFFERENCES = 10
OPTIONS = {"period": "--period 2025-2026/1", "course_code": "--course MAT1105"}


@click.command("import")
@click.argument("kind", metavar="KIND", type=click.Choice([kind.value for kind in Kind]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--period", help="The period of all rows, as 2025-2026/1, where the file does not say it.")
@click.option("--course", help="The course code of all rows, where the file does not say it.")
@click.option("--dry-run", is_flag=True, help="Only show what it would do.")
@click.option("--yes", is_flag=True, help="Load without asking.")
def import_file(kind: str, file: Path, *, period: str | None, course: str | None, dry_run: bool, yes: bool) -> None:
    """Load a FILE (CSV, XLSX, XLS, ODS), all of it or nothing.

    KIND is students, staff, marks, components, calendar, days or exams.

    Exit status: 0 done or nothing to do, 1 refused (nothing changed), 2 wrong use.
    """
    words = _words()
    given = _given(Kind(kind), period, course, words)
    environment = read_environment()
    if not (dry_run or yes or sys.stdin.isatty()):
        raise click.UsageError(words["no_terminal"])

    async def task(opened: Opened) -> int:
        with bar(words["reading"]) as progress:
            async with opened.database.read() as storage:
                shown = await preview(
                    storage,
                    kind=Kind(kind),
                    source=file,
                    file_name=file.name,
                    profile=opened.profile,
                    now=opened.now,
                    given=given,
                    progress=progress,
                )
        _show(shown, file, words, opened.profile.university.zone, keep=not dry_run)
        if shown.refused:
            return REFUSED
        if shown.nothing_to_do:
            click.echo(words["nothing"])
            return 0
        if dry_run:
            click.echo(words["dry"])
            return 0
        if not yes and not (click.confirm(words["ask"]) and _sure(shown, words)):
            click.echo(words["declined"])
            return REFUSED
        with bar(words["loading"]) as progress:
            async with opened.database.write() as storage:
                outcome = await apply(storage, shown, now=environment.clock.now(), actor=None, progress=progress)
        return _told(outcome, kind, file, words)

    if not dry_run:
        sys.exit(with_database(task, environment))
    if is_there(environment.settings.database_url):
        sys.exit(with_database(task, environment, reads=True))
    click.echo(words["no_records"], err=True)
    sys.exit(with_none(task, environment))


def _given(kind: Kind, period: str | None, course: str | None, words: dict[str, str]) -> Given:
    """Return what the options say of the file; raises UsageError for what cannot be said."""
    told: dict[str, str] = {}
    for name, option, written in (("period", "--period", period), ("course_code", "--course", course)):
        if written is None:
            continue
        if name not in columns_of(kind).fields:
            raise click.UsageError(words["not_of_kind"].format(option=option, kind=kind))
        try:
            told[name] = read_given(name, written)
        except Unacceptable as error:
            reason = describe(Refusal(error.reason, arguments=error.arguments), _tongue())
            raise click.BadParameter(reason, param_hint=option) from None
    return Given(**told)


def _sure(shown: Preview, words: dict[str, str]) -> bool:
    """Ask once more where students could no longer appeal, or only for a moment."""
    return shown.marks is None or not any(shown.marks.hurries) or click.confirm(words["ask_again"])


@click.command
@click.argument("import_id", type=click.IntRange(min=1))
@click.option("--reason", help="Why it is taken back; kept in the history.")
@click.option("--yes", is_flag=True, help="Take back without asking.")
def undo(import_id: int, *, reason: str | None, yes: bool) -> None:
    """Take the import IMPORT_ID back as a whole, or propose it where that takes a second person.

    Whoever may confirms it in the chat, never the command line.

    Exit status: 0 done or proposed, 1 refused (nothing changed), 2 wrong use.
    """
    words = _words()
    asking = sys.stdin.isatty()
    if not (yes or asking):
        raise click.UsageError(words["no_terminal"])
    why = reason or (click.prompt(words["reason"]) if asking else "")
    if not why.strip():
        raise click.UsageError(words["no_reason"])

    async def task(opened: Opened) -> int:
        if not yes:
            async with opened.database.read() as storage:
                there = await storage.imports.by_id(import_id)
            if there and not click.confirm(
                words["ask_undo"].format(
                    id=import_id,
                    kind=there.kind,
                    file=there.file_name,
                    at=there.at.astimezone(opened.profile.university.zone).strftime("%d.%m.%Y %H:%M"),
                )
            ):
                return REFUSED
        now, profile = opened.now, opened.profile
        async with opened.database.write() as storage:
            outcome: Undone | Motion | UndoRefused | Refused[Any] = await undo_import(
                storage, import_id, now=now, actor=None, reason=why, profile=profile
            )
            if isinstance(outcome, UndoRefused) and outcome.reason is UndoRefusal.TWO_NEEDED:
                outcome = await propose_undo(storage, import_id, by=None, reason=why, now=now, profile=profile)
        if isinstance(outcome, Motion):
            until = expires_at(outcome, profile).astimezone(profile.university.zone)
            click.echo(words["undo_moved"].format(number=outcome.id, until=until.strftime("%d.%m.%Y %H:%M")))
            return 0
        if isinstance(outcome, Refused):
            click.echo(words[outcome.reason], err=True)
            return REFUSED
        if isinstance(outcome, UndoRefused):
            click.echo(words[outcome.reason].format(id=import_id), err=True)
            for each in outcome.dependents:
                cause = each.cause if each.cause_id is None else f"{each.cause} {each.cause_id}"
                click.echo(words["dependent"].format(object=each.object, key=" ".join(each.key), cause=cause), err=True)
            return REFUSED
        click.echo(words["undone"].format(id=import_id, objects=outcome.objects, students=len(outcome.students)))
        return 0

    sys.exit(with_database(task))


def _show(shown: Preview, file: Path, words: dict[str, str], zone: ZoneInfo, *, keep: bool) -> None:
    """Print what an import would do; all that is wrong, or changes, is kept beside the file, if it is to be kept."""
    counts = shown.rows
    told: dict[str, Any] = {"new": counts.new, "changed": counts.changed, "same": counts.same}
    click.echo(words["rows"].format(file=file.name, kind=shown.kind, refused=counts.refused, **told))
    for name, each in shown.objects.items():
        click.echo(words["objects"].format(object=name, new=each.new, changed=each.changed))
    for fact in shown.marks.facts(zone) if shown.marks else ():
        click.echo(f"  {describe(fact, _tongue())}")
    _show_differences(shown, file, words, keep=keep)
    for notice in (*shown.notices, *(shown.marks.warnings(zone) if shown.marks else ())):
        click.echo(f"! {describe(notice, _tongue())}")
    if not shown.refused:
        return
    for refusal in shown.refusals[:FIRST_REFUSALS]:
        click.echo(f"- {_place(refusal, words)}: {describe(refusal, _tongue())}", err=True)
    beside = file.with_name(file.name + ".refused.csv")
    if not keep:
        click.echo(words["more_refused"].format(count=len(shown.refusals), file=beside.name), err=True)
    elif _written(beside, refused_csv(shown.refusals, _tongue()), words):
        click.echo(words["all_refused"].format(count=len(shown.refusals), file=beside), err=True)
    if shown.asks:
        click.echo(words["asks"].format(options=" ".join(OPTIONS[name] for name in GIVABLE if name in shown.lacks)))
    click.echo(words["refused"], err=True)


def _show_differences(shown: Preview, file: Path, words: dict[str, str], *, keep: bool) -> None:
    number, first = shown.differences.number, shown.differences.first[:FIRST_DIFFERENCES]
    for each in first:
        change = {"value": name_of(each.value, _tongue()), "before": each.before or "–", "after": each.after or "–"}
        click.echo(words["difference"].format(which=" ".join(each.key), **change))
    beside = file.with_name(file.name + ".changes.csv")
    if number > len(first) and not keep:
        click.echo(words["more_differences"].format(count=number, file=beside.name))
    elif number > len(first) and _written(beside, differences_csv(shown.plan, _tongue()), words):
        click.echo(words["all_differences"].format(count=number, file=beside))


def _written(path: Path, content: bytes, words: dict[str, str]) -> bool:
    try:
        path.write_bytes(content)
    except OSError as error:
        click.echo(words["not_written"].format(file=path, error=error.strerror), err=True)
        return False
    return True


def _place(refusal: Refusal, words: dict[str, str]) -> str:
    place = words["place_file"] if refusal.row is None else words["place_row"].format(row=refusal.row)
    parts = [
        refusal.sheet or "",
        place,
        refusal.column or "",
        words["told"].format(value=refusal.value) if refusal.value else "",
    ]
    return ", ".join(part for part in parts if part)


def _told(outcome: Imported | Stale, kind: str, file: Path, words: dict[str, str]) -> int:
    if isinstance(outcome, Stale):
        click.echo(words["stale"].format(kind=kind, file=file), err=True)
        return REFUSED
    click.echo(words["done"].format(id=outcome.import_id))
    return 0


def _tongue() -> Tongue:
    locale = next((told for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (told := os.environ.get(name))), "")
    return "kk" if locale.startswith("kk") else "ru" if locale.startswith("ru") else "en"


def _words() -> dict[str, str]:
    told = tomllib.loads(files("kenes.commands").joinpath("importing.toml").read_text(encoding="utf-8"))
    words: dict[str, str] = told[_tongue()]
    return words

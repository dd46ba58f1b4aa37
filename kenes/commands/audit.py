"""`kenes audit`: who did what to what, when, from which update, before and after; and who of the staff read what."""

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, tzinfo
from pathlib import Path

import click

from kenes.commands.opening import Opened, with_database
from services.importing.refused import harmless
from storage.columns import to_json
from storage.records import Change
from storage.written import written_whole

SHOWN = 50
COLUMNS = ("at", "actor", "act", "object", "key", "about", "before", "after", "why", "cause", "cause_id", "update_id")
DAY = ["%Y-%m-%d", "%d.%m.%Y"]
INSTANT = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M"]


@click.command
@click.argument("key", nargs=-1)
@click.option("--person", metavar="ID", help="Only what this person did, or what concerns them.")
@click.option(
    "--object", "object_", metavar="KIND", help="Only this kind of object: attempt, role, link, correction, request ..."
)
@click.option("--since", type=click.DateTime([*DAY, *INSTANT]), help="Only from this day or instant on.")
@click.option("--limit", type=click.IntRange(min=1), help=f"At most so many; {SHOWN} unless written to a file.")
@click.option("--csv", "csv_file", type=click.Path(dir_okay=False, path_type=Path), help="Write a table instead.")
def audit(
    key: tuple[str, ...],
    *,
    person: str | None,
    object_: str | None,
    since: datetime | None,
    limit: int | None,
    csv_file: Path | None,
) -> None:
    """Show what was done and what the staff read, newest first.

    KEY is what names the object, or its beginning: `kenes audit --object attempt 02500065 2025-2026/1`.
    """
    if key and object_ is None:
        raise click.UsageError("A KEY needs --object KIND.")

    async def task(opened: Opened) -> int:
        zone = opened.profile.university.zone
        async with opened.database.read() as storage:
            found = storage.changes.found(
                person_id=person,
                object_=object_,
                key=key,
                since=since and _instant(since, zone),
                limit=limit or (None if csv_file else SHOWN),
            )
            return await (_print(found, zone) if csv_file is None else _write(found, csv_file))

    count = with_database(task, reads=True)
    if csv_file:
        click.echo(f"{count} lines: {csv_file}. It holds personal data: keep it as you keep the records.")
    elif not count:
        click.echo("Nothing found.")
    elif limit is None and count == SHOWN:
        click.echo(f"The latest {SHOWN}; more with --limit or --csv.", err=True)


def _instant(since: datetime, zone: tzinfo) -> datetime:
    return since.replace(tzinfo=zone)


async def _print(found: AsyncIterator[Change], zone: tzinfo) -> int:
    count = 0
    async for change in found:
        count += 1
        who = change.actor or ("command line" if change.update_id is None else "somebody not linked")
        said = [f"{change.at.astimezone(zone):%Y-%m-%d %H:%M:%S}", who, _act(change), change.object, *change.key]
        click.echo(" ".join(said) + _circumstances(change))
        for before, after, name in _differences(change.before or {}, change.after or {}):
            click.echo(f"    {name}: {before} -> {after}")
        if change.why:
            click.echo(f"    why: {' '.join(change.why.split())}")
    return count


def _act(change: Change) -> str:
    if change.act:
        return change.act
    return "made" if change.before is None else "withdrew" if change.after is None else "changed"


def _circumstances(change: Change) -> str:
    told = [change.cause if change.cause_id is None else f"{change.cause} {change.cause_id}"]
    if change.update_id is not None:
        told.append(f"update {change.update_id}")
    return f" ({', '.join(told)})"


def _differences(before: Mapping[str, object], after: Mapping[str, object]) -> list[tuple[str, str, str]]:
    """Return old, new and name of what differs; a dash where there was or is nothing."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return [(_said(before.get(name)), _said(after.get(name)), name) for name in names]


def _said(value: object) -> str:
    return "-" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


async def _write(found: AsyncIterator[Change], file: Path) -> int:
    """Write a table that spreadsheet programs in Kazakhstan open as it is; no cell can act as a formula."""
    count = 0
    with written_whole(file) as output:
        text = io.TextIOWrapper(output, "utf-8-sig", newline="")
        writer = csv.writer(text, delimiter=";")
        writer.writerow(COLUMNS)
        async for change in found:
            count += 1
            cells = {name: getattr(change, name) for name in COLUMNS} | {
                "act": _act(change),
                "key": " ".join(change.key),
            }
            writer.writerow(_cell(cells[name]) for name in COLUMNS)
        text.flush()
        text.detach()
    return count


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return harmless(to_json(value) if isinstance(value, Mapping) else str(value))

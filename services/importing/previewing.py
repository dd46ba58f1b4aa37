"""The preview: a file read in a thread, then compared with the records by the comparison of its kind."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from policy.profile import Profile
from services.importing.calendars import compare_calendar, compare_days, compare_exams
from services.importing.columns import Kind
from services.importing.components import compare_components
from services.importing.differences import differences
from services.importing.draft import NAMED, Draft
from services.importing.given import NOTHING, Given
from services.importing.guarding import by_two, replaced_phones
from services.importing.marks import compare_marks
from services.importing.opening import opened
from services.importing.parsing import read_file
from services.importing.people import compare_staff, compare_students
from services.importing.plan import Progress
from services.importing.previews import Preview
from services.importing.problems import Notice
from services.importing.respelling import respell
from services.importing.scope import WHOLE_UNIVERSITY, Scope
from services.importing.summarising import summarise
from services.tabular import Reading
from storage.unit import Storage

FIRST_DIFFERENCES = 20  # as many as any screen shows

COMPARE: Mapping[Kind, Callable[[Draft], Awaitable[None]]] = {
    Kind.STUDENTS: compare_students,
    Kind.STAFF: compare_staff,
    Kind.MARKS: compare_marks,
    Kind.COMPONENTS: compare_components,
    Kind.CALENDAR: compare_calendar,
    Kind.DAYS: compare_days,
    Kind.EXAMS: compare_exams,
}


async def preview(
    storage: Storage,
    *,
    kind: Kind,
    source: bytes | Path | Reading,
    file_name: str,
    profile: Profile,
    now: datetime,
    given: Given = NOTHING,
    scope: Scope = None,
    progress: Progress | None = None,
) -> Preview:
    """Tell what loading a file would do; changes nothing, and for a bad file raises nothing: the refusals tell.

    ``given`` says what the file does not; rows about students outside ``scope`` are refused. ``progress`` is told from
    another thread how many rows are read, and of about how many.
    """
    day = now.astimezone(profile.university.zone).date()
    with opened(source, profile) as reading:
        file = await asyncio.to_thread(
            read_file, reading, kind=kind, file_name=file_name, profile=profile, day=day, given=given, progress=progress
        )
    draft = Draft(storage, file, profile, now, scope)
    if scope is not None and kind in WHOLE_UNIVERSITY:
        draft.refuse_whole("whole_university_only")
        return await draft.preview()
    await respell(draft)
    await COMPARE[kind](draft)
    shown = await draft.preview()
    steps = shown.plan.steps
    phones = replaced_phones(steps)
    if phones:
        what = ", ".join(phones[:NAMED]) + (" …" if len(phones) > NAMED else "")
        told = Notice("phones_replaced", {"n": str(len(phones)), "what": what})
        shown = replace(shown, notices=(*shown.notices, told))
    guarded = await by_two(storage, steps, on=draft.today)
    if steps:
        guarded = replace(guarded, marks=tuple(sorted(draft.reposted)))
    return replace(
        shown,
        by_two=guarded,
        replaced_phones=phones,
        differences=await asyncio.to_thread(differences, shown.plan, at_most=FIRST_DIFFERENCES),
        marks=await summarise(draft, steps) if kind is Kind.MARKS and steps else None,
    )

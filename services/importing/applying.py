"""Carrying a preview out: all or nothing, every change in the history, under the number of one import."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

from policy.marks import Attempt
from services.importing.plan import Plan, Progress, Step
from services.importing.previews import Imported, Preview, Stale
from services.importing.shelves import SHELVES, Acting
from services.news import owe_new_marks
from services.objects import written
from services.role_news import owe_role_news
from storage.records import Change
from storage.unit import Storage

AT_ONCE = 5_000  # steps between two reports of progress; bounds what is in memory besides the plan


async def apply(
    storage: Storage,
    preview: Preview,
    *,
    now: datetime,
    actor: str | None,
    progress: Progress | None = None,
) -> Imported | Stale:
    """Load what a preview showed, in one transaction, owe the students the news, and commit.

    ``actor`` is a person's id, None for the command line. Raises ValueError for what one person does not load alone
    (`Preview.by_two`): see `services.importing.loading`. The rest is as for `write`.
    """
    if preview.by_two and actor is not None:
        raise ValueError("this takes two people")
    done = await write(storage, preview, acting=Acting(now, actor), progress=progress)
    if isinstance(done, Imported):
        await storage.commit()
    return done


async def write(
    storage: Storage,
    preview: Preview,
    *,
    acting: Acting,
    second: str | None = None,
    progress: Progress | None = None,
) -> Imported | Stale:
    """Write what a preview showed; the caller commits, and has asked whether this is done alone.

    Marks without a posting time are posted now. ``second`` is who agreed. ``progress`` is told how many objects are
    written, and of how many. Answers Stale, and changes nothing, when one of the objects is no longer what the preview
    saw. Raises ValueError for a preview that was refused, unless two may overrule that, or has nothing to do.
    """
    if not preview.plan.steps or (preview.refused and second is None):
        raise ValueError("there is nothing to apply")
    await storage.imports.take_turn()
    if await _stale(storage, preview.plan):
        return Stale()
    now = acting.at
    import_id = await storage.imports.record(
        kind=preview.kind,
        file_name=preview.file_name,
        sha256=preview.sha256,
        actor=acting.by,
        at=now,
        counts=asdict(preview.rows),
    )
    steps = (_posted(step, now) for step in preview.plan.steps)
    because = Because("import", import_id, acting)
    await carry_out(storage, steps, because, progress and partial(_report, progress, len(preview.plan.steps)))
    posted = (_posted(step, now) for step in preview.plan.steps)
    await owe_new_marks(storage, posted, import_id=import_id, telling=preview.telling, now=now)
    await owe_role_news(
        storage,
        preview.by_two.roles,
        by=acting.by,
        second=second,
        mark=f"import:{import_id}",
        now=now,
        today=now.astimezone(preview.telling.zone).date(),
    )
    return Imported(import_id, preview.rows)


@dataclass(frozen=True, slots=True)
class Because:
    """What the history says of a change besides what changed."""

    cause: str
    cause_id: int
    acting: Acting
    why: str | None = None


async def carry_out(
    storage: Storage, steps: Iterable[Step], because: Because, progress: Callable[[int], None] | None = None
) -> None:
    """Write steps, which come shelf by shelf in an order that can be written, and the history; does not commit."""
    done = 0
    for name, some in _batches(steps):
        shelf = SHELVES[name]
        await shelf.remove(storage, [step.key for step in some if step.after is None])
        kept = {step.key: step.after for step in some if step.after is not None}
        if kept:
            await shelf.save(storage, kept, because.acting)
        await storage.changes.record(
            Change(
                object=name,
                key=step.key,
                before=None if step.before is None else written(step.before),
                after=None if step.after is None else written(step.after),
                cause=because.cause,
                at=because.acting.at,
                about=None if shelf.about is None else step.key[shelf.about],
                cause_id=because.cause_id,
                actor=because.acting.by,
                why=because.why,
            )
            for step in some
        )
        done += len(some)
        if progress:
            progress(done)


def _report(progress: Progress, total: int, done: int) -> None:
    progress(done, total)


def _batches(steps: Iterable[Step]) -> Iterator[tuple[str, list[Step]]]:
    waiting = iter(steps)
    some: list[Step] = []
    for step in waiting:
        if some and (step.object != some[0].object or len(some) == AT_ONCE):
            yield some[0].object, some
            some = []
        some.append(step)
    if some:
        yield some[0].object, some


def _posted(step: Step, now: datetime) -> Step:
    """Give a mark without a posting time the instant the import is confirmed at."""
    after: Any = step.after
    if isinstance(after, Attempt) and after.outcome is not None and after.posted_at is None:
        return replace(step, after=replace(after, posted_at=now.replace(microsecond=0)))
    return step


async def _stale(storage: Storage, plan: Plan) -> bool:
    """Tell whether an object of the plan has changed since; nothing did while the history stands where it stood."""
    if await storage.changes.latest_id() == plan.made_against:
        return False
    steps = iter(plan.steps)
    while some := list(islice(steps, AT_ONCE)):
        for name in {step.object for step in some}:
            mine = [step for step in some if step.object == name]
            stored = await SHELVES[name].read(storage, [step.key for step in mine])
            if any(stored.get(step.key) != step.before for step in mine):
                return True
    return False

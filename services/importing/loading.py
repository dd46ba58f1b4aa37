"""Loading by two: what gives or takes roles or phones of who holds one, or posts withdrawn marks with other values.

A file of the watched folder that somebody is to look at first waits the same way, moved by nobody.
"""

import asyncio
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Any

from policy.citation import HOUSE
from policy.decision import Refused
from policy.people import Role
from policy.profile import Profile
from policy.two_people import Matter, MotionKind
from services.importing.applying import write
from services.importing.columns import Kind
from services.importing.exports import said_of, tell_loaded
from services.importing.given import Given
from services.importing.guarding import scopes_of
from services.importing.previewing import preview
from services.importing.previews import Imported, Preview, Stale
from services.importing.scope import OFFICES, scope_of
from services.importing.shelves import Acting
from services.importing.uploads import NoRoom, fingerprint, no_room
from services.motions.moving import MotionRefusal, MotionType, Second, ended_early, expires_at, move, settle, today
from services.role_news import CHANGES_TOLD, written_change
from storage.records import Motion, MotionState, Upload
from storage.unit import Storage


async def propose_load(
    storage: Storage,
    upload: Upload,
    shown: Preview,
    seen: str,
    *,
    by: str,
    reason: str,
    now: datetime,
    profile: Profile,
) -> Motion | Refused[Any]:
    """Move to load a waiting file as its preview shows it (`seen` is its fingerprint). Commits.

    The file waits on until the motion is decided or over.
    """
    return await move(
        storage,
        LOAD,
        about=about_file(shown.sha256),
        content=await _content(storage, upload.id, shown, seen, profile),
        reason=reason,
        by=by,
        now=now,
        profile=profile,
    )


async def propose_export(
    storage: Storage, shown: Preview, content: bytes, *, given: Given, now: datetime, profile: Profile
) -> NoRoom | None:
    """Have a file of the watched folder wait for somebody's Confirm (`Preview.by_hand`), unless it does. Commits.

    Nobody moved it: for what takes two, the university's system and the administrator who confirms are the two.
    NoRoom, and nothing changes, when the files that wait take too much already.
    """
    if await storage.motions.open_about(about_file(shown.sha256)):
        return None
    if full := await no_room(storage, person_id=None, size=len(content)):
        return full
    seen = await asyncio.to_thread(fingerprint, shown)
    storage.put_off_commits()
    upload = await storage.uploads.keep(
        user_id=None,
        person_id=None,
        kind=shown.kind,
        file_name=shown.file_name,
        content=content,
        sent_at=now,
        period=given.period,
        course_code=given.course_code,
    )
    told = {**await _content(storage, upload, shown, seen, profile), "folder": True}
    await move(
        storage,
        LOAD,
        about=about_file(shown.sha256),
        content=told,
        reason=f"{shown.file_name} ({FOLDER})",
        by=None,
        now=now,
        profile=profile,
    )
    await storage.commit_at_last()
    return None


FOLDER = "watched folder"  # the reason in the history, where nobody gives one


class Waited(StrEnum):
    """What became of a file of the watched folder that waited."""

    WAITS = "waits"
    LOADED = "loaded"
    DECLINED = "declined"
    NOBODY = "nobody_confirmed"  # in time
    ANEW = "anew"  # it is to be looked at again: the records have changed, or nobody was asked about it


async def what_became_of(storage: Storage, sha256: str, *, now: datetime, profile: Profile) -> tuple[Waited, str]:
    """Tell what became of a file that waited, and the reason where somebody gave one.

    One whose time is over waits no longer; the caller commits.
    """
    motion = await storage.motions.latest_about(about_file(sha256))
    if motion is None:
        return Waited.ANEW, ""
    if motion.open:
        if now < expires_at(motion, profile):
            return Waited.WAITS, ""
        await settle(storage, motion, MotionState.EXPIRED, by=None, now=now)
        return Waited.NOBODY, ""
    if motion.state is MotionState.CARRIED:
        return Waited.LOADED, ""
    if not from_folder(motion):
        return Waited.ANEW, ""
    if motion.state is MotionState.REFUSED:
        return Waited.DECLINED, motion.decision_reason or ""
    return (Waited.ANEW if ended_early(motion, profile) else Waited.NOBODY), ""


def from_folder(motion: Motion) -> bool:
    """Tell whether a motion is about a file of the watched folder."""
    return bool(motion.content.get("folder"))


def about_file(sha256: str) -> str:
    """Name a file among what motions are about."""
    return f"file:{sha256}"


async def _content(storage: Storage, upload: int, shown: Preview, seen: str, profile: Profile) -> dict[str, Any]:
    return {
        "upload": upload,
        "seen": seen,
        "kind": shown.kind,
        "file": shown.file_name,
        "rows": asdict(shown.rows),
        **said_of(shown, profile),
        "values": shown.differences.number,
        "scopes": sorted(await scopes_of(storage, shown.plan.steps), key=str),
        "gains": sorted(shown.by_two.gains),
        "changes": [written_change(each) for each in shown.by_two.roles[:CHANGES_TOLD]],
        "number": len(shown.by_two.roles),
        "phones": len(shown.by_two.phones),
        "marks": len(shown.by_two.marks),
        "two": bool(shown.by_two) or shown.kind is Kind.STAFF,
    }


async def preview_of(storage: Storage, motion: Motion, *, now: datetime, profile: Profile) -> Preview | None:
    """Return what loading the file of a motion would do now; None when the file waits no longer."""
    upload = await storage.uploads.by_id(motion.content["upload"])
    if upload is None:
        return None
    mover = await storage.roles.of_person(motion.moved_by) if motion.moved_by else ()
    return await preview(
        storage,
        kind=Kind(motion.content["kind"]),
        source=upload.content,
        file_name=upload.file_name,
        profile=profile,
        now=now,
        given=Given(upload.period, upload.course_code),
        scope=scope_of(mover, on=today(now, profile)) if motion.moved_by else None,
    )


async def _matter(_storage: Storage, motion: Motion, profile: Profile) -> Matter:
    """Say who may carry the loading: for marks who confirms corrections, of roles an administrator who gains nothing.

    What only waits to be looked at is for anybody of the office.
    """
    told = motion.content
    roles: tuple[Role, ...] = (Role.ADMIN,) if told["two"] else OFFICES
    return Matter(
        roles=profile.service.correction_confirmed_by if told["marks"] else roles,
        scopes=frozenset(told["scopes"]),
        gains=frozenset(told["gains"]),
    )


async def _carry(storage: Storage, motion: Motion, second: Second) -> Imported | Refused[MotionRefusal]:
    """Load the file if that still does what was shown.

    Whoever confirms a file of the folder has loaded it, and is asked for as its loader by all that follows.
    """
    shown = await preview_of(storage, motion, now=second.now, profile=second.profile)
    if shown is None or not shown.plan.steps or fingerprint(shown) != motion.content["seen"]:
        return Refused(MotionRefusal.CHANGED_SINCE, (HOUSE,))
    await storage.uploads.drop(motion.content["upload"])
    acting = Acting(second.now, motion.moved_by or second.by)
    done = await write(storage, shown, acting=acting, second=second.by if motion.moved_by else None)
    if isinstance(done, Stale):
        return Refused(MotionRefusal.CHANGED_SINCE, (HOUSE,))
    if from_folder(motion):
        await tell_loaded(storage, shown, done, now=second.now, profile=second.profile)
    return done


LOAD = MotionType(MotionKind.LOAD, matter=_matter, carry=_carry, takes_long=True, comes_anew=from_folder)

"""Loading by two: what gives or takes roles or phones of who holds one, or posts withdrawn marks with other values."""

from datetime import datetime
from typing import Any

from policy.citation import HOUSE
from policy.decision import Refused
from policy.people import Role
from policy.profile import Profile
from policy.two_people import Matter, MotionKind
from services.importing.applying import write
from services.importing.columns import Kind
from services.importing.guarding import scopes_of
from services.importing.objects import Acting
from services.importing.previewing import preview
from services.importing.previews import Imported, Preview, Stale
from services.importing.uploads import fingerprint
from services.motions.moving import MotionRefusal, MotionType, Second, move
from services.role_news import CHANGES_TOLD, written_change
from storage.records import Motion, Upload
from storage.unit import Storage


async def propose_load(
    storage: Storage,
    upload: Upload,
    shown: Preview,
    seen: str,
    *,
    by: str | None,
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
        about=f"file:{shown.sha256}",
        content={
            "upload": upload.id,
            "seen": seen,
            "kind": shown.kind,
            "file": shown.file_name,
            "scopes": sorted(await scopes_of(storage, shown.plan.steps), key=str),
            "gains": sorted(shown.by_two.gains),
            "changes": [written_change(each) for each in shown.by_two.roles[:CHANGES_TOLD]],
            "number": len(shown.by_two.roles),
            "phones": len(shown.by_two.phones),
            "marks": len(shown.by_two.marks),
        },
        reason=reason,
        by=by,
        now=now,
        profile=profile,
    )


async def preview_of(storage: Storage, motion: Motion, *, now: datetime, profile: Profile) -> Preview | None:
    """Return what loading the file of a motion would do now; None when the file waits no longer."""
    upload = await storage.uploads.by_id(motion.content["upload"])
    if upload is None:
        return None
    return await preview(
        storage,
        kind=Kind(motion.content["kind"]),
        source=upload.content,
        file_name=upload.file_name,
        profile=profile,
        now=now,
    )


async def _matter(_storage: Storage, motion: Motion, profile: Profile) -> Matter:
    """Say who may carry the loading: an administrator who gains nothing by it; for marks, who confirms corrections."""
    return Matter(
        roles=profile.service.correction_confirmed_by if motion.content["marks"] else (Role.ADMIN,),
        scopes=frozenset(motion.content["scopes"]),
        gains=frozenset(motion.content["gains"]),
    )


async def _carry(storage: Storage, motion: Motion, second: Second) -> Imported | Refused[MotionRefusal]:
    """Load the file if that still does what was shown."""
    shown = await preview_of(storage, motion, now=second.now, profile=second.profile)
    if shown is None or not shown.plan.steps or fingerprint(shown) != motion.content["seen"]:
        return Refused(MotionRefusal.CHANGED_SINCE, (HOUSE,))
    await storage.uploads.drop(motion.content["upload"])
    acting = Acting(second.now, motion.moved_by)
    done = await write(storage, shown, acting=acting, second=second.by)
    return Refused(MotionRefusal.CHANGED_SINCE, (HOUSE,)) if isinstance(done, Stale) else done


LOAD = MotionType(MotionKind.LOAD, matter=_matter, carry=_carry, takes_long=True)

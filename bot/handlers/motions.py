"""/confirm: what waits for a second person, read, agreed to, confirmed, refused or taken back."""

from collections.abc import Mapping
from datetime import datetime

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message, TelegramObject

from bot.feature import Audience, Feature, NamedCommand
from bot.handlers.imports import kept_job, open_office
from bot.handlers.undoing import show_table
from bot.i18n import Texts, msgid
from bot.jobs import motions as jobs
from bot.jobs.imports import Office
from bot.jobs.work import ProgressMessage, Work
from bot.middlewares.context import FINAL, WRITES, Answers, Said
from bot.notices.motions import NOTICES
from bot.screen import Event, answer
from bot.screens import motions as screens
from bot.screens.forms import LONGEST_REASON, too_long
from bot.screens.menu import OpenMotions
from bot.screens.motions import AgreeMotion, CarryMotion, OpenMotion, RefuseMotion, ShowLoadTable
from bot.screens.undoing import ShowUndoTable
from policy.decision import Refused
from policy.people import Role, RoleGrant
from policy.profile import Profile
from policy.reading import plays
from policy.two_people import MotionKind
from services.motions.cases import MotionCase, motion_case
from services.motions.deciding import agree, carry, motion_for, refuse, waiting_for
from services.motions.moving import MotionRefusal
from services.motions.types import TYPES
from services.reads import record_read
from storage.records import Draft, Motion, Person
from storage.unit import Storage

REFUSAL = "refuse motion"


async def open_waiting(
    _: Event,
    storage: Storage,
    texts: Texts,
    *,
    person: Person,
    roles: tuple[RoleGrant, ...],
    now: datetime,
    profile: Profile,
) -> Said:
    """List what waits for a second person."""
    those = await waiting_for(storage, by=person.person_id, now=now, profile=profile)
    named = {each for motion in those for each in (motion.student_id, motion.content.get("person")) if each}
    people = await storage.people.by_ids(named)
    await record_read(storage, of=people, what="person", cause="motion", by=person.person_id, now=now)
    await storage.commit()
    today = now.astimezone(profile.university.zone).date()
    return screens.waiting(texts, those, people, may_correct=plays(roles, {Role.REGISTRAR}, on=today))


async def open_one(
    _: CallbackQuery,
    callback_data: OpenMotion,
    storage: Storage,
    texts: Texts,
    *,
    person: Person,
    now: datetime,
    profile: Profile,
) -> Said:
    """Show a motion."""
    case = await _case(storage, callback_data.number, person, now, profile)
    if case is None:
        return screens.refused(texts, Refused(MotionRefusal.UNKNOWN, ()))
    return screens.motion(texts, case)


async def confirm(
    press: CallbackQuery,
    callback_data: CarryMotion,
    storage: Storage,
    *,
    office: Office,
    work: Work,
    texts: Texts,
    person: Person,
    now: datetime,
    profile: Profile,
) -> Said:
    """Confirm a motion as the second person; what takes long goes on as a job in the message that was pressed."""
    number = callback_data.number
    motion = await storage.motions.by_id(number)
    if motion and motion.open and TYPES[motion.kind].takes_long and press.message:
        return await _begin(press, storage, office, work, motion)
    done = await carry(storage, number=number, by=person.person_id, now=now, profile=profile)
    case = await _case(storage, number, person, now, profile)
    if isinstance(done, Refused):
        return screens.refused(texts, done, case)
    if case is None:
        raise LookupError("a motion carried a moment ago is gone")
    return screens.carried(texts, case, *await jobs.carried_words(storage, texts, done, now=now, profile=profile))


async def tabulate(
    press: CallbackQuery,
    callback_data: ShowLoadTable,
    storage: Storage,
    *,
    office: Office,
    work: Work,
    texts: Texts,
    person: Person,
    now: datetime,
    profile: Profile,
) -> Said:
    """Give all that the file of a motion would change, as a table."""
    number = callback_data.number
    case = await _case(storage, number, person, now, profile)
    if case is None or case.motion.kind is not MotionKind.LOAD or not case.motion.open:
        return screens.refused(texts, Refused(MotionRefusal.UNKNOWN, ()), case)
    if work.goes_on(jobs.key_of(number)):
        return None
    piece = await kept_job(storage, office, jobs.TABLE, {"motion": number})
    await storage.commit()
    await answer(press)
    work.start(jobs.key_of(number), jobs.tabulate(office, piece, number), piece.id)
    return None


async def consent(
    _: CallbackQuery,
    callback_data: AgreeMotion,
    storage: Storage,
    texts: Texts,
    *,
    person: Person,
    now: datetime,
    profile: Profile,
) -> Said:
    """Agree as the chair of the appeal commission; then the second person is asked."""
    done = await agree(storage, number=callback_data.number, by=person.person_id, now=now, profile=profile)
    case = await _case(storage, callback_data.number, person, now, profile)
    if isinstance(done, Refused) or case is None:
        unknown = Refused(MotionRefusal.UNKNOWN, ())
        return screens.refused(texts, done if isinstance(done, Refused) else unknown, case)
    return screens.motion(texts, case)


async def ask_refusal(
    press: CallbackQuery,
    callback_data: RefuseMotion,
    storage: Storage,
    texts: Texts,
    *,
    person: Person,
    now: datetime,
    profile: Profile,
) -> Said:
    """Ask why."""
    case = await _case(storage, callback_data.number, person, now, profile)
    if case is None or not case.motion.open:
        return screens.refused(texts, Refused(MotionRefusal.UNKNOWN, ()), case)
    user = press.from_user.id
    await storage.drafts.keep(user, user, REFUSAL, {"number": case.motion.id}, at=now)
    await storage.commit()
    return screens.ask_refusal(texts, case.motion, own=case.motion.moved_by == person.person_id)


async def decline(
    message: Message,
    draft: Draft,
    storage: Storage,
    texts: Texts,
    *,
    person: Person,
    now: datetime,
    profile: Profile,
) -> Said:
    """Refuse a motion, or take one's own back, for the reason written."""
    number, reason = draft.content["number"], (message.text or "").strip()
    if len(reason) > LONGEST_REASON:
        return too_long(texts, len(reason))
    done = await refuse(storage, number=number, by=person.person_id, reason=reason, now=now, profile=profile)
    await storage.drafts.drop(message.chat.id, message.chat.id)
    await storage.commit()
    if isinstance(done, Refused):
        return screens.refused(texts, done, await _case(storage, number, person, now, profile))
    return screens.declined(texts, number)


async def _case(storage: Storage, number: int, person: Person, now: datetime, profile: Profile) -> MotionCase | None:
    """Return a motion as this person may read it, and keep that they did; None: it is not there for them."""
    motion = await motion_for(storage, number, by=person.person_id, now=now, profile=profile)
    if isinstance(motion, Refused):
        return None
    if motion.student_id:
        await record_read(storage, of=[motion.student_id], what="marks", cause="motion", by=person.person_id, now=now)
        await storage.commit()
    return await motion_case(storage, motion, by=person.person_id, now=now, profile=profile)


async def _begin(press: CallbackQuery, storage: Storage, office: Office, work: Work, motion: Motion) -> Said:
    """Begin to carry a motion as a job, unless it goes on already."""
    if press.message is None or work.goes_on(jobs.key_of(motion.id)):
        return None
    message = ProgressMessage(office.bot, press.message)
    piece = await kept_job(storage, office, jobs.CARRY, {"motion": motion.id}, message)
    await storage.commit()
    await answer(press)
    work.start(jobs.key_of(motion.id), jobs.carry_out(office, piece, message, motion.id), piece.id)
    return None


def _roles(profile: Profile) -> Mapping[Role, None]:
    asked = (Role.REGISTRAR, Role.ADMIN, Role.APPEALS_CHAIR, Role.APPEALS_DEPUTY)
    return dict.fromkeys((*asked, *profile.service.correction_confirmed_by))


async def _concerned(_event: TelegramObject, roles: tuple[RoleGrant, ...], profile: Profile) -> bool:
    """Tell whether somebody proposes or decides motions."""
    return any(grant.role in _roles(profile) for grant in roles)


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(_concerned)
        observer.middleware(open_office)
    router.message.register(open_waiting, Command("confirm", "corrections"), flags=WRITES)
    router.message.register(decline, Answers(REFUSAL), flags=WRITES)
    router.callback_query.register(open_waiting, OpenMotions.filter(), flags=WRITES)
    router.callback_query.register(open_one, OpenMotion.filter(), flags=WRITES)
    router.callback_query.register(confirm, CarryMotion.filter(), flags=FINAL)
    router.callback_query.register(tabulate, ShowLoadTable.filter(), flags=WRITES)
    router.callback_query.register(consent, AgreeMotion.filter(), flags=FINAL)
    router.callback_query.register(show_table, ShowUndoTable.filter(), flags=WRITES)
    router.callback_query.register(ask_refusal, RefuseMotion.filter(), flags=WRITES)
    return router


FEATURE = Feature(
    router=router,
    commands=(NamedCommand("confirm", msgid("What waits for a second person"), 2, Audience.OFFICE),),
    notices=NOTICES,
)

"""/start, invitations, shared contacts, consent, and a link that moves: how a Telegram account becomes somebody's."""

from collections.abc import Mapping
from datetime import datetime

from aiogram import F, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import CallbackQuery, Message

from bot.feature import Feature, NamedCommand
from bot.filters import Where
from bot.i18n import Texts, msgid
from bot.middlewares.context import WRITES, Said
from bot.screen import Elsewhere, Screen
from bot.screens import start as screens
from bot.screens.menu import menu
from bot.screens.start import AnswerMove, Consent, Decline, ReadConsent
from bot.voices import language_of, voice_of
from policy.decision import Refused
from policy.people import Language
from policy.profile import Profile
from services import accounts, invitations
from services.accounts import LinkRefusal, MoveAsked, MoveDeclined, Offer
from services.invitations import CodeRefusal
from storage.records import Acquaintance
from storage.unit import Storage

Voices = Mapping[Language, Texts]
STAFF_LINK = r"^(case-\d{1,18}|queue)$"  # where cards lead to: here for somebody not linked, who learns what this is


async def begin(_: Message, who: Acquaintance | None, texts: Texts, voices: Voices, profile: Profile) -> Said:
    """Show the menu, or what this is to somebody not linked."""
    return menu(texts, who) if who else screens.welcome(voices, profile)


async def open_invitation(
    message: Message,
    *,
    command: CommandObject,
    storage: Storage,
    who: Acquaintance | None,
    texts: Texts,
    voices: Voices,
    now: datetime,
    profile: Profile,
) -> Said:
    """Look an invitation up and ask for consent."""
    user = sender(message)
    found = await invitations.redeem(storage, code=command.args or "", user=user, now=now, profile=profile)
    return _ask_consent(found, who, texts, voices, profile)


async def share_contact(
    message: Message,
    *,
    storage: Storage,
    who: Acquaintance | None,
    texts: Texts,
    voices: Voices,
    now: datetime,
    profile: Profile,
) -> Said:
    """Look the sender's own number up and ask for consent."""
    contact, user = message.contact, sender(message)
    if contact is None or contact.user_id != user or message.forward_origin:
        return screens.not_your_contact(voices, profile)
    found = await accounts.offer_by_contact(storage, phone=contact.phone_number, user=user, now=now)
    return _ask_consent(found, who, texts, voices, profile)


def _ask_consent(
    found: Offer | Refused[CodeRefusal] | Refused[LinkRefusal],
    who: Acquaintance | None,
    texts: Texts,
    voices: Voices,
    profile: Profile,
) -> Said:
    if isinstance(found, Refused):
        return screens.refused(texts, voices, found, profile, known=who is not None)
    if who:
        return screens.found(voices), menu(texts, who, screens.already_linked(texts))
    return screens.found(voices), screens.consent(voices, texts.language, found, profile)


async def read_consent(
    press: CallbackQuery, callback_data: ReadConsent, storage: Storage, voices: Voices, profile: Profile
) -> Said:
    """Show the consent in the other language."""
    offer = await accounts.offer_to(storage, user=press.from_user.id)
    if offer is None:
        return screens.refused_stranger(voices, Refused(LinkRefusal.NOTHING_OFFERED, ()), profile)
    return screens.consent(voices, callback_data.language, offer, profile)


async def agree(press: CallbackQuery, storage: Storage, voices: Voices, now: datetime, profile: Profile) -> Said:
    """Link the account, or ask the person's other account when a code alone is not enough."""
    user = press.from_user.id
    done = await accounts.link(storage, user=user, consent_version=screens.CONSENT, now=now, profile=profile)
    if isinstance(done, Refused):
        return screens.refused_stranger(voices, done, profile)
    if isinstance(done, MoveAsked):
        if done.again:
            return screens.move_asked(voices, profile, done)
        question = screens.ask_to_move(await voice_of(storage, voices, done.old), done)
        unreachable = screens.move_unreachable(voices, profile)
        return Elsewhere(done.old, question, unreachable), screens.move_asked(voices, profile, done)
    home = await _home(storage, voices, user)
    if done.moved_from is None:
        return home
    return home, Elsewhere(done.moved_from, screens.moved_away(voices, profile))


async def decline(press: CallbackQuery, storage: Storage, voices: Voices) -> Said:
    """Forget what was offered."""
    await accounts.decline(storage, user=press.from_user.id)
    return screens.declined(voices)


async def answer_move(
    press: CallbackQuery,
    *,
    callback_data: AnswerMove,
    storage: Storage,
    texts: Texts,
    voices: Voices,
    now: datetime,
    profile: Profile,
) -> Said:
    """Take the old account's word on whether the link may move."""
    done = await accounts.answer_move(
        storage,
        move_id=callback_data.move,
        user=press.from_user.id,
        agreed=callback_data.agreed,
        now=now,
        profile=profile,
    )
    if isinstance(done, Refused):
        return Screen(screens.refusal(texts, done, profile))
    if isinstance(done, MoveDeclined):
        return Screen(screens.move_declined(texts)), Elsewhere(done.new, screens.not_moved(voices, profile))
    told = Elsewhere(done.user, screens.agreed(voices)), Elsewhere(done.user, await _home(storage, voices, done.user))
    return screens.moved_away(voices, profile), *told


async def _home(storage: Storage, voices: Voices, user: int) -> Screen:
    who = await storage.accounts.acquaintance(user)
    if who is None:
        raise RuntimeError("an account that was linked a moment ago is gone")
    texts = voices[language_of(who, None)]
    return menu(texts, who, screens.linked(texts))


def sender(message: Message) -> int:
    """Return who wrote a message of a private chat."""
    return message.chat.id


def router() -> Router:
    """Return the routes of this feature."""
    router = Router(name=__name__)
    router.message.register(begin, CommandStart(magic=F.args.in_({None, "", "menu"}) | F.args.regexp(STAFF_LINK)))
    router.message.register(open_invitation, CommandStart(), flags=WRITES)
    router.message.register(share_contact, Where(F.contact), flags=WRITES)
    router.callback_query.register(read_consent, ReadConsent.filter())
    router.callback_query.register(agree, Consent.filter(), flags=WRITES)
    router.callback_query.register(decline, Decline.filter(), flags=WRITES)
    router.callback_query.register(answer_move, AnswerMove.filter(), flags=WRITES)
    return router


FEATURE = Feature(router=router, commands=(NamedCommand("start", msgid("Begin"), 0),))

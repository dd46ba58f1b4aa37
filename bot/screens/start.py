"""Who is who: what this is, consent, linking, moving a link, and every way it can fail."""

from collections.abc import Mapping

from bot.buttons import CallbackData
from bot.i18n import Html, Texts, bold, both, lines, msgid, paragraphs
from bot.screen import Button, Screen
from bot.screens.menu import back
from bot.words.contacts import desk, said
from policy.decision import Refused
from policy.people import Language
from policy.profile import Profile
from services.accounts import LinkRefusal, LinkWay, MoveAsked, Offer
from services.invitations import CodeRefusal

CONSENT = "1"  # the version of what `consent` says; another wording is another version

Voices = Mapping[Language, Texts]


class Consent(CallbackData, prefix="yes"):
    """Agree to the processing of what is stored, and be linked."""


class Decline(CallbackData, prefix="no"):
    """Do not agree."""


class ReadConsent(CallbackData, prefix="read"):
    """Read the consent in this language."""

    language: Language


class AnswerMove(CallbackData, prefix="move"):
    """Let the link move to another Telegram account, or not."""

    move: int
    agreed: bool


REASONS: dict[CodeRefusal | LinkRefusal, str] = {
    CodeRefusal.WRONG: msgid("This invitation is not known here: the link may have been copied in part."),
    CodeRefusal.EXPIRED: msgid("This invitation is over."),
    CodeRefusal.REPLACED: msgid("A newer invitation was made for you: this one no longer works."),
    CodeRefusal.USED: msgid("This invitation has been used already."),
    CodeRefusal.WAIT: msgid("Too many wrong invitations. The next one is looked at from {until}."),
    LinkRefusal.NOBODY_WITH_THIS_NUMBER: msgid("This number is not in the university's records."),
    LinkRefusal.NUMBER_IS_SHARED: msgid(
        "Several people have this number in the records, so it cannot tell who you are."
    ),
    LinkRefusal.NOTHING_OFFERED: msgid("There is nothing to agree to any more. Open your invitation link again."),
    LinkRefusal.ACCOUNT_IS_ANOTHERS: msgid(
        "This Telegram account is linked to another person. It has to be unlinked first: /me"
    ),
    LinkRefusal.MOVE_OVER: msgid("This question is no longer open: it was answered, or the time for it is over."),
    LinkRefusal.NOT_YOURS_TO_ANSWER: msgid("This question is for somebody else to answer."),
}


def welcome(voices: Voices, profile: Profile) -> Screen:
    """Say in both languages what this is and how to get a link."""

    def write(texts: Texts) -> Html:
        return paragraphs(
            texts(
                "<b>Kenes</b> – the chat of {university} for its students and staff.",
                university=said(texts, profile.university.name),
            ),
            texts("It shows only to you what is yours, so it has to know who you are. There are two ways:"),
            lines(
                texts("1. Open your personal invitation: the link or QR code you get from the university."),
                texts("2. Share your own number with the button below, if the university has it in its records."),
            ),
            desk(texts, profile.contacts.service_desk),
        )

    return Screen(both(voices, write), ask_contact=_share(voices))


def _share(voices: Voices) -> str:
    return " / ".join(voices[language].plain("Share my number") for language in Language)


def found(voices: Voices) -> Screen:
    """Take the contact button away."""
    return Screen(both(voices, lambda texts: texts("Found you in the records.")), drop_keyboard=True)


def not_your_contact(voices: Voices, profile: Profile) -> Screen:
    """Refuse the contact of somebody else, or one that was forwarded."""

    def write(texts: Texts) -> Html:
        return paragraphs(
            texts(
                "Only your own number counts, shared with the button below: not a forwarded one, not somebody else's."
            ),
            desk(texts, profile.contacts.service_desk),
        )

    return Screen(both(voices, write), ask_contact=_share(voices))


def consent(voices: Voices, language: Language, offer: Offer, profile: Profile) -> Screen:
    """Ask for consent: whose records, what is kept, for how long; readable in either language before answering."""
    texts = voices[language]
    other = Language.RU if language is Language.KK else Language.KK
    days = profile.service.read_access_days_after_leaving
    return Screen(
        paragraphs(
            texts("<b>{name}</b>, is this you?", name=offer.name.short),
            _moving(texts, offer),
            lines(
                bold(texts("What is kept here")),
                texts("– the id of your Telegram account, your language, and when you agreed;"),
                texts("– what you file, ask and answer here, with its date."),
                texts("Your studies and marks are in the university's records anyway; here they are shown to you."),
            ),
            lines(
                bold(texts("For how long")),
                texts(
                    "The link is kept until you end it. /me shows everything stored about you and gives it as a file."
                ),
                texts.many(
                    "After leaving the university you can read your records here for {n} day.",
                    "After leaving the university you can read your records here for {n} days.",
                    days,
                ),
                texts("What you have filed stays among the university's documents."),
            ),
            texts("If you do not agree, nothing is linked."),
        ),
        (
            (Button(texts.plain("I agree"), Consent()), Button(texts.plain("I do not agree"), Decline())),
            (Button(voices[other].plain("Read in this language"), ReadConsent(language=other)),),
        ),
    )


def _moving(texts: Texts, offer: Offer) -> Html | None:
    if offer.moves_from is None:
        return None
    if offer.way is LinkWay.CONTACT:
        return texts("Another Telegram account is linked to you now. When you agree, that link ends.")
    return texts(
        "Another Telegram account is linked to you now. When you agree, it is asked to let the link move here."
    )


def declined(voices: Voices) -> Screen:
    """Confirm that nothing was linked."""
    return Screen(
        both(
            voices,
            lambda texts: lines(
                texts("Nothing was linked."),
                texts("If you change your mind, open your invitation link again or share your number."),
            ),
        )
    )


def linked(texts: Texts) -> Html:
    """Welcome somebody just linked."""
    return texts("Done: this chat is linked to you.")


def agreed(voices: Voices) -> Screen:
    """Tell the new account that the old one agreed, and take the contact button away."""
    return Screen(both(voices, lambda texts: texts("Your other Telegram account has agreed.")), drop_keyboard=True)


def already_linked(texts: Texts) -> Html:
    """Tell somebody linked that there is nothing left to do."""
    return texts("You are linked already.")


def moved_away(voices: Voices, profile: Profile) -> Screen:
    """Tell the old account that it is linked no more."""

    def write(texts: Texts) -> Html:
        return paragraphs(
            texts("Your records are now shown in another Telegram account. This one is no longer linked."),
            texts("If it was not you, tell us at once:"),
            desk(texts, profile.contacts.registrar),
        )

    return Screen(both(voices, write))


def move_asked(voices: Voices, profile: Profile, asked: MoveAsked) -> Screen:
    """Tell the new account that the old one has been asked, and what else there is."""

    def write(texts: Texts) -> Html:
        return paragraphs(
            texts(
                'Your other Telegram account has been asked: press "Yes, move it" there before {until}.',
                until=asked.expires_at,
            ),
            texts("You hold a role, so only that account, or an administrator, can agree. No way into it? Ask them.")
            if asked.guarded
            else texts("No way into it? Share your own number with the button below, or come to the registrar."),
            desk(texts, profile.contacts.registrar),
        )

    return Screen(both(voices, write), ask_contact=None if asked.guarded else _share(voices))


def move_unreachable(voices: Voices, profile: Profile) -> Screen:
    """Tell the new account that the old one cannot be asked, and what else there is."""

    def write(texts: Texts) -> Html:
        return paragraphs(
            texts("Your other Telegram account cannot be reached."),
            texts("Share your own number with the button below, or come to the registrar."),
            desk(texts, profile.contacts.registrar),
        )

    return Screen(both(voices, write), ask_contact=_share(voices))


def ask_to_move(texts: Texts, asked: MoveAsked) -> Screen:
    """Ask the old account whether the link may move."""
    return Screen(
        paragraphs(
            texts("Somebody with your invitation wants to read your records in another Telegram account.")
            if asked.way is LinkWay.CODE
            else texts("Somebody with your phone number wants to read your records in another Telegram account."),
            texts("If it is you, the link moves there and this chat closes. If it is not, nothing changes."),
            texts("This can be answered until {until}.", until=asked.expires_at),
        ),
        (
            (Button(texts.plain("Yes, move it"), AnswerMove(move=asked.move_id, agreed=True)),),
            (Button(texts.plain("No, it is not me"), AnswerMove(move=asked.move_id, agreed=False)),),
        ),
    )


def move_declined(texts: Texts) -> Html:
    """Confirm to the old account that the link stays."""
    return texts("The link stays here. The invitation may be in other hands: ask the registrar for a new one.")


def not_moved(voices: Voices, profile: Profile) -> Screen:
    """Tell the new account that the old one said no."""

    def write(texts: Texts) -> Html:
        return paragraphs(texts("The other Telegram account keeps the link."), desk(texts, profile.contacts.registrar))

    return Screen(both(voices, write))


def refusal(texts: Texts, refused: Refused[CodeRefusal] | Refused[LinkRefusal], profile: Profile) -> Html:
    """Say why nothing was linked and where a human answers."""
    until = {"until": refused.until} if refused.until else {}
    return paragraphs(texts(REASONS[refused.reason], **until), desk(texts, profile.contacts.service_desk))


def refused_stranger(voices: Voices, refused: Refused[CodeRefusal] | Refused[LinkRefusal], profile: Profile) -> Screen:
    """Say it in both languages to somebody not linked, with the other way at hand."""
    return Screen(both(voices, lambda texts: refusal(texts, refused, profile)), ask_contact=_share(voices))


def refused(
    texts: Texts,
    voices: Voices,
    refused: Refused[CodeRefusal] | Refused[LinkRefusal],
    profile: Profile,
    *,
    known: bool,
) -> Screen:
    """Say why nothing was linked: to somebody linked in their language, to anybody else in both."""
    if known:
        return Screen(refusal(texts, refused, profile), (back(texts),))
    return refused_stranger(voices, refused, profile)

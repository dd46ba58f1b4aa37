"""The words of each desk: one block a desk."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.i18n import msgid
from policy.profile import Desk, Profile
from policy.requests import Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskWords:
    """How a desk is spoken of: its `name`, what may be `typed` after /bind besides the queue's own name, and so on.

    `next` says by when (`{due}`) it decides, `refused` what it calls a refusal, unless that is what others call it.
    `contact` is where a human answers for it.
    """

    name: str
    typed: str
    next: str
    contact: Callable[[Profile], Desk]
    refused: str | None = None


DESK_WORDS: Mapping[Queue, DeskWords] = {
    Queue.APPEALS: DeskWords(
        name=msgid("Appeal commission"),
        typed=msgid("appeals"),
        next=msgid("Next: the appeal commission decides until {due}."),
        contact=lambda profile: profile.contacts.appeal_commission,
        refused=msgid("not upheld"),
    ),
    Queue.SERVICE_DESK: DeskWords(
        name=msgid("Student service desk"),
        typed=msgid("desk"),
        next=msgid("Next: the student service desk decides until {due}."),
        contact=lambda profile: profile.contacts.service_desk,
    ),
    Queue.REGISTRAR: DeskWords(
        name=msgid("Registrar's office"),
        typed=msgid("registrar"),
        next=msgid("Next: the registrar's office decides until {due}."),
        contact=lambda profile: profile.contacts.registrar,
    ),
}

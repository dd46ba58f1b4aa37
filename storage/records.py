"""What storage keeps that the regulations have no word for: accounts, invitations, imports, history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from policy.calendar import ExamSlot
from policy.marks import Enrolment
from policy.people import Language, Name, RoleGrant, Sex, Student
from policy.two_people import MotionKind


@dataclass(frozen=True, slots=True)
class Person:
    """Anybody in the records, student or staff; `phone` as written in the records."""

    person_id: str
    name: Name
    language: Language
    phone: str | None = None
    sex: Sex | None = None
    birth_year: int | None = None


@dataclass(frozen=True, slots=True)
class GrantedRole:
    """A role as it was given, and who gave it and took it away (a person id; None: the command line)."""

    id: int
    grant: RoleGrant
    granted_at: datetime
    granted_by: str | None
    revoked_at: datetime | None
    revoked_by: str | None


@dataclass(frozen=True, slots=True)
class StudyRecord:
    """All that `/marks` needs of one student but the calendar, oldest period first.

    `slots` are the lines of the exam timetable for the groups the student is in; `printed` says when sheets were, by
    (period, course code); `has_requests` whether the student ever filed a request.
    """

    enrolments: tuple[Enrolment, ...]
    slots: tuple[ExamSlot, ...]
    printed: Mapping[tuple[str, str], datetime]
    has_requests: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """A Telegram account the bot knows. `person_id` is None until it is linked; `language` only when it was chosen.

    While `unreachable_since` is set no message arrives, and `unreachable_why` (`services.owing.Undelivered`) says why.
    """

    user_id: int
    person_id: str | None
    language: Language | None
    linked_at: datetime | None
    consent_version: str | None
    consented_at: datetime | None
    unreachable_since: datetime | None = None
    unreachable_why: str | None = None


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """Whom the bot is talking to: the account and, once linked, its person, study and roles (also those over).

    `history` is the number of the latest line of the history then: on SQLite, whose writers take turns, nothing that is
    kept in it has changed while that is the same.
    """

    account: Account
    person: Person | None
    student: Student | None
    roles: tuple[RoleGrant, ...]
    history: int = 0


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time code for one person; only its SHA-256 (64 hexadecimal digits) is kept.

    `opened_by` is the first Telegram account that opened it: it is that account's from then on, used up when it links.
    """

    id: int
    code_sha256: str
    person_id: str
    made_at: datetime
    made_by: str | None
    expires_at: datetime
    opened_by: int | None
    opened_at: datetime | None
    used_at: datetime | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class CodeFailures:
    """How often in a row an account sent a wrong code, and until when it must wait."""

    user_id: int
    failures: int
    last_at: datetime
    wait_until: datetime


@dataclass(frozen=True, slots=True)
class LinkOffer:
    """Whom an account may be linked to once its owner consents; `way` is what showed it: `code` or `contact`.

    `consented_at` is set when the owner did, and the old account is still to be asked.
    """

    user_id: int
    person_id: str
    way: str
    invitation_id: int | None
    offered_at: datetime
    consented_at: datetime | None = None
    consent_version: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """Where somebody is in a form that asks for text: its name and what was said so far (JSON values)."""

    chat_id: int
    user_id: int
    form: str
    content: Mapping[str, Any]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Import:
    """A file that was loaded: `counts` tells how many rows were new, changed, same."""

    id: int
    kind: str
    file_name: str
    sha256: str
    actor: str | None
    at: datetime
    counts: Mapping[str, int]
    undone_at: datetime | None
    undone_by: str | None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file sent to the bot that waits for Confirm or Cancel, kept whole so that what was shown is what is loaded.

    `person_id` is None for a file of the watched folder. `period` and `course_code` are what its sender said of it
    where the file does not.
    """

    id: int
    user_id: int | None
    person_id: str | None
    kind: str | None
    file_name: str
    content: bytes
    sent_at: datetime
    period: str | None = None
    course_code: str | None = None


class MotionState(StrEnum):
    """The life of a motion."""

    OPEN = "open"
    CARRIED = "carried"
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Motion:
    """What one person proposes and another has to agree to; `about` names what it touches, `content` says what.

    `moved_by` is None where the command line, or a file of the watched folder, proposed it; `agreed_by` is the chair of
    the appeal commission, where that is asked too.
    """

    id: int
    kind: MotionKind
    about: str
    student_id: str | None
    content: Mapping[str, Any]
    reason: str
    moved_by: str | None
    moved_at: datetime
    agreed_by: str | None
    agreed_at: datetime | None
    state: MotionState
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str | None

    @property
    def open(self) -> bool:
        """Tell whether it waits for a second person."""
        return self.state is MotionState.OPEN


READ = "read"
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the history, never altered. `before` None: it was made; `after` None: it was withdrawn.

    `object` and `key` name what changed (`"attempt"`, `("02500065", "2025-2026/1", "MAT1201", "1")`), `about` the
    person it concerns, `cause` and `cause_id` what changed it (`"import"`, 7), `actor` who (None: the command line),
    `update_id` what they sent, stamped by the history itself. `act` is None for a change, else what was done instead:
    `READ`, where somebody of the staff saw what is another person's, `REFUSED`, where somebody tried what is not for
    them (`why` says why not); nothing was changed then.
    """

    object: str
    key: tuple[str, ...]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    cause: str
    at: datetime
    about: str | None = None
    cause_id: int | None = None
    actor: str | None = None
    why: str | None = None
    act: str | None = None
    update_id: int | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """A printed sheet: the marks posted until then no longer change."""

    course_code: str
    period: str
    group: str
    locked_at: datetime
    locked_by: str | None

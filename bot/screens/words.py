"""The university's words for what the records hold as values; looked up with `texts(WORDS[value])`."""

from enum import StrEnum

from bot.i18n import msgid
from policy.marks import ExamForm, Outcome
from policy.people import Funding, Language, Level, Role, Sex, Status, StudyForm
from storage.records import CorrectionState

WORDS: dict[StrEnum, str] = {
    Language.KK: msgid("Kazakh"),
    Language.RU: msgid("Russian"),
    Sex.M: msgid("male"),
    Sex.F: msgid("female"),
    Level.BACHELOR: msgid("bachelor's"),
    Level.MASTER: msgid("master's"),
    Level.DOCTOR: msgid("doctoral"),
    StudyForm.FULL_TIME: msgid("full-time"),
    StudyForm.DISTANCE: msgid("distance"),
    StudyForm.EVENING: msgid("evening"),
    Funding.GRANT: msgid("grant"),
    Funding.FEE: msgid("fee-paying"),
    Status.ACTIVE: msgid("studies"),
    Status.ACADEMIC_LEAVE: msgid("on academic leave"),
    Status.EXPELLED: msgid("expelled"),
    Status.GRADUATED: msgid("graduated"),
    ExamForm.WRITTEN: msgid("written"),
    ExamForm.ORAL: msgid("oral"),
    ExamForm.COMPUTER_TEST: msgid("computer test"),
    ExamForm.CREATIVE: msgid("creative"),
    ExamForm.STATE: msgid("state exam"),
    ExamForm.PASS: msgid("graded pass"),
    Outcome.TOOK: msgid("exam taken"),
    Outcome.DID_NOT_COME: msgid("absence"),
    Outcome.NOT_ADMITTED: msgid("no admission"),
    Outcome.REMOVED: msgid("result void"),
    CorrectionState.PROPOSED: msgid("proposed and not decided"),
    CorrectionState.CONFIRMED: msgid("confirmed"),
    CorrectionState.REFUSED: msgid("refused"),
    CorrectionState.EXPIRED: msgid("not decided in time"),
    Role.REGISTRAR: msgid("registrar"),
    Role.SERVICE_DESK: msgid("student service desk"),
    Role.DEAN_OFFICE: msgid("dean's office"),
    Role.QUALITY_COMMISSION: msgid("quality commission"),
    Role.CAREER_CENTRE: msgid("career centre"),
    Role.RECTOR_OFFICE: msgid("rector's office"),
    Role.OMBUDSMAN: msgid("ombudsman"),
    Role.LECTURER: msgid("lecturer"),
    Role.OFFICER: msgid("student government officer"),
    Role.ADMIN: msgid("administrator"),
    Role.APPEALS_CHAIR: msgid("chair of the appeal commission"),
    Role.APPEALS_DEPUTY: msgid("deputy chair of the appeal commission"),
    Role.APPEALS_MEMBER: msgid("member of the appeal commission"),
    Role.APPEALS_SECRETARY: msgid("secretary of the appeal commission"),
    Role.ELECTION_CHAIR: msgid("chair of the election commission"),
    Role.ELECTION_DEPUTY: msgid("deputy chair of the election commission"),
    Role.ELECTION_MEMBER: msgid("member of the election commission"),
    Role.ELECTION_SECRETARY: msgid("secretary of the election commission"),
}

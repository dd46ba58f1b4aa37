"""What the buttons of the staff's side send: ids only, and the version of the case a press decides about."""

from bot.buttons import CallbackData, Place
from policy.people import Language
from policy.requests import Queue, RequestState


class BindQueue(CallbackData, prefix="bind"):
    """Let this queue's cards stand in this group or topic."""

    queue: Queue


class SetQueueLanguage(CallbackData, prefix="bindl"):
    """Write this queue's cards in this language."""

    queue: Queue
    language: Language


class UnbindQueue(CallbackData, prefix="unbind"):
    """Let this queue's cards go to those who read it."""

    queue: Queue


class OpenQueue(CallbackData, prefix="queue"):
    """Read what waits: of a queue, filtered, from a page on."""

    queue: Queue
    which: str = "all"
    page: Place = 0
    anew: bool = False  # from a card, which stays where it is


class OpenCase(CallbackData, prefix="case"):
    """Lay a case open."""

    number: int
    anew: bool = False  # from a card, which stays where it is


class TakeCase(CallbackData, prefix="ctake"):
    """Take a case, from its card or where it is laid open."""

    number: int
    anew: bool = False


class ReleaseCase(CallbackData, prefix="rel"):
    """Let a case go."""

    number: int
    version: int


class SignCase(CallbackData, prefix="sign"):
    """Sign the decision that is proposed."""

    number: int
    version: int


class EnterMark(CallbackData, prefix="enter"):
    """Note that an upheld mark stands in the university's system."""

    number: int


class SendFile(CallbackData, prefix="cfile"):
    """Send a document of a case."""

    document: int


class PrintApplication(CallbackData, prefix="capp"):
    """Send a case's application to print."""

    number: int


class BeginVerdict(CallbackData, prefix="verd"):
    """Prepare a decision, or make it where one step is enough; `again` follows a refusal."""

    number: int
    version: int
    outcome: RequestState
    again: bool = False


class BeginQuestion(CallbackData, prefix="ask"):
    """Ask the student for more."""

    number: int
    version: int


class BeginReturn(CallbackData, prefix="back"):
    """Send a proposal back unsigned."""

    number: int
    version: int


class BeginSeat(CallbackData, prefix="seat"):
    """Say when and where an approved exam is held, or move it."""

    number: int
    version: int


class BeginCallOff(CallbackData, prefix="off"):
    """Call an approved exam off."""

    number: int
    version: int


class SetPoints(CallbackData, prefix="pts"):
    """So many points are added."""

    token: str
    points: int


class StepOn(CallbackData, prefix="step"):
    """The points stand: on to the reason."""

    token: str


class StepBack(CallbackData, prefix="stepb"):
    """Change the last answer."""

    token: str


class UseTemplate(CallbackData, prefix="tmpl"):
    """Give this reason."""

    token: str
    template: int


class PickSlot(CallbackData, prefix="slot"):
    """Hold the exam at this line of the timetable, by its place among those offered."""

    token: str
    place: Place


class ConfirmStep(CallbackData, prefix="stepy"):
    """Do it as it is shown."""

    token: str


class ChooseSubstitute(CallbackData, prefix="subst"):
    """See who could sign in place of those in conflict."""

    number: int


class NameSubstitute(CallbackData, prefix="substy"):
    """Let this person sign this case."""

    number: int
    version: int
    person: str

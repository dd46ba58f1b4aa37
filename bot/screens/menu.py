"""The menu: what can be done here, one button each."""

from bot.buttons import CallbackData
from bot.i18n import Texts, paragraphs
from bot.screen import Button, Rows, Screen
from policy.people import Role
from storage.records import Acquaintance

OFFICE = frozenset({Role.REGISTRAR, Role.ADMIN})  # the registrar's office
REVIEWING = frozenset(  # those who deal with students' requests, unless the profile says otherwise
    {
        Role.APPEALS_CHAIR,
        Role.APPEALS_DEPUTY,
        Role.APPEALS_MEMBER,
        Role.APPEALS_SECRETARY,
        Role.SERVICE_DESK,
        Role.REGISTRAR,
    }
)


class OpenMenu(CallbackData, prefix="menu"):
    """Back to the menu."""


class OpenMarks(CallbackData, prefix="marks0"):
    """The marks of the latest period."""


class OpenGpa(CallbackData, prefix="gpa"):
    """GPA and iGPA."""


class OpenNeed(CallbackData, prefix="need"):
    """What is needed on the exams still to come."""


class OpenAppeals(CallbackData, prefix="appeals"):
    """What can be appealed now."""


class OpenComplaints(CallbackData, prefix="complain"):
    """Complain of how an exam was held."""


class OpenRetakes(CallbackData, prefix="retakes"):
    """The retakes and missed exams that can be applied for now."""


class OpenRequests(CallbackData, prefix="myreqs"):
    """My requests; `anew` under what is to stay in the chat."""

    anew: bool = False


class OpenLanguage(CallbackData, prefix="lang"):
    """Choose a language."""


class OpenMe(CallbackData, prefix="me"):
    """Everything stored about me."""


class OpenImports(CallbackData, prefix="files"):
    """Load files, see what was loaded."""


class OpenMotions(CallbackData, prefix="fixes"):
    """What waits for a second person."""


class OpenLinks(CallbackData, prefix="links"):
    """Look up whether somebody is linked."""


class OpenSheets(CallbackData, prefix="sheets"):
    """The final mark sheets."""


class OpenQueues(CallbackData, prefix="queues"):
    """What waits for whoever deals with requests."""


class OpenHelp(CallbackData, prefix="help"):
    """What this bot can do."""


def menu(texts: Texts, who: Acquaintance, *said: str) -> Screen:
    """Show what this person can do here, under whatever was just `said`; raises ValueError for somebody not linked."""
    if who.person is None:
        raise ValueError("somebody not linked has no menu")
    greeting = texts("What would you like to know, {name}?", name=who.person.name.given_name)
    return Screen(paragraphs(*said, greeting), entries(texts, who))


def entries(texts: Texts, who: Acquaintance) -> Rows:
    """Return the buttons of the menu: a student's own things, the registrar's office, then what is for everybody."""
    studies: Rows = (
        (Button(texts.plain("Marks"), OpenMarks()), Button(texts.plain("GPA and iGPA"), OpenGpa())),
        (Button(texts.plain("What do I need on the exam?"), OpenNeed()),),
        (Button(texts.plain("Appeal"), OpenAppeals()), Button(texts.plain("Retake"), OpenRetakes())),
        (Button(texts.plain("My requests"), OpenRequests()),),
    )
    office: Rows = (
        (Button(texts.plain("Load a file"), OpenImports()), Button(texts.plain("For a second person"), OpenMotions())),
        (Button(texts.plain("Mark sheets"), OpenSheets()), Button(texts.plain("Links and invitations"), OpenLinks())),
    )
    return (
        *(studies if who.student else ()),
        *(((Button(texts.plain("Students' requests"), OpenQueues()),),) if reviews(who) else ()),
        *(office if any(grant.role in OFFICE for grant in who.roles) else ()),
        (Button(texts.plain("What is stored about me"), OpenMe()),),
        (Button(texts.plain("Language"), OpenLanguage()), Button(texts.plain("Help"), OpenHelp())),
    )


def reviews(who: Acquaintance) -> bool:
    """Tell whether somebody deals with students' requests."""
    return any(grant.role in REVIEWING for grant in who.roles)


def back(texts: Texts) -> tuple[Button, ...]:
    """Return the row that leads back to the menu."""
    return (Button(texts.plain("« Menu"), OpenMenu()),)

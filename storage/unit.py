"""Storage: all repositories over one transaction, kept by an explicit commit."""

from storage.accounts import Accounts
from storage.calendar import CalendarDays
from storage.changes import Changes
from storage.components import ComponentsOfStudents
from storage.connection import Connection
from storage.courses import Courses
from storage.drafts import Drafts
from storage.exports import RefusedExports
from storage.handled import HandledUpdates
from storage.imports import Imports
from storage.invitations import Invitations
from storage.jobs import Jobs
from storage.marks import Marks
from storage.motions import Motions
from storage.outbox import Outbox
from storage.people import People
from storage.pulse import Pulse
from storage.queues import Queues
from storage.requests import Requests
from storage.roles import Roles
from storage.sheets import Sheets
from storage.spellings import Spellings
from storage.students import Students
from storage.uploads import Uploads


class Storage:
    """The repositories of one transaction. None of them commits; what is not committed is forgotten."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._put_off = False
        self.committed = False  # whether anything was to be kept, and is, unless that was put off
        self.people = People(connection)
        self.students = Students(connection)
        self.roles = Roles(connection)
        self.courses = Courses(connection)
        self.calendar = CalendarDays(connection)
        self.marks = Marks(connection)
        self.sheets = Sheets(connection)
        self.spellings = Spellings(connection)
        self.components = ComponentsOfStudents(connection)
        self.accounts = Accounts(connection)
        self.invitations = Invitations(connection)
        self.drafts = Drafts(connection)
        self.imports = Imports(connection)
        self.uploads = Uploads(connection)
        self.refused_exports = RefusedExports(connection)
        self.jobs = Jobs(connection)
        self.motions = Motions(connection)
        self.requests = Requests(connection)
        self.queues = Queues(connection)
        self.changes = Changes(connection)
        self.outbox = Outbox(connection)
        self.pulse = Pulse(connection)
        self.handled = HandledUpdates(connection)

    @property
    def takes_turns(self) -> bool:
        """Whether those who write take turns, so that the history grows in the order in which it is kept: on SQLite."""
        return self._connection.dialect.name == "sqlite"

    async def begin(self) -> None:
        """Wait for one's turn to write: on SQLite a long import may have it. Else the first statement waits for it."""
        await self._connection.begin()

    async def commit(self) -> None:
        """Keep everything done so far; a cancelled commit is finished first, because it may have happened already."""
        if not self._put_off:
            await self._connection.commit()
        self.committed = True

    def put_off_commits(self) -> None:
        """Let `commit` only say that something is to be kept: more belongs to it, and `commit_at_last` keeps it all."""
        self._put_off = True

    async def commit_at_last(self) -> None:
        """Keep everything done so far, as `commit` does when it is not put off."""
        await self._connection.commit()

    async def rollback(self) -> None:
        """Forget everything since the last commit that was not put off."""
        await self._connection.rollback()
        if self._put_off:
            self.committed = False

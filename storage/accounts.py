"""Telegram accounts: whose they are, which language they chose, whom they were offered to be linked to."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, func, select
from sqlalchemy.exc import IntegrityError

from policy.people import Language
from storage.connection import Connection
from storage.people import person_of
from storage.records import Account, Acquaintance, CodeFailures, LinkOffer
from storage.roles import grant_of
from storage.students import student_of
from storage.tables import accounts, changes, code_failures, link_offers, people, role_grants, students
from storage.upsert import NAMES_AT_ONCE, chunks, insert_missing, upsert


class Accounts:
    """Telegram accounts by their user id. One account is one person's, and a person has one account."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def acquaintance(self, user_id: int) -> Acquaintance | None:
        """Give an account with its person, study and standing roles, in one query; None when it was never seen."""
        rows = (await self._connection.execute(_ACQUAINTANCE, {"user_id": user_id})).mappings().all()
        if not rows:
            return None
        row = rows[0]
        linked = row["person_id"] is not None
        return Acquaintance(
            account=Account(
                row["user_id"],
                row["person_id"],
                Language(row["chosen"]) if row["chosen"] else None,
                row["linked_at"],
                row["consent_version"],
                row["consented_at"],
                row["unreachable_since"],
                row["unreachable_why"],
            ),
            person=person_of(row) if linked else None,
            student=student_of(row) if linked and row["institute"] is not None else None,
            roles=tuple(
                grant_of(each["person_id"], each["role"], each["scope"], each["until"])
                for each in rows
                if each["role"] is not None
            ),
            history=row["history"] or 0,
        )

    async def of_person(self, person_id: str) -> Account | None:
        """Give the account a person is linked to."""
        row = (await self._connection.execute(_OF_PERSON, {"person_id": person_id})).first()
        return _account(row) if row else None

    async def of_people(self, person_ids: Iterable[str]) -> dict[str, Account]:
        """Give the accounts of those of these people who are linked, by person id."""
        found: dict[str, Account] = {}
        for chunk in chunks(dict.fromkeys(person_ids), NAMES_AT_ONCE):
            for row in await self._connection.execute(_OF_PEOPLE, {"person_ids": chunk}):
                found[row.person_id] = _account(row)
        return found

    async def link(self, user_id: int, person_id: str, *, at: datetime, consent_version: str) -> bool:
        """Link an account to a person who consented to this version of the text at this instant.

        False, and nothing changes, when the account or the person is linked already: whoever came first stays.
        """
        await insert_missing(self._connection, accounts, [{"user_id": user_id}])
        link = {"of_user": user_id, "new_person": person_id, "at": at, "version": consent_version}
        try:
            async with self._connection.begin_nested():
                return (await self._connection.execute(_LINK, link)).rowcount > 0
        except IntegrityError:
            if await self.of_person(person_id) is None:
                raise  # no such person
            return False

    async def unlink(self, user_id: int) -> str | None:
        """Take an account's link and consent away and return whose it was; the chosen language stays."""
        person_id: str | None = await self._connection.scalar(_PERSON_OF, {"user_id": user_id})
        if person_id is not None:
            await self._connection.execute(_UNLINK, {"of_user": user_id})
        return person_id

    async def choose_language(self, user_id: int, language: Language) -> None:
        """Remember the language somebody chose, linked or not."""
        await insert_missing(self._connection, accounts, [{"user_id": user_id}])
        await self._connection.execute(_CHOOSE, {"of_user": user_id, "new_language": language})

    async def unreachable(self) -> int:
        """Count the accounts that no message reaches."""
        return await self._connection.scalar(_UNREACHABLE) or 0

    async def mark_unreachable(self, user_id: int, *, since: datetime, why: str) -> None:
        """Remember that no message reaches an account the bot knows; one that is marked keeps its instant."""
        await self._connection.execute(_MARK_UNREACHABLE, {"of_user": user_id, "since": since, "why": why})

    async def mark_reachable(self, user_id: int) -> None:
        """Remember that an account is there again."""
        await self._connection.execute(_MARK_REACHABLE, {"of_user": user_id})

    async def offer(self, offer: LinkOffer) -> None:
        """Remember what an account was offered, over what it was offered before."""
        await upsert(self._connection, link_offers, [asdict(offer)])

    async def offer_to(self, user_id: int) -> LinkOffer | None:
        """Give what an account was offered and has not answered."""
        row = (await self._connection.execute(_OFFER_TO, {"user_id": user_id})).first()
        return LinkOffer(*row) if row else None

    async def offers_of(self, person_id: str) -> tuple[LinkOffer, ...]:
        """Give the open offers of a person to any account, oldest first."""
        rows = await self._connection.execute(_OFFERS_OF, {"person_id": person_id})
        return tuple(LinkOffer(*row) for row in rows)

    async def forget_offer(self, user_id: int) -> None:
        """Forget what an account was offered."""
        await self._connection.execute(_FORGET_OFFER, {"of_user": user_id})

    async def code_failures(self, user_id: int) -> CodeFailures | None:
        """Tell how often in a row an account sent a wrong code; None: never, or a good one came since."""
        row = (await self._connection.execute(_FAILURES, {"user_id": user_id})).first()
        return CodeFailures(*row) if row else None

    async def keep_code_failures(self, failures: CodeFailures) -> None:
        """Keep how often an account sent a wrong code, and until when it waits."""
        await upsert(self._connection, code_failures, [asdict(failures)])

    async def forgive_code_failures(self, user_id: int) -> None:
        """Forget the wrong codes of an account."""
        await self._connection.execute(_FORGIVE, {"of_user": user_id})


def _account(row: Row[*tuple[Any, ...]]) -> Account:
    language = Language(row.language) if row.language else None
    return Account(
        row.user_id,
        row.person_id,
        language,
        row.linked_at,
        row.consent_version,
        row.consented_at,
        row.unreachable_since,
        row.unreachable_why,
    )


_ACQUAINTANCE = (
    select(
        accounts.c.user_id,
        accounts.c.language.label("chosen"),
        accounts.c.linked_at,
        accounts.c.consent_version,
        accounts.c.consented_at,
        accounts.c.unreachable_since,
        accounts.c.unreachable_why,
        people,
        *(column for column in students.c if column.name != "person_id"),
        role_grants.c.role,
        role_grants.c.scope,
        role_grants.c.until,
        select(func.max(changes.c.id)).scalar_subquery().label("history"),
    )
    .select_from(
        accounts.outerjoin(people, people.c.person_id == accounts.c.person_id)
        .outerjoin(students, students.c.person_id == people.c.person_id)
        .outerjoin(role_grants, and_(role_grants.c.person_id == people.c.person_id, role_grants.c.revoked_at.is_(None)))
    )
    .where(accounts.c.user_id == bindparam("user_id"))
    .order_by(role_grants.c.role, role_grants.c.scope)
)
_OF_PERSON = select(accounts).where(accounts.c.person_id == bindparam("person_id"))
_OF_PEOPLE = select(accounts).where(accounts.c.person_id.in_(bindparam("person_ids", expanding=True)))
_PERSON_OF = select(accounts.c.person_id).where(accounts.c.user_id == bindparam("user_id"))
_OF_USER = accounts.update().where(accounts.c.user_id == bindparam("of_user"))
_LINK = _OF_USER.where(accounts.c.person_id.is_(None)).values(
    person_id=bindparam("new_person"),
    linked_at=bindparam("at"),
    consent_version=bindparam("version"),
    consented_at=bindparam("at"),
)
_UNLINK = _OF_USER.values(person_id=None, linked_at=None, consent_version=None, consented_at=None)
_CHOOSE = _OF_USER.values(language=bindparam("new_language"))
_UNREACHABLE = select(func.count()).where(accounts.c.unreachable_since.is_not(None))
_MARK_UNREACHABLE = _OF_USER.where(accounts.c.unreachable_since.is_(None)).values(
    unreachable_since=bindparam("since"), unreachable_why=bindparam("why")
)
_MARK_REACHABLE = _OF_USER.values(unreachable_since=None, unreachable_why=None)
_OFFER_TO = select(link_offers).where(link_offers.c.user_id == bindparam("user_id"))
_OFFERS_OF = (
    select(link_offers)
    .where(link_offers.c.person_id == bindparam("person_id"))
    .order_by(link_offers.c.offered_at, link_offers.c.user_id)
)
_FORGET_OFFER = link_offers.delete().where(link_offers.c.user_id == bindparam("of_user"))
_FAILURES = select(code_failures).where(code_failures.c.user_id == bindparam("user_id"))
_FORGIVE = code_failures.delete().where(code_failures.c.user_id == bindparam("of_user"))

"""`kenes grant` and `kenes revoke`: who may act for the university."""

from datetime import datetime

import click

from kenes.commands.opening import Opened, with_database
from policy.decision import Refused
from policy.people import Role, RoleGrant
from policy.two_people import RoleChange
from services.roles import RoleRefusal, Term
from services.roles import grant as grant_role
from services.roles import revoke as revoke_role

ROLE = click.Choice([role.value for role in Role])

WHY = {
    RoleRefusal.UNKNOWN_PERSON: "{person} is not in the records. Nothing was changed. Import students or staff first, "
    "or look the id up.",
    RoleRefusal.ALREADY_OVER: "the term is over: {until} has passed. Nothing was changed. Give --until a day from "
    "today on, or --no-end.",
    RoleRefusal.NOT_HELD: "{person} does not hold {role}{where}. Nothing was changed. {held}",
}


@click.command
@click.argument("role", type=ROLE)
@click.argument("person")
@click.option("--scope", help="An institute, as the records name it; everywhere when left out.")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d", "%d.%m.%Y"]),
    help="Last day of the term. Left out: as it stands, or no end for a role that is new.",
)
@click.option("--no-end", is_flag=True, help="The term has no end any more.")
def grant(role: str, person: str, scope: str | None, until: datetime | None, *, no_end: bool) -> None:
    """Give PERSON a ROLE; the same again changes only the last day.

    The command line acts for the owner of the machine, alone; all administrators are told.
    """
    if no_end and until:
        raise click.UsageError("Give either --until or --no-end.")
    last_day = until.date() if until else None

    async def task(opened: Opened) -> RoleChange | Refused[RoleRefusal]:
        async with opened.database.write() as storage:
            return await grant_role(
                storage,
                person_id=person,
                role=Role(role),
                scope=scope,
                term=Term(last_day, endless=no_end),
                now=opened.now,
                profile=opened.profile,
            )

    outcome = with_database(task)
    if isinstance(outcome, Refused):
        raise click.ClickException(WHY[outcome.reason].format(person=person, until=last_day or "its last day"))
    if outcome.before == outcome.after:
        click.echo(f"{person} holds it already: {_said(outcome.after)}. Nothing was changed.")
    else:
        click.echo(f"{person}: {_said(outcome.after)}.")


@click.command
@click.argument("role", type=ROLE)
@click.argument("person")
@click.option("--scope", help="The scope it was given in; the one that holds everywhere when left out.")
def revoke(role: str, person: str, scope: str | None) -> None:
    """Take a ROLE from PERSON; all administrators are told."""

    async def task(opened: Opened) -> tuple[RoleChange | Refused[RoleRefusal], tuple[RoleGrant, ...]]:
        async with opened.database.write() as storage:
            outcome = await revoke_role(
                storage, person_id=person, role=Role(role), scope=scope, now=opened.now, profile=opened.profile
            )
            return outcome, await storage.roles.of_person(person)

    outcome, held = with_database(task)
    if isinstance(outcome, Refused):
        left = "; ".join(map(_said, held))
        raise click.ClickException(
            WHY[outcome.reason].format(
                person=person,
                role=role,
                where=f" in {scope}" if scope else " everywhere",
                held=f"Held: {left}." if left else "No roles are held.",
            )
        )
    click.echo(f"{person} no longer holds {_said(outcome.before)}.")


def _said(grant: RoleGrant | None) -> str:
    if grant is None:
        return "nothing"
    where = f" in {grant.scope}" if grant.scope else ""
    until = f" until {grant.until}" if grant.until else ""
    return f"{grant.role}{where}{until}"

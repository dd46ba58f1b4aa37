"""How fresh the records are: when the university's systems last said what they hold."""

from datetime import datetime

from services.importing.columns import Kind
from services.watching import IMPORT
from storage.unit import Storage


async def agreed(storage: Storage, kind: Kind, *, at: datetime) -> None:
    """Keep that a file of this kind said nothing the records did not have already; the caller commits."""
    await storage.pulse.beat(f"{IMPORT}{kind}", at=at)


async def fresh_of(storage: Storage, kind: Kind) -> datetime | None:
    """Return when a file of this kind was last loaded, and not taken back, or agreed with the records; None: never."""
    loaded, same = await storage.imports.last_at(kind), await storage.pulse.last(f"{IMPORT}{kind}")
    return max((at for at in (loaded, same and same.at) if at), default=None)

"""The same echo behind our own polling and inbox, and nothing else: what it costs to lose no update."""

import asyncio
import os

from bench.echo import bot, echoing
from bot.delivery.polling import Polling
from bot.delivery.touch import Touch
from bot.delivery.updates import Updates
from services.clock import WallClock
from storage.database import Database
from storage.inbox import Inbox


async def main() -> None:
    """Poll until stopped."""
    url, client = os.environ["DATABASE_URL"], bot()
    async with Database.open(url) as database, Inbox.open(url) as inbox:
        clock = WallClock()
        touch = Touch(database, clock)
        updates = Updates(bot=client, dispatcher=echoing(), inbox=inbox, database=database, clock=clock, touch=touch)
        await Polling(client, updates, touch, kinds=["message"]).run()


if __name__ == "__main__":
    asyncio.run(main())

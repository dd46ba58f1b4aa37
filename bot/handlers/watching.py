"""What the watch over the bot tells its administrators."""

from bot.feature import Feature
from bot.notices.watch import NOTICES

FEATURE = Feature(notices=NOTICES)

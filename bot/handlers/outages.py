"""What is told after an outage."""

from bot.feature import Feature
from bot.notices.outages import NOTICES

FEATURE = Feature(notices=NOTICES)

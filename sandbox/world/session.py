"""The winter session the demo starts in: its timetable, and what is posted by then."""

from datetime import datetime, timedelta, timezone

DEMO_MOMENT = datetime(2026, 1, 12, 10, 0, tzinfo=timezone(timedelta(hours=5)))
"""Monday morning inside the session, Almaty time."""

"""Where a student stands: what `/marks`, `/gpa` and `/need` show, put together from facts and rules."""

from services.standing.course import CourseStanding
from services.standing.facts import Facts, facts_of, study_of
from services.standing.study import OpenExam, Study
from services.standing.years import YearStanding, years_of

__all__ = ["CourseStanding", "Facts", "OpenExam", "Study", "YearStanding", "facts_of", "study_of", "years_of"]

"""Rows of iGPA components against the records: an empty cell or an absent column keeps what is known."""

from policy.gpa import Components
from services.importing.draft import Draft, Ids, known_student


async def compare_components(draft: Draft) -> None:
    """Compare rows of components."""
    ids = Ids(await draft.storage.students.all_ids())
    found = {row.number: known_student(draft, ids, row) for row in draft.file.rows}
    await draft.read(
        "components", [(each, row["academic_year"]) for row in draft.file.rows if (each := found[row.number])]
    )
    institutes = {} if draft.scope is None else await draft.storage.students.institute_of_each()
    for row in draft.file.rows:
        student_id = found[row.number]
        if student_id is None or draft.foreign(row, [institutes.get(student_id)], "student_id", row["student_id"]):
            continue
        key = (student_id, row["academic_year"])
        if draft.repeated(row, key, "student_id", row["student_id"]):
            continue
        before: Components = draft.current("components", key) or Components()
        after = Components(
            research=before.research if row["research"] is None else row["research"],
            iros=before.iros if row["iros"] is None else row["iros"],
            ssci=before.ssci if row["ssci"] is None else row["ssci"],
        )
        draft.count(draft.want("components", key, after))

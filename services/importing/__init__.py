"""Loading the files a university's systems export: shown first, then all or nothing, in the history, undone as a whole.

`preview` reads a file and compares it with the records, `apply` carries the preview out, `undo` takes an import back.
`load_upload` applies a file that was kept between its preview and a person's answer, if there was room (`no_room`).
All texts about a file come from `describe`.
"""

from services.importing.applying import apply
from services.importing.columns import Kind
from services.importing.differences import ValueChange, differences_csv, name_of
from services.importing.freshness import agreed, fresh_of
from services.importing.given import GIVABLE, NOTHING, Given, given_by_name, read_given
from services.importing.opening import opened
from services.importing.previewing import preview
from services.importing.previews import Counts, Imported, Preview, Stale
from services.importing.problems import Notice, Refusal, Unacceptable
from services.importing.recognising import kind_of
from services.importing.refused import refused_csv
from services.importing.scope import scope_of
from services.importing.undoing import Dependent, Undone, UndoRefusal, UndoRefused, undo
from services.importing.uploads import NoRoom, fingerprint, load_upload, no_room
from services.importing.wording import describe

__all__ = [
    "GIVABLE",
    "NOTHING",
    "Counts",
    "Dependent",
    "Given",
    "Imported",
    "Kind",
    "NoRoom",
    "Notice",
    "Preview",
    "Refusal",
    "Stale",
    "Unacceptable",
    "UndoRefusal",
    "UndoRefused",
    "Undone",
    "ValueChange",
    "agreed",
    "apply",
    "describe",
    "differences_csv",
    "fingerprint",
    "fresh_of",
    "given_by_name",
    "kind_of",
    "load_upload",
    "name_of",
    "no_room",
    "opened",
    "preview",
    "read_given",
    "refused_csv",
    "scope_of",
    "undo",
]

"""Loading the files a university's systems export: shown first, then all or nothing, kept in the history, undone as a whole.

`read_file` turns bytes into rows (slow for large files: run it in a thread), `preview` compares them with the records,
`apply` carries the preview out, `undo` takes an import back. All texts about a file come from `describe`.
"""

from services.importing.applying import apply
from services.importing.columns import Kind
from services.importing.parsing import FileRows, read_file
from services.importing.preview import Counts, Imported, Preview, Stale
from services.importing.previewing import preview
from services.importing.problems import Notice, Refusal
from services.importing.refused import refused_csv
from services.importing.undoing import Dependent, UndoRefusal, UndoRefused, Undone, undo
from services.importing.wording import describe

__all__ = [
    "Counts",
    "Dependent",
    "FileRows",
    "Imported",
    "Kind",
    "Notice",
    "Preview",
    "Refusal",
    "Stale",
    "UndoRefusal",
    "UndoRefused",
    "Undone",
    "apply",
    "describe",
    "preview",
    "read_file",
    "refused_csv",
    "undo",
]

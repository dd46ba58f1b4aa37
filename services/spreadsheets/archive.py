"""The archive a workbook is: its parts, measured before they are unpacked."""

import io
import zipfile
from collections.abc import Iterator

from services.spreadsheets.told import Refused

MOST_PARTS = 5_000
_PIECE = 256 * 1024


class Archive:
    """The parts of a ZIP archive by name, in whatever case and slashes; at most `limit` bytes in all are unpacked.

    What an archive says of itself may be a lie: no part gives more than its said size, and one whose checksum then
    differs is damaged. Raises Refused.
    """

    def __init__(self, data: bytes, limit: int) -> None:
        self._left = limit
        self._counted: set[str] = set()
        self._zip = zipfile.ZipFile(io.BytesIO(data))
        infos = self._zip.infolist()
        if len(infos) > MOST_PARTS:
            raise Refused("too_much_inside")
        if any(info.flag_bits & 1 for info in infos):
            raise Refused("encrypted")
        self._parts = {_plain(info.filename): info for info in infos}
        if len(self._parts) != len(infos):
            raise Refused("damaged")

    def __contains__(self, name: str) -> bool:
        """Tell whether there is such a part."""
        return _plain(name) in self._parts

    def pieces(self, name: str) -> Iterator[bytes]:
        """Unpack a part piece by piece."""
        info = self._parts.get(_plain(name))
        if info is None:
            raise Refused("damaged")
        if info.filename not in self._counted:
            self._counted.add(info.filename)
            self._left -= info.file_size
            if self._left < 0:
                raise Refused("too_much_inside")
        with self._zip.open(info) as part:
            while piece := part.read(_PIECE):
                yield piece


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()

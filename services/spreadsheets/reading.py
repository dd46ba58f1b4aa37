"""What kind of file somebody sent, told from its content and never from its name, and what reads it."""

from services.spreadsheets.told import Read, Refused

_OLDER = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")  # Excel 2 to 4
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OLE = b"\xd0\xcf\x11\xe0"


def read(data: bytes, known_words: frozenset[str], unpacked_limit: int) -> Read:
    """Read the sheets of a file; `known_words` (folded) help to tell code pages and separators. Raises Refused."""
    if data.startswith(_ZIP):
        return _read_archive(data, unpacked_limit)
    if data.startswith(_OLE):
        from services.spreadsheets.xls import read_xls

        return read_xls(data)
    if data.startswith(_OLDER):
        raise Refused("old_excel")
    if data.lstrip()[:5] == b"%PDF-":
        raise Refused("pdf")
    from services.spreadsheets.text import decode, read_csv

    text = decode(data, known_words)
    if text.lstrip()[:1] == "<":
        return _read_page(text)
    return read_csv(text, known_words)


def _read_archive(data: bytes, unpacked_limit: int) -> Read:
    from services.spreadsheets.archive import Archive

    archive = Archive(data, unpacked_limit)
    if "EncryptedPackage" in archive:
        raise Refused("encrypted")
    if "content.xml" in archive:
        from services.spreadsheets.ods import read_ods

        return read_ods(archive)
    from services.spreadsheets.xlsx import read_xlsx

    return read_xlsx(data, archive)


def _read_page(text: str) -> Read:
    beginning = text[:2000].lower()
    if "urn:schemas-microsoft-com:office:spreadsheet" in beginning:
        raise Refused("xml_spreadsheet")
    if "<table" not in text and "<TABLE" not in text:
        raise Refused("not_a_workbook")
    from services.spreadsheets.html import read_html

    return read_html(text)

"""Formatted text as Telegram understands it: HTML to entities, limits in UTF-16 units, links and commands found."""

import re
from typing import Any, NamedTuple

from sandbox.refusal import bad_request

Entity = dict[str, Any]

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "a": "text_link",
    "tg-emoji": "custom_emoji",
}
NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
FORMATS = {*TAGS.values(), "expandable_blockquote", "text_mention"}
REFERENCE = re.compile(r"&(?:#(\d{1,10})|#[xX]([0-9a-fA-F]{1,8})|(lt|gt|amp|quot));?")
SPECIAL = re.compile(r"[<&]")
SPACES = " \t\r\n\v\f"
FOUND = re.compile(
    r"(?P<url>(?:https?|tg)://[^\s<>\"']*[^\s<>\"'.,;:!?)\]}»]|(?<![\w@./])t\.me/[\w+/?=&-]+)"
    r"|(?P<email>(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-zA-Z]{2,24})"
    r"|(?P<bot_command>(?<![\w/<>.])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?(?![\w/]))"
    r"|(?P<mention>(?<![\w@])@[A-Za-z]\w{3,31})"
    r"|(?P<hashtag>(?<![\w#])#\w*[^\W\d]\w*)"
)


class _Open(NamedTuple):
    tag: str
    argument: str
    offset: int


def utf16_length(text: str) -> int:
    """Return the length in UTF-16 code units: how Telegram counts characters and offsets."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def formatted(text: str, parse_mode: str | None, entities: list[Entity] | None) -> tuple[str, list[Entity]]:
    """Return a bot's text and entities as Telegram would keep them: parsed, trimmed, with links and commands found.

    Raises ApiRefusal in Telegram's words when the markup does not parse. Of the parse modes only HTML is here.
    """
    if parse_mode:
        if parse_mode.lower() != "html":
            raise bad_request(f"parse_mode {parse_mode} is not in this sandbox; HTML is")
        text, entities = parse_html(text)
    return _trimmed(text, entities or [])


def plain(text: str) -> tuple[str, list[Entity]]:
    """Return what a person wrote, trimmed, with links and commands found."""
    return _trimmed(text, [])


def parse_html(markup: str) -> tuple[str, list[Entity]]:
    """Return the text and entities of Telegram's HTML; raises ApiRefusal with the byte offset of the fault."""
    parts: list[str] = []
    entities: list[Entity] = []
    opened: list[_Open] = []
    offset = at = 0

    def put(piece: str) -> None:
        nonlocal offset
        parts.append(piece)
        offset += utf16_length(piece)

    while found := SPECIAL.search(markup, at):
        put(markup[at : found.start()])
        begin = found.start()
        if found[0] == "&":
            character, at = _reference(markup, begin)
            put(character)
        elif markup.startswith("</", begin):
            if not opened:
                raise _unparsable(f"Unexpected end tag at byte offset {_bytes(markup, begin)}")
            at = _close(markup, begin, opened.pop(), offset, entities)
        else:
            tag, argument, at = _start_tag(markup, begin)
            opened.append(_Open(tag, argument, offset))
    put(markup[at:])
    if opened:
        raise _unparsable(f'Can\'t find end tag corresponding to start tag "{opened[-1].tag}"')
    text = "".join(parts)
    try:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise _unparsable(
            "Text contains invalid Unicode characters after decoding HTML entities, "
            "check for unmatched surrogate code units"
        ) from None
    return text, sorted(entities, key=lambda one: (one["offset"], -one["length"]))


def _unparsable(what: str) -> Exception:
    return bad_request(f"can't parse entities: {what}")


def _bytes(markup: str, position: int) -> int:
    return len(markup[:position].encode("utf-8", "surrogatepass"))


def _reference(markup: str, begin: int) -> tuple[str, int]:
    found = REFERENCE.match(markup, begin)
    if found is None:
        return "&", begin + 1
    decimal, hexadecimal, name = found.groups()
    if name:
        return NAMED[name], found.end()
    code = int(decimal) if decimal else int(hexadecimal, 16)
    if not 0 < code <= 0x10FFFF:
        return "&", begin + 1
    return chr(code), found.end()


def _skip(markup: str, at: int, characters: str = SPACES) -> int:
    while at < len(markup) and markup[at] in characters:
        at += 1
    return at


def _until(markup: str, at: int, characters: str) -> int:
    while at < len(markup) and markup[at] not in characters:
        at += 1
    return at


def _start_tag(markup: str, begin: int) -> tuple[str, str, int]:
    where = f"at byte offset {_bytes(markup, begin)}"
    end = len(markup)
    at = _until(markup, begin + 1, SPACES + ">")
    if at == end:
        raise _unparsable(f"Unclosed start tag {where}")
    tag = markup[begin + 1 : at].lower()
    if tag not in TAGS:
        raise _unparsable(f'Unsupported start tag "{tag}" {where}')
    argument = ""
    while True:
        at = _skip(markup, at)
        if at < end and markup[at] == ">":
            break
        name_at = at
        at = _until(markup, at, SPACES + "=>/\"'")
        name = markup[name_at:at].lower()
        if not name:
            raise _unparsable(f'Empty attribute name in the tag "{tag}" {where}')
        at = _skip(markup, at)
        if at == end:
            raise _unparsable(f'Unclosed start tag "{tag}" {where}')
        if markup[at] != "=":
            if (tag, name) == ("blockquote", "expandable"):
                argument = "expandable"
            continue
        at = _skip(markup, at + 1)
        if at == end:
            raise _unparsable(f'Unclosed start tag "{tag}" {where}')
        value, at = _attribute_value(markup, at)
        if at >= end:
            raise _unparsable(f"Unclosed start tag {where}")
        argument = _argument(tag, name, value) or argument
    if tag == "span" and argument != "spoiler":
        raise _unparsable(f'Tag "span" must have class "tg-spoiler" {where}')
    return tag, argument, at + 1


def _attribute_value(markup: str, at: int) -> tuple[str, int]:
    quote = markup[at]
    if quote not in "\"'":
        begin = at
        while at < len(markup) and markup[at].isascii() and (markup[at].isalnum() or markup[at] in ".-"):
            at += 1
        if at == len(markup) or markup[at] not in SPACES + ">":
            raise _unparsable(f"Unexpected end of name token at byte offset {_bytes(markup, begin)}")
        return markup[begin:at].lower(), at
    end = markup.find(quote, at + 1)
    if end < 0:
        return "", len(markup)
    return REFERENCE.sub(lambda found: _reference(found[0], 0)[0], markup[at + 1 : end]), end + 1


def _argument(tag: str, name: str, value: str) -> str:
    match tag, name:
        case "a", "href":
            return value
        case "code", "class":
            return value.removeprefix("language-") if value.startswith("language-") else ""
        case "span", "class":
            return value.removeprefix("tg-") if value.startswith("tg-") else ""
        case "tg-emoji", "emoji-id":
            return value
    return ""


def _close(markup: str, begin: int, opened: _Open, offset: int, entities: list[Entity]) -> int:
    at = _until(markup, begin + 2, SPACES + ">")
    name = markup[begin + 2 : at].lower()
    at = _skip(markup, at)
    where = f"at byte offset {_bytes(markup, begin)}"
    if at == len(markup) or markup[at] != ">":
        raise _unparsable(f"Unclosed end tag {where}")
    if name and name != opened.tag:
        raise _unparsable(f'Unmatched end tag {where}, expected "</{opened.tag}>", found "</{name}>"')
    if offset > opened.offset:
        entity = _entity(opened, offset - opened.offset, entities)
        if entity is not None:
            entities.append(entity)
    return at + 1


def _entity(opened: _Open, length: int, entities: list[Entity]) -> Entity | None:
    entity: Entity = {"type": TAGS[opened.tag], "offset": opened.offset, "length": length}
    match opened.tag:
        case "a":
            person = re.fullmatch(r"tg://user\?id=(\d+)", opened.argument)
            if person:
                return {**entity, "type": "text_mention", "user": {"id": int(person[1])}}
            if not re.match(r"(?i)(https?|tg|mailto|tel):|[\w-]+(\.[\w-]+)+", opened.argument):
                return None
            has_scheme = re.match(r"(?i)(https?|tg|mailto|tel):", opened.argument)
            return {**entity, "url": opened.argument if has_scheme else f"http://{opened.argument}"}
        case "tg-emoji":
            if not re.fullmatch(r"\d+", opened.argument):
                raise _unparsable("Invalid custom emoji identifier specified")
            return {**entity, "custom_emoji_id": opened.argument}
        case "blockquote" if opened.argument:
            return {**entity, "type": "expandable_blockquote"}
        case "code" if opened.argument:
            return {**entity, "language": opened.argument}
        case "pre" if entities and entities[-1]["type"] == "code":
            inner = entities[-1]
            if (inner["offset"], inner["length"]) == (opened.offset, length):
                entities.pop()
                if "language" in inner:
                    return {**entity, "language": inner["language"]}
    return entity


def _trimmed(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    text = text.replace("\r", "").replace("\0", "")
    trimmed = text.lstrip()
    cut = utf16_length(text[: len(text) - len(trimmed)])
    trimmed = trimmed.rstrip()
    length = utf16_length(trimmed)
    kept = []
    for entity in entities:
        begin = max(entity["offset"] - cut, 0)
        end = min(entity["offset"] - cut + entity["length"], length)
        if begin < end:
            kept.append({**entity, "offset": begin, "length": end - begin})
    kept.extend(_found(trimmed, kept))
    for entity in kept:
        if entity["type"] == "code":
            entity.pop("language", None)
    return trimmed, sorted(kept, key=lambda one: (one["offset"], -one["length"]))


def _found(text: str, entities: list[Entity]) -> list[Entity]:
    if not ("/" in text or "@" in text or "#" in text):
        return []
    taken = [
        (one["offset"], one["offset"] + one["length"])
        for one in entities
        if one["type"] in {"code", "pre", "text_link", "text_mention", "url", "bot_command"}
    ]
    found = []
    for match in FOUND.finditer(text):
        begin = utf16_length(text[: match.start()])
        length = utf16_length(match[0])
        if all(begin + length <= first or begin >= last for first, last in taken):
            found.append({"type": match.lastgroup, "offset": begin, "length": length})
    return found

"""Formatted text: what Telegram makes of HTML, byte offsets of faults, UTF-16 lengths, what is found by itself."""

import pytest

from sandbox.entities import formatted, parse_html, plain, utf16_length
from sandbox.refusal import ApiRefusal


def entity(kind: str, offset: int, length: int, **more: object) -> dict[str, object]:
    return {"type": kind, "offset": offset, "length": length, **more}


@pytest.mark.parametrize(
    ("markup", "text", "entities"),
    [
        ("<b>Мерзімі</b>: 5", "Мерзімі: 5", [entity("bold", 0, 7)]),
        ("<strong>a</strong><em>b</em><ins>c</ins><del>d</del>", "abcd", [
            entity("bold", 0, 1), entity("italic", 1, 1), entity("underline", 2, 1), entity("strikethrough", 3, 1),
        ]),
        ("<B>a</b><strike>b</strike><s>c</s><u>d</u><i>e</i>", "abcde", [
            entity("bold", 0, 1), entity("strikethrough", 1, 1), entity("strikethrough", 2, 1),
            entity("underline", 3, 1), entity("italic", 4, 1),
        ]),
        ("<tg-spoiler>a</tg-spoiler><span class=\"tg-spoiler\">b</span>", "ab", [
            entity("spoiler", 0, 1), entity("spoiler", 1, 1),
        ]),
        ("<b>a<i>b</i></b>", "ab", [entity("bold", 0, 2), entity("italic", 1, 1)]),
        ("<code>x</code> <pre>y</pre>", "x y", [entity("code", 0, 1), entity("pre", 2, 1)]),
        ("<pre><code class=\"language-py\">y</code></pre>", "y", [entity("pre", 0, 1, language="py")]),
        ("<blockquote>a</blockquote><blockquote expandable>b</blockquote>", "ab", [
            entity("blockquote", 0, 1), entity("expandable_blockquote", 1, 1),
        ]),
        ("<a href='https://kaz.kz/?a=1&amp;b=2'>сайт</a>", "сайт", [
            entity("text_link", 0, 4, url="https://kaz.kz/?a=1&b=2"),
        ]),
        ("<a href=\"tg://user?id=7\">x</a>", "x", [entity("text_mention", 0, 1, user={"id": 7})]),
        ("<tg-emoji emoji-id=\"53\">👍</tg-emoji>", "👍", [entity("custom_emoji", 0, 2, custom_emoji_id="53")]),
        ("🎓<b>a</b>", "🎓a", [entity("bold", 2, 1)]),
        ("5 &lt; 6 &amp; 7 &gt; 6 &quot;&#1178;&#x49A; &nbsp; & x", '5 < 6 & 7 > 6 "ҚҚ &nbsp; & x', []),
        ("<b></b>a", "a", []),
        ("<b>a</>", "a", [entity("bold", 0, 1)]),
    ],
)  # fmt: skip
def test_html_becomes_text_and_entities(markup: str, text: str, entities: list[dict[str, object]]) -> None:
    assert parse_html(markup) == (text, entities)


@pytest.mark.parametrize(
    ("markup", "complaint"),
    [
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("қ<x>a</x>", 'Unsupported start tag "x" at byte offset 2'),
        ("5 < 6", 'Unsupported start tag "" at byte offset 2'),
        ("🎓<i", "Unclosed start tag at byte offset 4"),
        ("<i>a</b>", 'Unmatched end tag at byte offset 4, expected "</i>", found "</b>"'),
        ("<i>a</i", "Unclosed end tag at byte offset 4"),
        ("<a href=x,y>a</a>", "Unexpected end of name token at byte offset 8"),
        ("<a href='x>a</a>", "Unclosed start tag at byte offset 0"),
        ("<a =x>a</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<i   b  =  ", 'Unclosed start tag "i" at byte offset 0'),
        ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<br/>", 'Unsupported start tag "br/" at byte offset 0'),
        (
            "&#xDFDF;",
            (
                "Text contains invalid Unicode characters after decoding HTML entities, "
                "check for unmatched surrogate code units"
            ),
        ),
    ],
)
def test_html_that_does_not_parse_is_refused_in_telegrams_words(markup: str, complaint: str) -> None:
    with pytest.raises(ApiRefusal) as caught:
        parse_html(markup)
    assert caught.value.description == f"Bad Request: can't parse entities: {complaint}"


def test_a_surrogate_pair_written_as_two_references_is_one_character() -> None:
    assert parse_html("&#xD83C;&#xDF93;") == ("🎓", [])


def test_length_is_counted_in_utf16_units() -> None:
    assert [utf16_length(text) for text in ("abc", "қазақ", "🎓", "")] == [3, 5, 2, 0]


def test_surrounding_space_goes_and_entities_move_with_the_text() -> None:
    assert formatted(" \n <b> a </b> ", "HTML", None) == ("a", [entity("bold", 0, 1)])
    assert formatted("<b> </b>", "html", None) == ("", [])


def test_given_entities_are_kept_and_cut_to_the_text() -> None:
    assert formatted("abc", None, [entity("bold", 1, 50)]) == ("abc", [entity("bold", 1, 2)])


def test_only_html_is_parsed() -> None:
    with pytest.raises(ApiRefusal, match="MarkdownV2 is not in this sandbox"):
        formatted("*a*", "MarkdownV2", None)


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("🎓 /marks now", "bot_command", "/marks"),
        ("/start@kenes_demo_bot x", "bot_command", "/start@kenes_demo_bot"),
        ("see https://kaz.kz/a?b=1.", "url", "https://kaz.kz/a?b=1"),
        ("t.me/kenes_demo_bot?start=abc", "url", "t.me/kenes_demo_bot?start=abc"),
        ("to a.b@kaz.kz", "email", "a.b@kaz.kz"),
        ("hi @aigerim!", "mention", "@aigerim"),
        ("#сессия now", "hashtag", "#сессия"),
    ],
)
def test_links_and_commands_are_found_without_markup(text: str, kind: str, found: str) -> None:
    [only] = plain(text)[1]
    units = text.encode("utf-16-le")
    cut = units[2 * only["offset"] : 2 * (only["offset"] + only["length"])].decode("utf-16-le")
    assert (only["type"], cut) == (kind, found)


@pytest.mark.parametrize("text", ["and/or", "5/6", "a//b", "1 #2", "x@"])
def test_what_only_looks_like_one_is_left_alone(text: str) -> None:
    assert plain(text) == (text, [])


def test_nothing_is_found_inside_code() -> None:
    assert formatted("<code>/marks</code>", "HTML", None)[1] == [entity("code", 0, 6)]

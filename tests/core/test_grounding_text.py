"""Source documents in normal form: what is left out, where lines begin, which part belongs to a heading."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.grounding_text import BadSourceError, Document, csv_rows, normal, read_document
from app.core.model import Source
from tests.core.strategies import law


def document(text: str | bytes, file: str = "notes.txt") -> Document:
    """Return the document of a text."""
    data = text if isinstance(text, bytes) else text.encode()
    return read_document(Source(id="s", title="S", file=file), data)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cafe\N{COMBINING ACUTE ACCENT}", "café"),
        ("a\u00a0b\t\n c", "a b c"),
        ("“so”, ‘it’ «is»", '"so", \'it\' "is"'),
        ("``so''", "''so''"),
        ("5–8 — and −3", "5-8 - and -3"),
        ("a --- b", "a - b"),
        ("eﬃcient ﬁne ﬂow oﬀ ﬆ", "efficient fine flow off st"),
        ("inter\N{SOFT HYPHEN}mediate", "intermediate"),
        ("zero-shot", "zeroshot"),
        ("zero\u200bshot", "zeroshot"),
        ("75\u202f000", "75000"),
        ("| a | b |", "a b"),
        ("wait…", "wait..."),
    ],
)
def test_spellings_of_the_same_have_one_normal_form(one: str, other: str) -> None:
    assert normal(one) == normal(other)


@pytest.mark.parametrize(("one", "other"), [("8.7", "8.70"), ("-3", "3"), ("It", "it"), ("5-8", "58"), ("a b", "ab")])
def test_what_says_something_else_stays_apart(one: str, other: str) -> None:
    assert normal(one) != normal(other)


@law
@given(st.text("ab-'`|*\t 1.", max_size=40))
def test_the_short_way_for_plain_letters_is_the_long_one(text: str) -> None:
    assert f"{normal(text)} é" == normal(f"{text} é") if normal(text) else normal(f"{text}é") == "é"


def test_markdown_loses_its_marks() -> None:
    assert normal("**STILTs** (`x`) [Phang](https://x.org)", markdown=True) == "STILTs (x) Phang"
    assert normal("p &lt; .05 &amp; n&nbsp;= 5", markdown=True) == "p < .05 & n = 5"
    assert normal("**a**") == "**a**"


@law
@given(st.text(max_size=80))
def test_the_normal_form_is_its_own(text: str) -> None:
    once = normal(text)
    assert normal(once) == once or "-" in once  # a letter freed of its hyphen may meet another


def test_lines_are_those_of_the_file() -> None:
    found = document("\ufeffFirst line.\r\n\r\nThird  line\nfourth.\n")
    assert found.normal == "First line. Third line fourth."
    assert [found.line_at(found.normal.index(word)) for word in ("First", "Third", "fourth")] == [1, 3, 4]
    assert document("").normal == ""
    assert document("").line_at(0) == 1


@pytest.mark.parametrize(
    ("text", "normal_form"),
    [
        ("inter-\nmediate task", "intermediate task"),
        ("zero-\nshot", "zeroshot"),
        ("a range of 5-\n8", "a range of 5- 8"),
        ("item A-\n7 more", "item A- 7 more"),
        ("first -\nsecond", "first - second"),
        ("ends-\n\nhere", "ends here"),
        ("ends-", "ends"),
    ],
)
def test_a_word_that_a_line_broke_is_whole(text: str, normal_form: str) -> None:
    assert document(text).normal == normal_form


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("8.7", False),
        ("18.70", True),
        ("70 points", False),
        ("gains 18.70 points", True),
        ("gain", False),
        ("points", True),
    ],
)
def test_only_whole_words_and_numbers_are_found(wanted: str, found: bool) -> None:  # noqa: FBT001
    assert (document("It gains 18.70 points").find(wanted) is not None) is found


def test_a_later_whole_word_is_found_behind_a_part_of_one() -> None:
    text = document("regain, then gain")
    assert text.find("gain") == text.normal.index(" gain") + 1
    assert text.find("gain", 0, 10) is None


MARKDOWN = """\
# Paper
## Results of Table 16
RemBERT has 77.0.
### Detail
More.
## Other
FILTER has 68.3.
"""


def test_a_section_of_markdown_ends_at_the_next_heading_of_its_level() -> None:
    found = document(MARKDOWN, "paper.md")
    section = found.section("table 16")
    assert section is not None
    assert found.normal[section.start : section.end].strip() == "Results of Table 16 RemBERT has 77.0. Detail More."
    last = found.section("Other")
    assert last is not None
    assert found.normal[last.start : last.end] == "Other FILTER has 68.3."
    assert found.section("Table 1") is None


def test_a_section_of_plain_text_goes_on_to_the_end() -> None:
    found = document("Abstract\nWe gain.\nTable 16: results\n77.0\nDiscussion\nend")
    section = found.section("Table 16")
    assert section is not None
    assert found.normal[section.start : section.end] == "Table 16: results 77.0 Discussion end"
    assert found.section("Table 1") is None
    assert found.section("results") is None


def test_a_csv_row_is_its_cells_with_spaces_between() -> None:
    found = document('model;"F1; mean"\nRem\N{HYPHEN}BERT;77.0\n', "t.csv")
    assert found.normal == "model F1; mean RemBERT 77.0"
    assert found.section("model") is None
    assert list(csv_rows('a\tb\n"c\nd"\te\nf\tg')) == [(1, ["a", "b"]), (2, ["c\nd", "e"]), (4, ["f", "g"])]


@pytest.mark.parametrize(
    ("data", "file", "line", "says"),
    [
        (b"a\nb\xff\n", "n.txt", 2, "not UTF-8"),
        (b"a\nb\n\x00", "n.md", 3, "control characters"),
        (b'a,b\n"' + b"x" * 200_000 + b'",c\n', "t.csv", 2, "no CSV"),
    ],
)
def test_what_is_no_text_is_named_with_its_line(data: bytes, file: str, line: int, says: str) -> None:
    with pytest.raises(BadSourceError, match=says) as caught:
        document(data, file)
    assert caught.value.line == line
    assert caught.value.remedy

"""Line numbers of TOML documents that are valid and nasty."""

from __future__ import annotations

import tomllib
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.toml_lines import error_line, line_of, lines
from tests.core.strategies import law

NASTY = dedent(
    '''
    schema = "x"           # line 2
    text = """
    [expect]
    a = 1
    \\"""
    end"""                 # line 7
    literal = \'\'\'
    [[expect]]
    b = "\'\'\'\'           # closed with a quote more
    list = [               # line 11, it's a "comment
      "]",
      # c = """
      [1, 2],
      \'\'\'
    d = 1
    \'\'\',
    ]
    "quoted.key" = 1       # line 19
    \'single\' = 2
    a.b."c d" = { x = "}", y = [1, 2] }  # line 21
    "esc\\"aped" = 3
    empty = ""
    quotes = """"a"""""    # line 24
    after = 1
    [record]               # line 26
      [ record . deep ] # [no]
    x = 1
    [[expect]]
    metric = "a"           # line 30
    [[expect]]
    [expect.sub]
    metric = "b"           # line 33
    [[expect.items]]
    [[expect.items]]       # line 35
    z = """
    one line more
    """
    ["odd]#name"]          # line 39
    k = 1
    '''
)

WHERE = [
    ((), 1),
    (("schema",), 2),
    (("text",), 3),
    (("literal",), 8),
    (("list",), 11),
    (("list", 1), 11),
    (("quoted.key",), 19),
    (("single",), 20),
    (("a", "b", "c d"), 21),
    (("a", "b", "c d", "y"), 21),
    (("empty",), 23),
    (("quotes",), 24),
    (("after",), 25),
    (("record",), 26),
    (("record", "missing"), 26),
    (("record", "deep"), 27),
    (("record", "deep", "x"), 28),
    (("expect", 0), 29),
    (("expect", 0, "metric"), 30),
    (("expect", 1), 31),
    (("expect", 1, "sub", "metric"), 33),
    (("expect", 1, "items", 0), 34),
    (("expect", 1, "items", 1), 35),
    (("expect", 1, "items", 1, "z"), 36),
    (("odd]#name",), 39),
    (("odd]#name", "k"), 40),
    (("nowhere", "at", "all"), 1),
]


@pytest.mark.parametrize(("path", "line"), WHERE, ids=[str(path) for path, _ in WHERE])
@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_every_path_has_its_line(path: tuple[str | int, ...], line: int, ending: str) -> None:
    text = NASTY.replace("\n", ending)
    assert tomllib.loads(text)
    assert line_of(lines(text), path) == line


def test_other_separators_of_unicode_end_no_line() -> None:
    text = 'a = "\u2028\u0085\u000bx"\nb = 1\n'.replace("\u000b", "\u2029")
    assert tomllib.loads(text)
    assert lines(text)["b",] == 2


ERRORS = [
    ("a = 1\nb =\n", 2),
    ("a = 1\nb = 1\nb = 2\n", 3),
    ("a = [\n1,\n", 2),
    ('a = """\nx\n', 2),
    ("[a]\n\n[a]\n", 3),
    ("=", 1),
    ("\ufeffa = 1", 1),
]


@pytest.mark.parametrize(("text", "line"), ERRORS)
def test_the_line_of_an_error_is_the_reader_s_own(text: str, line: int) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    assert error_line(caught.value, text) == line


names = st.sampled_from(["a", "b-c", '"d e"', "'f.g'", '"h]i"'])
values = st.sampled_from(
    ['"x"', "1", "[1, [2]]", '[\n "]",\n]', '"""\n[t]\nq = 1\n"""', "'''\nz = '''", "{ k = 1 }", '"# no"', "1 # [c]"]
)


@law
@given(
    st.lists(st.tuples(names, values), max_size=6, unique_by=lambda pair: pair[0]),
    st.sampled_from(["", "[t]\n", "[[t]]\n"]),
)
def test_a_key_is_found_on_the_line_where_it_was_written(pairs: list[tuple[str, str]], header: str) -> None:
    text, written = header, {}
    for name, value in pairs:
        written[name.strip("\"'")] = text.count("\n") + 1
        text += f"{name} = {value}\n"
    table: tuple[str | int, ...] = {"": (), "[t]\n": ("t",), "[[t]]\n": ("t", 0)}[header]
    assert tomllib.loads(text) is not None
    found = lines(text)
    assert {name: found[*table, name] for name in written} == written
    assert len(found) == 1 + len(written) + len(table)


@law
@given(st.text(alphabet="ab\"'[]{}=#.\\\n ", max_size=60))
def test_lines_are_found_in_whatever_is_valid(text: str) -> None:
    """And nothing fails on what is not, either: a complaint about a line must never become an error of ours."""
    found = lines(text)
    assert found[()] == 1
    assert all(1 <= line <= text.count("\n") + 1 for line in found.values())

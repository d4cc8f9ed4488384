"""Exports as text: what is read is what was written, nothing refers ahead, and statements compare by their meaning."""

from __future__ import annotations

import pytest

from app.core.checkers import CHECKERS
from sandbox.recipes.lean4.assay_prover.compare import LEANS, PRIVATE, Export, own_axioms, readable, statements
from sandbox.recipes.lean4.assay_prover.feed import feed
from sandbox.recipes.lean4.assay_prover.terms import Declaration, Inductive, Table
from sandbox.recipes.lean4.assay_prover.text import ExportError, decimal, read, write

FIRST = "assay-proof-export-v1\n"


def constant(table: Table, name: str, *levels: int) -> int:
    return table.term(("c", table.named(name), *levels))


def declared(table: Table, *, twice: str = "HAdd.hAdd", axiom: bool = False, lemma: bool = False) -> list[Declaration]:
    """Return a definition, and a theorem whose type uses it."""
    value = table.term(("l", constant(table, "Nat"), table.term(("a", constant(table, twice), table.term(("v", 0))))))
    arrow = table.term(("p", constant(table, "Nat"), constant(table, "Nat")))
    number = table.term(("n", 10**5000))
    type_ = table.term(("a", constant(table, "twice"), number))
    proof = constant(table, "cheat") if axiom else constant(table, "Nat.add_comm")
    found = [Declaration("axiom", (), table.named("cheat"), type_)] if axiom else []
    found += [Declaration("theorem", (), table.named("lemma"), type_, proof)] if lemma else []
    found += [
        Declaration("def", (), table.named("twice"), arrow, value, 3),
        Declaration("theorem", (table.named("u"),), table.named("target"), type_, proof),
    ]
    return found


def test_what_is_read_is_what_was_written() -> None:
    table, again = Table(), Table()
    level = table.level(("i", table.level(("s", table.level(("z",)))), table.level(("p", table.named("u")))))
    sort = table.term(("s", level))
    text = table.term(("t", sort, table.term(("x", 'a "b"\n')), table.term(("j", table.named("Prod"), 1, sort))))
    tree = Inductive(table.named("Tree"), sort, ((table.named("Tree.leaf"), text),))
    before = [Declaration("inductive", (table.named("u"),), fixed=2, group=(tree,)), *declared(table, axiom=True)]
    said = write(before, table)
    after = read(said.encode(), again)
    assert write(after, again) == said
    assert [again.written(name) for item in after for name in item.names()] == [
        "Tree",
        "Tree.leaf",
        "cheat",
        "twice",
        "target",
    ]


@pytest.mark.parametrize(
    "lines",
    [
        'n 1 s "a"\n',
        "l s 0\n",
        "e a 0 0\n",
        "e v -1\n",
        "e v 1.0\n",
        "e v " + "9" * 800_000 + "\n",
        "e q 0\n",
        'l z\ne s 0\nn 0 s "a"\nd axiom [] 1 1\n',
        'l z\ne s 0\nn 0 s "a"\nd theorem [] 1 0\n',
        'l z\ne s 0\nn 0 s "a"\nd def [] 1 0 0 -3\n',
        'l z\ne s 0\nn 0 s "a"\ni [] 0 [[1,true,[]]]\n',
        'n 0 s "\\ud800"\n',
        "n 0 s " + "[" * 100_000 + "\n",
        "e v 0",
    ],
)
def test_what_is_no_export_is_refused(lines: str) -> None:
    with pytest.raises(ExportError):
        read((FIRST + lines).encode(), Table())


def test_numbers_of_any_length_are_written() -> None:
    assert decimal(10**9000 + 7) == "1" + "0" * 8999 + "7"


def compared(**of_solution: str | bool) -> tuple[bool, tuple[str, ...]]:
    table = Table()
    challenge = Export(table, tuple(declared(table)))
    solution = Export(table, tuple(declared(table, **of_solution)))  # type: ignore[arg-type]
    found = statements("target", challenge, solution)
    assert found is not None
    return found.same, found.definitions


def test_a_definition_that_the_statement_reaches_is_compared() -> None:
    assert compared() == (True, ())
    assert compared(axiom=True, lemma=True) == (True, ())
    assert compared(twice="HMul.hMul") == (True, ("twice",))


def test_a_name_that_the_challenge_has_of_the_library_is_no_name_for_the_solution_s_own() -> None:
    table = Table()
    stated = in_kernel_terms(table, "to(Nat, P)")
    theorem = Declaration("theorem", (), table.named("target"), stated)
    own = Declaration("def", (), table.named("Nat"), constant(table, "Prop"), constant(table, "False"))
    found = statements("target", Export(table, (theorem,)), Export(table, (own, theorem)))
    assert found is not None
    assert (found.same, found.definitions) == (True, ("Nat",))


def test_the_order_of_a_source_changes_no_statement() -> None:
    table = Table()
    one, other = declared(table), [*reversed(declared(table, lemma=True))]
    found = statements("target", Export(table, tuple(one)), Export(table, tuple(one)))
    turned = statements("target", Export(table, tuple(other)), Export(table, tuple(other)))
    assert found is not None
    assert turned is not None
    assert found.digest == turned.digest


def in_kernel_terms(table: Table, written: str) -> int:
    """Return a term that is written with its head in front: `Not(P)`, and `to(P, Q)` of an arrow."""
    head, _, within = written.removesuffix(")").partition("(")
    if not within:
        return constant(table, head)
    if head == "to":
        first, second = within.split(", ", 1)
        return table.term(("p", in_kernel_terms(table, first), in_kernel_terms(table, second)))
    return table.term(("a", constant(table, head), in_kernel_terms(table, within)))


@pytest.mark.parametrize(
    ("stated", "proved", "refuted"),
    [
        ("P", "Not(P)", True),
        ("Not(P)", "Not(Not(P))", True),  # of a statement that is a negation itself
        ("to(Nat, P)", "Not(to(Nat, P))", True),
        ("P", "P", False),
        ("Not(P)", "P", False),  # what the challenge denies is not its negation, though it amounts to that
        ("P", "Not(Not(P))", False),
        ("P", "Not(Q)", False),
        ("Not(P)", "Not(P)", False),
        ("to(Nat, P)", "to(Nat, Not(P))", False),
        ("P", "to(P, False)", False),  # what `Not` unfolds to
        ("P", "to(P, PEmpty)", False),
        ("P", "Own.Not(P)", False),
        ("P", "«Not»(P)", False),
        ("P", "to(Nat, Not(P))", False),
    ],
)
def test_only_not_of_the_approved_statement_itself_is_its_negation(stated: str, proved: str, *, refuted: bool) -> None:
    table = Table()
    name = table.named("target")
    challenge = Export(table, (Declaration("theorem", (), name, in_kernel_terms(table, stated)),))
    solution = Export(table, (Declaration("theorem", (), name, in_kernel_terms(table, proved)),))
    found = statements("target", challenge, solution)
    assert found is not None
    assert (found.same, found.negation) == (stated == proved, refuted)


@pytest.mark.parametrize(
    ("before", "parameters", "refuted"),
    [
        ((), ("u", "v"), True),
        ((), ("v", "u"), False),  # levels in another order, fewer, or others
        ((), ("u",), False),
        ((), ("u", "w"), False),
        (("Not",), ("u", "v"), False),  # a `Not` of the solution's own, whoever lets it have that name
    ],
)
def test_a_negation_is_the_librarys_at_the_levels_of_the_statement(
    before: tuple[str, ...], parameters: tuple[str, ...], *, refuted: bool
) -> None:
    table = Table()
    stated, proved = in_kernel_terms(table, "P"), in_kernel_terms(table, "Not(P)")
    named = table.named("target")
    own = [Declaration("def", (), table.named(name), constant(table, "Prop"), stated) for name in before]
    levels = {name: tuple(map(table.named, name)) for name in (("u", "v"), parameters)}
    challenge = Export(table, (Declaration("theorem", levels["u", "v"], named, stated),))
    solution = Export(table, (*own, Declaration("theorem", levels[parameters], named, proved)))
    found = statements("target", challenge, solution)
    assert found is not None
    assert found.negation is refuted


def test_what_a_theorem_rests_on_is_found_through_its_proofs() -> None:
    table = Table()
    export = Export(table, tuple(declared(table, axiom=True)))
    own, library = export.reached([table.named("target")], proofs=True)
    assert [export.declarations[index].kind for index in own] == ["def", "axiom", "theorem"]
    assert {table.written(name) for name in library} == {"Nat", "HAdd.hAdd"}
    assert export.theorem("target") is not None
    assert export.theorem("nothing") is None


def test_an_axiom_of_a_source_has_the_name_of_none_of_leans_own() -> None:
    assert frozenset(CHECKERS["lean4"].allowed) == LEANS
    table, found = Table(), list[Declaration]()
    for name in sorted(LEANS):
        for above in (0, table.named("_private.Proof"), table.name(("i", table.named("_private.Proof"), 0))):
            found += [Declaration("axiom", (), table.name(("s", above, name)))]
        found += [Declaration("axiom", (), table.named(name, *PRIVATE))]
    said = own_axioms(Export(table, tuple(found)), range(len(found)))
    assert not said & LEANS
    assert {"propext of the source", "Quot.sound of the source", "«Quot.sound»"} <= said


def test_a_name_is_written_so_that_no_other_looks_like_it() -> None:
    table = Table()
    named = {
        "Paper.main": table.named("Paper.main"),
        "«Paper.main»": table.name(("s", 0, "Paper.main")),
        "a.«0»": table.named("a.0"),
        "a.0": table.name(("i", table.named("a"), 0)),
        "x₁'": table.named("x₁'"),
        "«»": table.name(("s", 0, "")),
        "_private.Other.0.f": table.named("f", "_private", "Other", 0),
        "f": table.named("f", *PRIVATE),
        "_private.Proof.0": table.name(("i", table.named("_private.Proof"), 0)),
    }
    assert [readable(table, number) for number in named.values()] == list(named)


def test_the_judge_is_fed_one_token_a_line() -> None:
    table = Table()
    export = Export(table, (Declaration("axiom", (), table.name(("s", 0, "a\nb")), table.term(("n", 12))),))
    assert feed(export, [table.named("Nat")]).split("\n") == [
        *("nc", "0", "3", "97", "10", "98"),
        *("n", "12"),
        *("d", "axiom", "1", "0", "0", "2", "0"),
        *("ns", "0", "Nat"),
        *("b", "1", "2"),
        *(".", ""),
    ]

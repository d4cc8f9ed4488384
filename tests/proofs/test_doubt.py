"""What this kernel is known to judge wrongly does not reach it, or is looked at again: exports that a forger would write."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sandbox.recipes.lean4.assay_prover.compare import Export
from sandbox.recipes.lean4.assay_prover.doubt import doubt, never_zero
from sandbox.recipes.lean4.assay_prover.terms import ABBREVIATION, Declaration, Inductive, Table
from sandbox.recipes.lean4.assay_prover.text import write

if TYPE_CHECKING:
    from tests.proofs.prover import Prover


class Forger:
    """Writes declarations, without a Lean that could object."""

    def __init__(self) -> None:
        self.table = Table()
        self.zero = self.table.level(("z",))
        self.one = self.table.level(("s", self.zero))
        self.bool = self.constant("Bool")

    def constant(self, name: str, *levels: int) -> int:
        return self.table.term(("c", self.table.named(name), *levels))

    def applied(self, function: int, *arguments: int) -> int:
        for argument in arguments:
            function = self.table.term(("a", function, argument))
        return function

    def function(self, type_: int, body: int) -> int:
        return self.table.term(("l", type_, body))

    def arrow(self, *types: int) -> int:
        *before, found = types
        for type_ in reversed(before):
            found = self.table.term(("p", type_, found))
        return found

    def sort(self, level: int) -> int:
        return self.table.term(("s", level))

    def inductive(self, name: str, type_: int, *constructors: int, fixed: int = 0) -> Declaration:
        pairs = tuple((self.table.named(f"{name}.mk{index or ''}"), one) for index, one in enumerate(constructors))
        return Declaration("inductive", (), fixed=fixed, group=(Inductive(self.table.named(name), type_, pairs),))

    def field(self, name: str, index: int) -> int:
        return self.table.term(("j", self.table.named(name), index, self.table.term(("v", 0))))

    def definition(self, name: str, type_: int, value: int) -> Declaration:
        return Declaration("def", (), self.table.named(name), type_, value, ABBREVIATION)

    def theorem(self, name: str, type_: int, value: int) -> Declaration:
        return Declaration("theorem", (), self.table.named(name), type_, value)

    def lie(self, value: int) -> Declaration:
        """Return a proof that the two truth values are equal."""
        pair = (self.constant("Bool.true"), self.constant("Bool.false"))
        return self.theorem("target", self.applied(self.constant("Eq", self.one), self.bool, *pair), value)

    def written(self, *declarations: Declaration) -> bytes:
        return write(list(declarations), self.table).encode()


def projected(forger: Forger, level: int, *, beside: bool = False) -> list[Declaration]:
    """Return a proof of a lie by a structure in a sort: two proofs of one proposition are equal, so their fields are.

    Where a plain proposition stands before it in its group, this kernel looks at its sort alone.
    """
    hidden, said = forger.constant("Hidden"), forger.constant("AsProposition")
    words = ("true", "false")
    made = [forger.constant(word) for word in words]
    values = [forger.applied(forger.constant("Hidden.mk"), forger.constant(f"Bool.{word}")) for word in words]
    same = forger.applied(forger.constant("Eq", forger.zero), said, *made)
    equal = forger.applied(forger.constant("Eq.refl", forger.zero), said, made[0])
    found = forger.function(hidden, forger.field("Hidden", 0))
    by = forger.applied(
        forger.constant("congrArg", forger.zero, forger.one), said, forger.bool, *made, found, forger.constant("same")
    )
    group = forger.inductive("Hidden", forger.sort(level), forger.arrow(forger.bool, hidden))
    if beside:
        plain = forger.inductive("Plain", forger.sort(forger.zero), forger.constant("Plain"))
        group = replace(group, group=plain.group + group.group)
    return [
        group,
        forger.definition("AsProposition", forger.sort(forger.zero), hidden),
        *(forger.definition(word, said, value) for word, value in zip(words, values, strict=True)),
        forger.theorem("same", same, equal),
        forger.lie(by),
    ]


def test_a_field_of_what_levels_alone_tell_to_be_a_proposition_is_not_given_to_the_kernel() -> None:
    forger = Forger()
    level = forger.table.level(("i", forger.one, forger.zero))
    said = doubt(Export(forger.table, tuple(projected(forger, level))))
    assert said == (
        "the kernel is known to judge wrongly of target: it takes a field of a structure of which only arithmetic of levels"
        " tells whether it is a proposition"
    )
    beside = doubt(Export(forger.table, tuple(projected(forger, level, beside=True))))
    assert str(beside).endswith("Plain: types of one group are in different sorts")
    for plain in (forger.zero, forger.one):  # of these the kernel says what is right
        assert doubt(Export(forger.table, tuple(projected(forger, plain)))) is None


def test_a_type_whose_sort_is_not_written_out_is_not_given_to_the_kernel() -> None:
    forger = Forger()
    alias = forger.definition("Mine", forger.sort(forger.table.level(("s", forger.one))), forger.sort(forger.one))
    family = forger.inductive("Family", forger.arrow(forger.bool, forger.constant("Mine")), forger.constant("Family"))
    said = doubt(Export(forger.table, (alias, family)))
    assert str(said).endswith("the sort of a type is not written out (write `Prop` or `Type` at its end)")


def test_a_level_is_above_zero_by_its_shape() -> None:
    table = Table()
    zero, free = table.level(("z",)), table.level(("p", table.named("u")))
    one = table.level(("s", zero))
    above = [one, table.level(("s", free)), table.level(("m", free, one)), table.level(("i", free, one))]
    below = [zero, free, table.level(("m", zero, free)), table.level(("i", one, free)), table.level(("i", one, zero))]
    assert [never_zero(table, level) for level in above + below] == [True] * 4 + [False] * 5


def test_names_of_the_kernels_own_high_numbers_of_fields_and_names_twice_are_not_given_to_it() -> None:
    forger = Forger()
    plain = forger.inductive("Plain", forger.sort(forger.one), forger.constant("Plain"))
    arrow = forger.arrow(forger.constant("Plain"), forger.bool)
    wrong = [
        [
            plain,
            forger.definition("f", arrow, forger.function(forger.constant("Plain"), forger.field("Plain", 1 << 32))),
        ],
        [plain, forger.definition("f", arrow, forger.constant("_nested.Plain_1"))],
        [forger.inductive("_nested.Plain_1", forger.sort(forger.one), forger.constant("Plain"))],
        [Declaration("inductive", (), group=plain.group * 2)],
    ]
    found = [doubt(Export(forger.table, tuple(item))) for item in wrong]
    assert [str(said).rpartition(": ")[2] for said in found] == [
        "it takes the field 4294967296 of a structure",
        "it uses a name below _nested, which are the kernel's own",
        "it uses a name below _nested, which are the kernel's own",
        "it declares a name twice",
    ]


@pytest.mark.box
@pytest.mark.slow
def test_an_export_that_this_kernel_would_wrongly_accept_is_not_decided(prover: Prover) -> None:
    forger = Forger()
    declared = projected(forger, forger.table.level(("i", forger.one, forger.zero)), beside=True)
    said = forger.written(*declared)
    report = prover.replay("target", forger.written(declared[-1]), said)
    assert report["stage"] == "solution"
    assert report["detail"].startswith("the kernel is known to judge wrongly of Plain: ")


@pytest.mark.box
@pytest.mark.slow
def test_what_a_constructor_nests_is_checked_though_the_kernel_leaves_it_out(prover: Prover) -> None:
    forger = Forger()
    type_ = forger.sort(forger.one)
    free = [forger.table.term(("v", index)) for index in range(3)]
    boxed = forger.arrow(forger.bool, type_, free[0], forger.applied(forger.constant("Box"), free[2], free[1]))
    box = forger.inductive("Box", forger.arrow(forger.bool, type_, type_), boxed, fixed=2)

    def nesting(parameter: int) -> bytes:
        inner = forger.applied(forger.constant("Box"), parameter, forger.constant("Nest"))
        nest = forger.inductive("Nest", type_, forger.arrow(inner, forger.constant("Nest")))
        truth = forger.theorem("target", forger.constant("True"), forger.constant("True.intro"))
        return forger.written(box, nest, truth)

    honest = nesting(forger.constant("Bool.true"))
    report = prover.replay("target", honest, honest)
    assert (report["stage"], report["rejected"]) == ("ok", None)
    report = prover.replay("target", honest, nesting(forger.constant("Nat.zero")))
    assert report["rejected"]["name"] == "Nest"

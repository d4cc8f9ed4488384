/-
The kernel's own words about an export. Run as `lean --run judge.lean FEED NONCE MODULE …`; says nothing but lines that begin
with the nonce. FEED holds one token a line, as `feed.py` writes it, made from an export that was read already: numbers refer
to names, levels and terms that stand before. Nothing of it is executed or elaborated.

Plain recursion alone: functions of the library that take types cannot be run in this build of Lean. And small functions, each
place of the feed read through one of a few: elaborating this program is half of a replay's time.
-/
import Lean.AddDecl
import Lean.Util.CollectAxioms
open Lean

structure State where
  names : Array Name
  levels : Array Level
  terms : Array Expr
  env : Kernel.Environment
  count : Nat

def nat (t : Array String) (i : Nat) : Nat := t[i]!.toNat!

def hint (n : Nat) : ReducibilityHints :=
  if n == 0 then .opaque else if n == 1 then .abbrev else .regular (UInt32.ofNat (n - 2))

def why : Kernel.Exception → String
  | .unknownConstant _ _ => "it uses a constant that was not declared"
  | .alreadyDeclared _ _ => "=its name is taken"
  | .declTypeMismatch _ _ _ => "its value is not of its type"
  | .declHasMVars _ _ _ => "it has holes"
  | .declHasFVars _ _ _ => "it has free variables"
  | .funExpected _ _ _ => "something is applied that is no function"
  | .typeExpected _ _ _ => "a type is needed where none stands"
  | .letTypeMismatch _ _ _ _ _ => "a local definition is not of its type"
  | .exprTypeMismatch _ _ _ _ => "a term is not of the type that it needs"
  | .appTypeMismatch _ _ _ _ _ => "an argument is not of the type that its function needs"
  | .invalidProj _ _ _ => "a projection is of no structure"
  | .thmTypeIsNotProp _ _ _ => "a theorem's type is no proposition"
  | .other m => m
  | .deterministicTimeout => "=the kernel's time is used up"
  | .excessiveMemory => "=the kernel's memory is used up"
  | .deepRecursion => "=a term nests too deeply for the kernel"
  | .interrupted => "=the kernel was interrupted"

partial def namesFrom (s : State) (t : Array String) (i n : Nat) : List Name :=
  if n == 0 then [] else s.names[nat t i]! :: namesFrom s t (i + 1) (n - 1)

partial def levelsFrom (s : State) (t : Array String) (i n : Nat) : List Level :=
  if n == 0 then [] else s.levels[nat t i]! :: levelsFrom s t (i + 1) (n - 1)

partial def constructorsFrom (s : State) (t : Array String) (i n : Nat) : List Constructor :=
  if n == 0 then []
  else { name := s.names[nat t i]!, type := s.terms[nat t (i + 1)]! } :: constructorsFrom s t (i + 2) (n - 1)

partial def typesFrom (s : State) (t : Array String) (i n : Nat) : List InductiveType :=
  if n == 0 then []
  else
    let k := nat t (i + 2)
    { name := s.names[nat t i]!, type := s.terms[nat t (i + 1)]!, ctors := constructorsFrom s t (i + 3) k }
      :: typesFrom s t (i + 3 + 2 * k) (n - 1)

def constructorTypes : List InductiveType → List Expr
  | [] => []
  | type :: rest => typesOf type.ctors (constructorTypes rest)
where
  typesOf : List Constructor → List Expr → List Expr
    | [], found => found
    | item :: rest, found => item.type :: typesOf rest found

partial def textFrom (t : Array String) (i n : Nat) (found : String) : String :=
  if n == 0 then found else textFrom t (i + 1) (n - 1) (found.push (Char.ofNat (nat t i)))

/-- Give one declaration to the kernel. -/
def give (nonce : String) (s : State) (d : Declaration) : IO State := do
  match s.env.addDeclCore 0 d none with
  | .ok env => return { s with env := env, count := s.count + 1 }
  | .error e =>
    IO.println (nonce ++ "\trejected\t" ++ toString s.count ++ "\t" ++ why e)
    return { s with count := s.count + 1 }

/-- Ask the kernel whether types are types, as the types of axioms that are then forgotten. -/
partial def giveTypes (nonce : String) (s : State) (params : List Name) (types : List Expr) : IO Unit := do
  match types with
  | [] => pure ()
  | type :: rest =>
    match s.env.addDeclCore 0 (.axiomDecl ⟨⟨.num .anonymous 0, params, type⟩, false⟩) none with
    | .ok _ => giveTypes nonce s params rest
    | .error e => IO.println (nonce ++ "\trejected\t" ++ toString (s.count - 1) ++ "\t" ++ why e)

/--
Give a group of inductive types to the kernel. Where a constructor nests the group in another type, this kernel leaves out what
does not come up within that type (mended in Lean 4.32.2), so every constructor's type is checked again behind the group.
-/
def giveGroup (nonce : String) (s : State) (params : List Name) (fixed : Nat) (types : List InductiveType) : IO State := do
  let s ← give nonce s (.inductDecl params fixed types false)
  giveTypes nonce s params (constructorTypes types)
  return s

def spelled : Name → String
  | .anonymous => ""
  | .str .anonymous s => s
  | .str p s => spelled p ++ "." ++ s
  | .num p n => spelled p ++ "." ++ toString n

partial def sayAxioms (nonce : String) (base : Environment) (found : Array Name) (i : Nat) : IO Unit := do
  if i < found.size then
    let name := found[i]!
    -- some theorems and definitions of the library were published without their bodies, and the kernel sees them as axioms
    match getOriginalConstKind? base name with
    | some .thm | some .defn | some .opaque => pure ()
    | _ => IO.println (nonce ++ "\taxiom\t" ++ spelled name)
    sayAxioms nonce base found (i + 1)

/-- Say the axioms that constants of the library rest on, as far as they can be seen. -/
partial def axioms (nonce : String) (base : Environment) (names : List Name) (s : CollectAxioms.State) : IO Unit := do
  match names with
  | [] => sayAxioms nonce base s.axioms 0
  | n :: rest =>
    let ((), s) := ((CollectAxioms.collect n).run base).run s
    axioms nonce base rest s

/-- Say which of some names the library has, by their numbers in the feed's list. -/
partial def sayKnown (nonce : String) (s : State) (names : List Name) (i : Nat) : IO Unit := do
  match names with
  | [] => pure ()
  | n :: rest =>
    match s.env.find? n with
    | some _ => IO.println (nonce ++ "\tknown\t" ++ toString i)
    | none => pure ()
    sayKnown nonce s rest (i + 1)

def nameAt (s : State) (t : Array String) (i : Nat) : Name := s.names[nat t i]!
def levelAt (s : State) (t : Array String) (i : Nat) : Level := s.levels[nat t i]!
def termAt (s : State) (t : Array String) (i : Nat) : Expr := s.terms[nat t i]!
def word (t : Array String) (i : Nat) : String := t[i]!

def addName (s : State) (n : Name) : State := { s with names := s.names.push n }
def addLevel (s : State) (l : Level) : State := { s with levels := s.levels.push l }
def addTerm (s : State) (e : Expr) : State := { s with terms := s.terms.push e }

/-- Take the name that stands at a place; none: what stands there is none. -/
def takeName (k : String) (t : Array String) (i : Nat) (s : State) : Option (Nat × Name) :=
  match k with
  | "ns" => some (3, .str (nameAt s t (i + 1)) (word t (i + 2)))
  | "ni" => some (3, .num (nameAt s t (i + 1)) (nat t (i + 2)))
  | "nc" => some (3 + nat t (i + 2), .str (nameAt s t (i + 1)) (textFrom t (i + 3) (nat t (i + 2)) ""))
  | _ => none

def takeLevel (k : String) (t : Array String) (i : Nat) (s : State) : Option (Nat × Level) :=
  match k with
  | "lz" => some (1, .zero)
  | "ls" => some (2, .succ (levelAt s t (i + 1)))
  | "lm" => some (3, .max (levelAt s t (i + 1)) (levelAt s t (i + 2)))
  | "li" => some (3, .imax (levelAt s t (i + 1)) (levelAt s t (i + 2)))
  | "lp" => some (2, .param (nameAt s t (i + 1)))
  | _ => none

def takeTerm (k : String) (t : Array String) (i : Nat) (s : State) : Option (Nat × Expr) :=
  match k with
  | "v" => some (2, .bvar (nat t (i + 1)))
  | "s" => some (2, .sort (levelAt s t (i + 1)))
  | "c" => some (3 + nat t (i + 2), .const (nameAt s t (i + 1)) (levelsFrom s t (i + 3) (nat t (i + 2))))
  | "a" => some (3, .app (termAt s t (i + 1)) (termAt s t (i + 2)))
  | "l" => some (3, .lam .anonymous (termAt s t (i + 1)) (termAt s t (i + 2)) .default)
  | "p" => some (3, .forallE .anonymous (termAt s t (i + 1)) (termAt s t (i + 2)) .default)
  | "t" => some (4, .letE .anonymous (termAt s t (i + 1)) (termAt s t (i + 2)) (termAt s t (i + 3)) false)
  | "n" => some (2, .lit (.natVal (nat t (i + 1))))
  | "x" => some (2 + nat t (i + 1), .lit (.strVal (textFrom t (i + 2) (nat t (i + 1)) "")))
  | "j" => some (4, .proj (nameAt s t (i + 1)) (nat t (i + 2)) (termAt s t (i + 3)))
  | _ => none

def single (t : Array String) (i : Nat) (s : State) : Declaration :=
  let params := namesFrom s t (i + 7) (nat t (i + 6))
  let name := nameAt s t (i + 2)
  let type := termAt s t (i + 3)
  match word t (i + 1) with
  | "axiom" => .axiomDecl ⟨⟨name, params, type⟩, false⟩
  | "theorem" => .thmDecl ⟨⟨name, params, type⟩, termAt s t (i + 4), [name]⟩
  | "opaque" => .opaqueDecl ⟨⟨name, params, type⟩, termAt s t (i + 4), false, [name]⟩
  | _ => .defnDecl ⟨⟨name, params, type⟩, termAt s t (i + 4), hint (nat t (i + 5)), .safe, [name]⟩

partial def run (nonce : String) (base : Environment) (t : Array String) (i : Nat) (s : State) : IO Unit :=
  let k := word t i
  match takeTerm k t i s with
  | some (n, e) => run nonce base t (i + n) (addTerm s e)
  | none => match takeName k t i s with
  | some (n, e) => run nonce base t (i + n) (addName s e)
  | none => match takeLevel k t i s with
  | some (n, e) => run nonce base t (i + n) (addLevel s e)
  | none => match k with
  | "d" => do run nonce base t (i + 7 + nat t (i + 6)) (← give nonce s (single t i s))
  | "i" => do
    let n := nat t (i + 4)
    let types := typesFrom s t (i + 5 + n) (nat t (i + 3))
    run nonce base t (i + nat t (i + 1)) (← giveGroup nonce s (namesFrom s t (i + 5) n) (nat t (i + 2)) types)
  | "b" => do
    axioms nonce base (namesFrom s t (i + 2) (nat t (i + 1))) {}
    run nonce base t (i + 2 + nat t (i + 1)) s
  | "k" => do
    sayKnown nonce s (namesFrom s t (i + 3) (nat t (i + 2))) (nat t (i + 1))
    run nonce base t (i + 3 + nat t (i + 2)) s
  | "." => IO.println (nonce ++ "\tdone\t" ++ toString s.count)
  | _ => IO.println (nonce ++ "\tunknown\t" ++ k)

def imports : List String → List Import
  | [] => []
  | m :: rest => { module := m.toName } :: imports rest

public def main (args : List String) : IO UInt32 := do
  match args with
  | feed :: nonce :: modules =>
    let base ← importModules (imports modules).toArray {} 0
    let tokens ← IO.FS.lines feed
    run nonce base tokens 0 { names := #[.anonymous], levels := #[], terms := #[], env := base.toKernelEnv, count := 0 }
    return 0
  | _ => return 2

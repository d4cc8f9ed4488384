/-
The kernel's own words about an export. Run as `lean --run judge.lean FEED NONCE MODULE …`; says nothing but lines that begin
with the nonce. FEED holds one token a line, as `feed.py` writes it, made from an export that was read already: numbers refer
to names, levels and terms that stand before. Nothing of it is executed or elaborated.

Plain recursion alone: functions of the library that take types cannot be run in this build of Lean.
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

partial def textFrom (t : Array String) (i n : Nat) (found : String) : String :=
  if n == 0 then found else textFrom t (i + 1) (n - 1) (found.push (Char.ofNat (nat t i)))

/-- Give one declaration to the kernel. -/
def give (nonce : String) (s : State) (d : Declaration) : IO State := do
  match s.env.addDeclCore 0 d none with
  | .ok env => return { s with env := env, count := s.count + 1 }
  | .error e =>
    IO.println (nonce ++ "\trejected\t" ++ toString s.count ++ "\t" ++ why e)
    return { s with count := s.count + 1 }

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

partial def run (nonce : String) (base : Environment) (t : Array String) (i : Nat) (s : State) : IO Unit := do
  let k := t[i]!
  if k == "ns" then run nonce base t (i + 3) { s with names := s.names.push (.str s.names[nat t (i + 1)]! t[i + 2]!) }
  else if k == "nc" then
    let n := nat t (i + 2)
    run nonce base t (i + 3 + n) { s with names := s.names.push (.str s.names[nat t (i + 1)]! (textFrom t (i + 3) n "")) }
  else if k == "ni" then run nonce base t (i + 3) { s with names := s.names.push (.num s.names[nat t (i + 1)]! (nat t (i + 2))) }
  else if k == "lz" then run nonce base t (i + 1) { s with levels := s.levels.push .zero }
  else if k == "ls" then run nonce base t (i + 2) { s with levels := s.levels.push (.succ s.levels[nat t (i + 1)]!) }
  else if k == "lm" then
    run nonce base t (i + 3) { s with levels := s.levels.push (.max s.levels[nat t (i + 1)]! s.levels[nat t (i + 2)]!) }
  else if k == "li" then
    run nonce base t (i + 3) { s with levels := s.levels.push (.imax s.levels[nat t (i + 1)]! s.levels[nat t (i + 2)]!) }
  else if k == "lp" then run nonce base t (i + 2) { s with levels := s.levels.push (.param s.names[nat t (i + 1)]!) }
  else if k == "v" then run nonce base t (i + 2) { s with terms := s.terms.push (.bvar (nat t (i + 1))) }
  else if k == "s" then run nonce base t (i + 2) { s with terms := s.terms.push (.sort s.levels[nat t (i + 1)]!) }
  else if k == "c" then
    let n := nat t (i + 2)
    run nonce base t (i + 3 + n) { s with terms := s.terms.push (.const s.names[nat t (i + 1)]! (levelsFrom s t (i + 3) n)) }
  else if k == "a" then
    run nonce base t (i + 3) { s with terms := s.terms.push (.app s.terms[nat t (i + 1)]! s.terms[nat t (i + 2)]!) }
  else if k == "l" then
    run nonce base t (i + 3)
      { s with terms := s.terms.push (.lam .anonymous s.terms[nat t (i + 1)]! s.terms[nat t (i + 2)]! .default) }
  else if k == "p" then
    run nonce base t (i + 3)
      { s with terms := s.terms.push (.forallE .anonymous s.terms[nat t (i + 1)]! s.terms[nat t (i + 2)]! .default) }
  else if k == "t" then
    let e := Expr.letE .anonymous s.terms[nat t (i + 1)]! s.terms[nat t (i + 2)]! s.terms[nat t (i + 3)]! false
    run nonce base t (i + 4) { s with terms := s.terms.push e }
  else if k == "n" then run nonce base t (i + 2) { s with terms := s.terms.push (.lit (.natVal (nat t (i + 1)))) }
  else if k == "x" then
    let n := nat t (i + 1)
    run nonce base t (i + 2 + n) { s with terms := s.terms.push (.lit (.strVal (textFrom t (i + 2) n ""))) }
  else if k == "j" then
    let e := Expr.proj s.names[nat t (i + 1)]! (nat t (i + 2)) s.terms[nat t (i + 3)]!
    run nonce base t (i + 4) { s with terms := s.terms.push e }
  else if k == "d" then
    let n := nat t (i + 6)
    let params := namesFrom s t (i + 7) n
    let name := s.names[nat t (i + 2)]!
    let type := s.terms[nat t (i + 3)]!
    let value := nat t (i + 4)
    let kind := t[i + 1]!
    let d : Declaration :=
      if kind == "axiom" then .axiomDecl { name := name, levelParams := params, type := type, isUnsafe := false }
      else if kind == "theorem" then
        .thmDecl { name := name, levelParams := params, type := type, value := s.terms[value]!, all := [name] }
      else if kind == "opaque" then
        .opaqueDecl
          { name := name, levelParams := params, type := type, value := s.terms[value]!, isUnsafe := false, all := [name] }
      else
        .defnDecl
          { name := name, levelParams := params, type := type, value := s.terms[value]!, hints := hint (nat t (i + 5)),
            safety := .safe, all := [name] }
    run nonce base t (i + 7 + n) (← give nonce s d)
  else if k == "i" then
    let n := nat t (i + 4)
    let params := namesFrom s t (i + 5) n
    let d := Declaration.inductDecl params (nat t (i + 2)) (typesFrom s t (i + 5 + n) (nat t (i + 3))) false
    run nonce base t (i + nat t (i + 1)) (← give nonce s d)
  else if k == "b" then
    let n := nat t (i + 1)
    axioms nonce base (namesFrom s t (i + 2) n) {}
    run nonce base t (i + 2 + n) s
  else if k == "." then
    IO.println (nonce ++ "\tdone\t" ++ toString s.count)
  else
    IO.println (nonce ++ "\tunknown\t" ++ k)

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

$( Arithmetic of the successor and of addition, with equality. $)
$c 0 S ( ) + = term |- $.
$v a b c $.
ta $f term a $.  tb $f term b $.  tc $f term c $.
t0 $a term 0 $.
ts $a term S a $.
tp $a term ( a + b ) $.
add-0 $a |- ( a + 0 ) = a $.
add-S $a |- ( a + S b ) = S ( a + b ) $.
${ eq-S.1 $e |- a = b $.  eq-S $a |- S a = S b $. $}
${ eq-tr.1 $e |- a = b $.  eq-tr.2 $e |- b = c $.  eq-tr $a |- a = c $. $}
sum $p |- ( S S 0 + S S 0 ) = S S S S 0 $=
    t0 ts ts t0 ts ts tp t0 ts ts t0 ts tp ts t0 ts ts ts ts t0 ts ts t0 ts add-S t0 ts ts t0 ts tp t0 ts ts
    ts t0 ts ts t0 ts tp t0 ts ts t0 tp ts t0 ts ts ts t0 ts ts t0 add-S t0 ts ts t0 tp t0 ts ts t0 ts ts
    add-0 eq-S eq-tr eq-S eq-tr $.

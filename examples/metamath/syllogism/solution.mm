$( Propositional calculus with implication and negation, after Lukasiewicz. $)
$c ( ) -> -. wff |- $.
$v ph ps ch $.
wph $f wff ph $.  wps $f wff ps $.  wch $f wff ch $.
wn $a wff -. ph $.
wi $a wff ( ph -> ps ) $.
ax-1 $a |- ( ph -> ( ps -> ph ) ) $.
ax-2 $a |- ( ( ph -> ( ps -> ch ) ) -> ( ( ph -> ps ) -> ( ph -> ch ) ) ) $.
ax-3 $a |- ( ( -. ph -> -. ps ) -> ( ps -> ph ) ) $.
${ min $e |- ph $.  maj $e |- ( ph -> ps ) $.  ax-mp $a |- ps $. $}
${ a2i.1 $e |- ( ph -> ( ps -> ch ) ) $.
a2i $p |- ( ( ph -> ps ) -> ( ph -> ch ) ) $=
    wph wps wch wi wi wph wps wi wph wch wi wi a2i.1 wph wps wch ax-2 ax-mp $. $}
${ syl.1 $e |- ( ph -> ps ) $.  syl.2 $e |- ( ps -> ch ) $.
syl $p |- ( ph -> ch ) $=
    wph wps wi wph wch wi syl.1 wph wps wch wps wch wi wph wps wch wi wi syl.2 wps wch wi wph ax-1 ax-mp a2i
    ax-mp $. $}

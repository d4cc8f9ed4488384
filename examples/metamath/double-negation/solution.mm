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
id $p |- ( ph -> ph ) $=
    wph wps wph wi wi wph wph wi wph wps ax-1 wph wps wph wi wph wi wi wph wps wph wi wi wph wph wi wi wph
    wps wph wi ax-1 wph wps wph wi wph ax-2 ax-mp ax-mp $.
$( From a falsehood everything follows. $)
pm2.21 $p |- ( -. ph -> ( ph -> ps ) ) $=
    wph wn wps wn wph wn wi wph wps wi wph wn wps wn ax-1 wps wph ax-3 syl $.
$( What follows from its own negation is true. $)
pm2.18 $p |- ( ( -. ph -> ph ) -> ph ) $=
    wph wn wph wi wph wn wph wi wi wph wn wph wi wph wi wph wn wph wi id wph wn wph wi wph wn wph wi wph wph
    wn wph wi wph wn wph wn wph wi wn wi wph wn wph wi wph wi wph wn wph wph wn wph wi wn wph wph wn wph wi
    wn pm2.21 a2i wph wph wn wph wi ax-3 syl a2i ax-mp $.
notnotr $p |- ( -. -. ph -> ph ) $=
    wph wn wn wph wn wph wi wph wph wn wph pm2.21 wph pm2.18 syl $.

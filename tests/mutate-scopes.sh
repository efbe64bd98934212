#!/bin/sh
# Does the decision table notice a changed cell?  Each row of the tables that say what an interaction
# or an operation needs, what a letter is and what a shape allows is changed in one cell, in a copy;
# then tests/unit/test_decisions.c must fail.  The exit status is 1 when it does not.
#   tests/mutate-scopes.sh [FILE…]   some of fhir_request.c operations.c scope.c
set -u
cd "$(dirname "$0")/.." || exit 2
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
flags="-std=c11 -D_GNU_SOURCE -O0 -w -Ishared -Ifcgi-authorizer -Itests/unit"
mkdir -p "$copy/o"
LC_ALL=C awk -f shared/fhir/tables.awk shared/fhir/r* >"$copy/fhir_tables.c"
changing="fcgi-authorizer/fhir_request.c fcgi-authorizer/operations.c shared/scope.c"
fixed="$copy/fhir_tables.c $(ls shared/*.c fcgi-authorizer/*.c | grep -v /main.c)"

compile() { # source, object
    # shellcheck disable=SC2086 # flags are words
    gcc $flags -c -o "$2" "$1"
}
for source in $fixed; do
    compile "$source" "$copy/o/$(basename "$source" .c).o" || exit 2
done
compile tests/unit/test_decisions.c "$copy/test.o" || exit 2
link() {
    rm -f "$copy/lib.a" && ar rcs "$copy/lib.a" "$copy"/o/*.o &&
        gcc -o "$copy/test" "$copy/test.o" "$copy/lib.a" -lfcgi -lcrypto -lcjson -lcurl -lsqlite3 \
            -linih -lpthread -lcmocka
}
if ! link || ! "$copy/test" >"$copy/log" 2>&1; then
    cat "$copy/log"
    echo "mutate: the unchanged test fails" >&2
    exit 2
fi

# Line numbers of table rows, and the cells that are changed in them.
rows='^    \{SHAPE_.*\}|^    \{"\$|^ +\{\{.*\}\}|^    \{.[cruds].,|^    \{"(read|write|\*)",'
cells='s/SCOPE_C/SCOPE_R/
s/SCOPE_R/SCOPE_S/
s/SCOPE_U/SCOPE_C/
s/SCOPE_D/SCOPE_U/
s/SCOPE_S/SCOPE_R/
s/SCOPE_ALL/SCOPE_R/
s/ | SCOPE_[A-Z]*//
s/SCOPE_[A-Z]* | //
s/HTTP_GET/HTTP_PUT/
s/HTTP_POST/HTTP_PUT/
s/HTTP_PUT/HTTP_POST/
s/HTTP_PATCH/HTTP_POST/
s/HTTP_DELETE/HTTP_POST/
s/CONDITIONAL/0/
s/HIDDEN_BODY/0/
s/, SEARCHES}/, 0}/
s/, 0}/, SEARCHES}/
s/ONLY_R5/0/
s/, RS}/, SCOPE_R}/
s/, RS}/, SCOPE_S}/
s/EVERY, RS}/ITS_TYPE, RS}/
s/EVERY, SCOPE_R/ITS_TYPE, SCOPE_R/
s/{ITS_TYPE/{EVERY/
s/BULK/NARROWED/
s/NARROWED/0/
s/BODY_IS_SAFE/0/
s/WANDERS/0/
s/", SYSTEM/", TYPE/
s/TYPE | INSTANCE/TYPE/
s/, INSTANCE,/, TYPE,/
s/, TYPE,/, INSTANCE,/
s/, {"[A-Za-z]*", [A-Z_]*}}/}/'

# Changes that make no difference, row and change: nothing is needed of what is open; at system level
# the letters come from what the query reaches, which an interaction needs s on.
changes_nothing() {
    case $1 in
    *"{SHAPE_METADATA"*SEARCHES* | *"{SHAPE_WELL_KNOWN"*SEARCHES*) ;;
    *"{SHAPE_ROOT, HTTP_GET"*"s/SCOPE_S"* | *"{SHAPE_HISTORY"*"s/SCOPE_S"*) ;;
    *"{SHAPE_COMPARTMENT_ALL"*"s/SCOPE_S"*) ;;
    *"{SHAPE_ROOT, HTTP_DELETE"*"s/SCOPE_S"* | *"{SHAPE_ROOT, HTTP_DELETE"*"s/ | SCOPE_"*) ;;
    *) return 1 ;;
    esac
}

killed=0
survived=0
tried() { # file, line, change
    compile "$copy/changed.c" "$copy/o/$(basename "$1" .c).o" 2>/dev/null && link || return
    if "$copy/test" >/dev/null 2>&1; then
        survived=$((survived + 1))
        echo "mutate: SURVIVED: $1:$2: $3: $(sed -n "$2p" "$1" | sed 's/^ *//')"
    else
        killed=$((killed + 1))
    fi
}
for file in $changing; do
    case " ${*:-$(basename "$file")} " in *" $(basename "$file") "*) ;; *) continue ;; esac
    for line in $(grep -nE "$rows" "$file" | cut -d: -f1); do
        while IFS= read -r change; do
            changes_nothing "$(sed -n "${line}p" "$file") $change" && continue
            sed "$line$change" "$file" >"$copy/changed.c"
            cmp -s "$copy/changed.c" "$file" || tried "$file" "$line" "$change"
        done <<EOF
$cells
EOF
    done
    compile "$file" "$copy/o/$(basename "$file" .c).o"
done
echo "mutate: $killed noticed, $survived not"
[ "$survived" -eq 0 ]

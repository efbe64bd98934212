#!/bin/sh
# What must hold for the sources: layout, warnings, static analysis, and rules that no tool knows.
# Every fault is shown; the exit status is 1 when there was any.
set -u
cd "$(dirname "$0")/.."
failed=0
mkdir -p build
fault() {
    echo "lint: $1" >&2
    failed=1
}
step() {
    echo "lint: $1"
}

sources=$(git ls-files '*.c')
headers=$(git ls-files '*.h')
product=$(git ls-files 'shared/*.[ch]' 'fcgi-authorizer/*.[ch]' 'token-endpoint/*.[ch]' 'authctl/*.[ch]')

step "clang-format"
# shellcheck disable=SC2086 # lists of file names without blanks
clang-format --dry-run -Werror $sources $headers || fault "run: clang-format -i on the files above"

step "warnings of gcc and clang"
for cc in gcc clang; do
    make --no-print-directory -j"$(nproc)" CC=$cc WERROR=1 BUILD=build/lint-$cc all unit >build/lint-$cc.log 2>&1 ||
        { tail -n 30 build/lint-$cc.log >&2; fault "$cc warns or fails"; }
done

step "clang-tidy"
# shellcheck disable=SC2086
printf '%s\n' $product | grep '\.c$' |
    xargs -P "$(nproc)" -n 6 sh -c 'clang-tidy --quiet "$@" -- -std=c11 -D_GNU_SOURCE -Ishared \
        -Ifcgi-authorizer -Itoken-endpoint 2>/dev/null' sh || fault "clang-tidy"

step "cppcheck"
# shellcheck disable=SC2086
cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
    --error-exitcode=1 --suppress=missingIncludeSystem -D_GNU_SOURCE \
    -Ishared -Ifcgi-authorizer -Itoken-endpoint shared fcgi-authorizer token-endpoint authctl ||
    fault "cppcheck"

step "banned functions"
# shellcheck disable=SC2086
grep -nwE 'strcpy|strcat|sprintf|strtok|atoi|atol|sscanf|gets|alloca|strncpy|system|popen' $product |
    grep -E '\b(strcpy|strcat|sprintf|strtok|atoi|atol|sscanf|gets|alloca|strncpy|system|popen) *\(' |
    grep -vE '^[^:]+:[0-9]+: *(/?\*|//)' && fault "a banned function"

step "layers"
# Each outside library is included in one place; the pure core includes no adapter.
only() { # header, then the files that may include it
    header=$1; shift
    # shellcheck disable=SC2086
    for f in $(grep -lE "#include <$header" $product); do
        case " $* " in *" $f "*) ;; *) fault "$f includes <$header>" ;; esac
    done
}
only 'fcgiapp\.h' shared/server.c
only 'curl/' shared/http_client.c
only 'cjson/' shared/json.c
only 'sqlite3\.h' shared/store_internal.h
only 'ini\.h' "$(grep -lE '#include <ini.h>' shared/*.c | head -1)"
pure='fcgi-authorizer/query fcgi-authorizer/fhir_request fcgi-authorizer/authorize
fcgi-authorizer/outcome fcgi-authorizer/answer fcgi-authorizer/issuer_rules
fcgi-authorizer/introspection_answer fcgi-authorizer/audit_event fcgi-authorizer/audit_facts
token-endpoint/client_auth token-endpoint/grant token-endpoint/metadata token-endpoint/reply
shared/scope shared/form shared/httpmsg shared/jws shared/jwe shared/jwt shared/jwk shared/json
shared/base64url shared/accept shared/throttle shared/secret_shape fcgi-authorizer/refusals
token-endpoint/introspection_jwt shared/url shared/dpop shared/time_nonce shared/certificate
fcgi-authorizer/possession authctl/doctor_probes'
for m in $pure; do
    grep -nE '#include "(store|log|http_client|server|keyring|verifier)\.h"|time\(NULL\)' \
        "$m.c" "$m.h" && fault "$m is to be pure"
done

step "sizes"
# shellcheck disable=SC2086
wc -l $(git ls-files '*.c' '*.h' '*.py' '*.sh') | awk '$2 != "total" && $1 > 500 {print; bad=1} END {exit bad}' ||
    fault "over 500 lines: one job a file"

step "manual pages"
for page in $(git ls-files 'shared/*.5' 'fcgi-authorizer/*.8' 'token-endpoint/*.8' 'authctl/*.8'); do
    mandoc -Tlint -Wwarning "$page" || fault "$page"
done

step "no untracked files"
untracked=$(git status --porcelain --untracked-files=all | grep '^??')
[ -z "$untracked" ] || fault "untracked: $untracked"

[ $failed -eq 0 ] && echo "lint: 1 passed, 0 failed"
exit $failed

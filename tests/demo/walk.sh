# shellcheck shell=sh
# Part of demo.sh: the seven steps, each request and answer in short.  No secret or token is shown whole.
# shellcheck disable=SC2154 # python, run, demo, origin, port and the functions come from demo.sh
failed=0
body=$run/work/body
token=$run/work/token
bearer=$run/work/bearer

step() { printf '\n%s\n' "$*"; }

# Long base64url texts keep their first characters only.
short() { tr -d '\n' | sed -E 's/([A-Za-z0-9_-]{12})[A-Za-z0-9_.-]{24,}/\1.../g' | cut -c 1-"${1:-220}"; }

ask() { # expected status, request in words, then curl's arguments
    want=$1 words=$2
    shift 2
    : >"$run/work/headers"
    : >"$body"
    got=$(curl -sS --noproxy '*' --cacert "$demo/ca.pem" --max-time 30 -D "$run/work/headers" -o "$body" \
        -w '%{http_code}' "$@" 2>"$run/work/curl.err") || got="no answer: $(cat "$run/work/curl.err")"
    printf '  > %s\n  < %s' "$words" "$got"
    if [ "$got" = "$want" ]; then printf '\n'; else
        printf '   WRONG, expected %s\n' "$want"
        failed=$((failed + 1))
    fi
    grep -i '^www-authenticate:' "$run/work/headers" | tr -d '\r' | sed 's/^/    /' || :
    short <"$body" | sed 's/^/    /'
}
tells() { # a text that the last answer must hold
    grep -q -- "$1" "$run/work/headers" "$body" && return
    printf '    WRONG: the answer lacks %s\n' "$1"
    failed=$((failed + 1))
}
keep_token() {
    # Without the newline: curl would send it.
    printf '%s' "$(member access_token <"$body" 2>/dev/null)" >"$token"
    printf 'header = "Authorization: Bearer %s"\n' "$(cat "$token")" >"$bearer"
}
get_token() { # prefix of the client, scope
    ask 200 "POST $token_path  grant_type=client_credentials scope=$2  (${1}CLIENT_ID and its secret)" \
        --config "$run/work/$1login" --data grant_type=client_credentials \
        --data-urlencode "scope=$2" "$token_url"
    keep_token
}
sign_assertion() { # JWT or JWT2
    eval "id=\$$1_id"
    assertion=$("$python" tests/demo/jwt_client.py sign "$demo/$1.jwk" "$id" "$token_url")
    printf '%s' "$assertion" >"$run/work/assertion"
}
get_token_by_assertion() { # expected status, in words
    ask "$1" "POST $token_path  $2" \
        --data grant_type=client_credentials --data-urlencode 'scope=system/*.rs' \
        --data client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \
        --data-urlencode "client_assertion@$run/work/assertion" "$token_url"
    keep_token
}

step 'Discovery: the client knows the FHIR base only'
ask 200 'GET /fhir/.well-known/smart-configuration' "$origin/fhir/.well-known/smart-configuration"
token_url=$(member token_endpoint <"$body" 2>/dev/null) || token_url=$origin/oauth/token
introspect_url=$(member introspection_endpoint <"$body" 2>/dev/null) || introspect_url=unknown
token_path=${token_url#"$origin"}
ask 200 'GET /.well-known/smart-configuration  (at the root of the origin)' \
    "$origin/.well-known/smart-configuration"
ask 200 'GET /.well-known/oauth-authorization-server/oauth' \
    "$origin/.well-known/oauth-authorization-server/oauth"

step '1. The client asks for a token with its id and secret; 2. it gets one'
get_token '' 'system/*.rs'
tells '"token_type":"Bearer"'
printf '    the token says:\n'
ctl token inspect <"$token" | sed 's/^/    /' || failed=$((failed + 1))

step '3. The client sends its FHIR request with the token; 4. and 5. the gateway examines it'
ask 200 'GET /fhir/Patient?_count=1  with the token' --config "$bearer" "$origin/fhir/Patient?_count=1"
printf '  > fhir-authctl explain GET /fhir/Patient?_count=1\n'
ctl explain GET "/fhir/Patient?_count=1" <"$token" | sed 's/^/    /' || failed=$((failed + 1))
ask 200 'POST introspection  (INTROSPECT_CLIENT_ID and its secret)' --config "$run/work/INTROSPECT_login" \
    --data-urlencode "token@$token" "$introspect_url"
tells '"active":true'

step '6. A bad token, or too small a permission, gets an error that the client can read'
ask 401 'GET /fhir/Patient  without a token' "$origin/fhir/Patient"
printf 'header = "Authorization: Bearer %sx"\n' "$(cat "$token")" >"$run/work/damaged"
ask 401 'GET /fhir/Patient  with a damaged token' --config "$run/work/damaged" "$origin/fhir/Patient"
tells 'error="invalid_token"'
ask 403 'DELETE /fhir/Patient/none  with a token that may only read' --config "$bearer" -X DELETE \
    "$origin/fhir/Patient/none"
tells 'error="insufficient_scope"'
get_token NARROW_ system/Patient.r
ask 403 'GET /fhir/Observation  with a token for patients only' --config "$bearer" "$origin/fhir/Observation"
ask 403 'GET /fhir/Patient?_revinclude=Observation:subject  with the same, in Spanish' \
    --config "$bearer" -H 'Accept-Language: es' "$origin/fhir/Patient?_revinclude=Observation:subject"

step '7. A good request goes on to the FHIR server, which reads or changes the resource'
get_token WRITE_ 'system/*.cruds'
ask 201 'POST /fhir/Patient  with a token that may write' --config "$bearer" \
    -H 'Content-Type: application/fhir+json' --data '{"resourceType":"Patient","name":[{"family":"Demo"}]}' "$origin/fhir/Patient"
patient=$(member id <"$body" 2>/dev/null) || patient=unknown
ask 200 "PUT /fhir/Patient/$patient" --config "$bearer" -X PUT -H 'Content-Type: application/fhir+json' \
    --data '{"resourceType":"Patient","id":"'"$patient"'","gender":"other"}' "$origin/fhir/Patient/$patient"
get_token '' 'system/*.rs'
ask 200 "GET /fhir/Patient/$patient  with a token that may read" \
    --config "$bearer" "$origin/fhir/Patient/$patient"
tells '"other"'

step 'The same with a key in place of a secret (private_key_jwt, SMART Backend Services)'
sign_assertion JWT
get_token_by_assertion 200 'with a signed assertion (JWT_CLIENT_ID, ES384)'
ask 200 "GET /fhir/Patient/$patient  with that token" --config "$bearer" "$origin/fhir/Patient/$patient"
get_token_by_assertion 401 'with the same assertion once more'
tells '"invalid_client"'
sign_assertion JWT2
get_token_by_assertion 200 'with a signed assertion (JWT2_CLIENT_ID, RS384)'
ask 200 "GET /fhir/Patient/$patient  with that token" --config "$bearer" "$origin/fhir/Patient/$patient"

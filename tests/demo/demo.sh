#!/bin/sh
# A real web server with TLS, both programs in front of a FHIR server, clients, and a walk through what
# they do.  Called by make demo.  Environment: SERVER=lighttpd|apache|nginx, PORT, FHIR_UPSTREAM, DEMO_ONCE,
# TOKEN_FORMAT=jwt|encrypted-jwt|opaque, VALIDATE=local|introspection (how the authorizer examines tokens).
set -eu
umask 077
cd "$(dirname "$0")/../.."
root=$(pwd)
python=/usr/bin/python3
server=${SERVER:-lighttpd}
port=${PORT:-8443}
format=${TOKEN_FORMAT:-jwt}
validate=${VALIDATE:-local}
upstream=${FHIR_UPSTREAM:-}
origin=https://127.0.0.1:$port
demo=$root/build/demo

die() {
    printf 'demo: %s\n' "$*" >&2
    exit 1
}

case $server in
lighttpd | apache | nginx) ;;
*) die "SERVER=$server is not known; use SERVER=lighttpd, SERVER=apache or SERVER=nginx" ;;
esac
case $format in
jwt | opaque) encrypted=no ;;
encrypted-jwt) encrypted=yes ;;
*) die "TOKEN_FORMAT=$format is not known; use TOKEN_FORMAT=jwt, encrypted-jwt or opaque" ;;
esac
case $validate in
local | introspection) ;;
*) die "VALIDATE=$validate is not known; use VALIDATE=local or VALIDATE=introspection" ;;
esac
case $port in
'' | *[!0-9]*) die "PORT=$port is no number" ;;
esac
"$python" - "$port" <<'PYTHON' || die "port $port cannot be used, maybe it is taken; try: make demo PORT=9443"
import socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
try:
    s.bind(("127.0.0.1", int(sys.argv[1])))
except (OSError, OverflowError):
    sys.exit(1)
PYTHON

# ---- a folder for this run, and its end ----

# Below /tmp: the socket names stay short, and the web server's own user can get there.
run=$(mktemp -d /tmp/fhir-auth-demo.XXXXXX)
pids=
clean_up() {
    status=$?
    trap - EXIT INT TERM
    for pid in $pids; do kill "$pid" 2>/dev/null || :; done
    for pid in $pids; do wait "$pid" 2>/dev/null || :; done
    rm -rf "$demo/log"
    cp -R "$run/log" "$demo/log" 2>/dev/null || :
    rm -rf "$run"
    exit $status
}
trap clean_up EXIT
trap 'exit 0' INT TERM

mkdir -p "$demo"
rm -f "$demo"/*.env "$demo"/*.pem "$demo"/*.jwk
chmod 0711 "$run"
mkdir "$run/bin" "$run/etc" "$run/etc/conf-enabled" "$run/run" "$run/log" "$run/www" "$run/export" \
    "$run/state" "$run/work"
cp build/fcgi-authorizer build/token-endpoint "$run/bin/"
chmod -R 0755 "$run/bin" "$run/etc" "$run/www"
# Started by root, the web servers change to this user; the programs run as that user too.
[ "$(id -u)" -ne 0 ] || chown www-data:www-data "$run/run" "$run/log" "$run/state"

# ---- certificates, configuration, signing key ----

printf 'Certificates, configuration and keys ...\n'
{
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 7 \
        -subj '/CN=fhir-auth demo CA' -keyout "$run/work/ca.key" -out "$demo/ca.pem"
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=127.0.0.1' \
        -keyout "$run/etc/server.key" -out "$run/work/server.csr"
    printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n' >"$run/work/server.ext"
    openssl x509 -req -in "$run/work/server.csr" -CA "$demo/ca.pem" -CAkey "$run/work/ca.key" -set_serial 2 \
        -days 7 -extfile "$run/work/server.ext" -out "$run/etc/server.pem"
} 2>"$run/work/openssl.log" || die "openssl failed: $(cat "$run/work/openssl.log")"
chmod 0644 "$demo/ca.pem"

sed -e "s|@RUN@|$run|g" -e "s|@PORT@|$port|g" -e "s|@FORMAT@|$format|g" \
    -e "s|@ENCRYPTED@|$encrypted|g" tests/demo/fhir-auth.conf.in >"$run/etc/fhir-auth.conf"
chmod 0644 "$run/etc/fhir-auth.conf"
FHIR_AUTH_CONF=$run/etc/fhir-auth.conf
export FHIR_AUTH_CONF
ctl() { "$root/build/fhir-authctl" "$@"; }
ctl key generate --json >/dev/null
[ $encrypted = no ] || ctl key generate --use enc --json >/dev/null
ctl config check >/dev/null

# ---- clients, told to others in demo.env ----

member() { "$python" -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
tell() { printf "%s='%s'\n" "$1" "$2" >>"$demo/demo.env"; }
tell FHIR_BASE "$origin/fhir"
tell CA_CERT "$demo/ca.pem"

secret_client() { # prefix of the variables, name, scope, more options
    prefix=$1 name=$2 scope=$3
    shift 3
    ctl client add "$name" --scope "$scope" --secret --json "$@" >"$run/work/client.json"
    id=$(member client_id <"$run/work/client.json")
    secret=$(member client_secret <"$run/work/client.json")
    tell "${prefix}CLIENT_ID" "$id"
    tell "${prefix}CLIENT_SECRET" "$secret"
    # For curl --config: on a command line others could read it.
    printf 'user = "%s:%s"\n' "$id" "$secret" >"$run/work/${prefix}login"
}
jwt_client() { # prefix, name, algorithm
    "$python" tests/demo/jwt_client.py new-key "$3" "$demo/$1.jwk" "$run/work/$1.jwks"
    id=$(ctl client add "$2" --scope 'system/*.rs' --jwks "$run/work/$1.jwks" --json | member client_id)
    tell "$1_CLIENT_ID" "$id"
    tell "$1_KEY" "$demo/$1.jwk"
    eval "$1_id=\$id"
}
secret_client '' 'Reader' 'system/*.rs'
secret_client WRITE_ 'Writer' 'system/*.cruds'
secret_client NARROW_ 'Patients by id only' 'system/Patient.r'
secret_client SHORT_ 'Short-lived tokens' 'system/*.rs' --token-lifetime 10s
secret_client INTROSPECT_ 'Gateway that introspects' introspect
introspect_id=$id introspect_secret=$secret
jwt_client JWT 'Signs with ES384' ES384
jwt_client JWT2 'Signs with RS384' RS384

# ---- introspection: the authorizer asks the token endpoint, through the web server ----

if [ "$validate" = introspection ]; then
    # The client id is known only now.  The programs run as the owner of the folder and read these files.
    cp "$demo/ca.pem" "$run/etc/ca.pem"
    chmod 0644 "$run/etc/ca.pem"
    printf '%s\n' "$introspect_secret" >"$run/state/introspect.secret"
    [ "$(id -u)" -ne 0 ] || chown www-data:www-data "$run/state/introspect.secret"
    cat >>"$run/etc/fhir-auth.conf" <<EOF

[jwks]
ca_file = $run/etc/ca.pem

[issuer "local"]
issuer = $origin/oauth
keys = introspection
introspection = $origin/oauth/introspect
introspection_client_id = $introspect_id
introspection_secret_file = $run/state/introspect.secret
EOF
    ctl config check >/dev/null
fi

# ---- the FHIR server and the web server ----

wait_for() { # what, pid of it, command that succeeds when it is there
    what=$1 pid=$2
    shift 2
    for _ in $(seq 100); do
        if "$@" >/dev/null 2>&1; then return; fi
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    tail -q -n 15 "$run"/log/* >&2
    die "$what does not answer"
}
if [ -z "$upstream" ]; then
    "$python" tests/demo/upstream.py --log "$run/log/upstream.log" \
        >"$run/work/upstream.port" 2>"$run/log/upstream.err" &
    upstream_pid=$!
    pids="$pids $upstream_pid"
    wait_for 'the sample FHIR server' "$upstream_pid" test -s "$run/work/upstream.port"
    upstream=http://127.0.0.1:$(cat "$run/work/upstream.port")/fhir
fi
"$python" tests/demo/render.py "$server" --run "$run" --port "$port" --upstream "$upstream" \
    >"$run/work/commands"
# Programs that the web server does not start itself, and at last the web server.
while read -r command; do
    $command >>"$run/log/server.out" 2>&1 &
    server_pid=$!
    pids="$server_pid $pids"
done <"$run/work/commands"
wait_for "$server" "$server_pid" curl -sf --noproxy '*' --cacert "$demo/ca.pem" --max-time 5 \
    "$origin/oauth/health"
printf '%s is up at %s, in front of %s; tokens: %s, examined by %s\n' "$server" "$origin" "$upstream" \
    "$format" "$validate"

. tests/demo/walk.sh

[ "$failed" -eq 0 ] || die "$failed steps went wrong; logs: $demo/log"
printf '\nAll steps went as they should.  Names and secrets for your own requests: %s\n' "$demo/demo.env"
[ "${DEMO_ONCE:-0}" = 1 ] && exit 0
printf 'Try:  . %s\n      curl --cacert $CA_CERT $FHIR_BASE/metadata\nIt stays up until Ctrl-C.\n' "$demo/demo.env"
wait "$server_pid" || :
die "$server ended by itself; logs: $demo/log"

#!/bin/sh
# Install the Debian packages named that are not there yet.  One line when there are none.
set -eu
missing=
for p in "$@"; do
    case $(dpkg-query -W -f '${Status}' "$p" 2>/dev/null) in
    "install ok installed") ;;
    *) missing="$missing $p" ;;
    esac
done
if [ -z "$missing" ]; then
    echo "deps: all packages are installed"
    exit 0
fi

as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "deps: run as root: apt-get install --no-install-recommends$missing" >&2
        exit 1
    }
    as_root=sudo
fi

# A web server that comes with its package must not start by itself and take port 80: the demo and
# the tests start their own.  A policy that the administrator has set is left as it is.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap '$as_root rm -f $policy' EXIT
    trap 'exit 1' INT TERM
    printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
    $as_root chmod 0755 $policy
fi
echo "deps: installing$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing \
    >/dev/null
for p in lighttpd apache2 nginx-light; do
    case " $missing " in
    *" $p "*) [ -d /run/systemd/system ] && $as_root systemctl disable --quiet $p ;;
    esac
done
echo "deps: done"

#!/bin/sh
# Run every unit test binary of a folder; each prints its own cmocka lines.
set -u
failed=0
for t in "$1"/test_*; do
    [ -x "$t" ] || continue
    timeout 300 "$t" || { echo "FAILED: $t" >&2; failed=1; }
done
exit $failed

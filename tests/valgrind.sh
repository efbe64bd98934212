#!/bin/sh
# The verify path under memcheck: 10,000 tokens, good, bad and hostile (tests/unit/test_verify_many.c).
# An access that is not allowed and a leak are failures.  BUILD=: where to build.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
tests/install-deps.sh valgrind
make --no-print-directory BUILD="$build" "$build/unit/test_verify_many"
exec valgrind --error-exitcode=1 --leak-check=full \
    --errors-for-leak-kinds=definite,indirect,possible \
    --show-leak-kinds=definite,indirect,possible "$build/unit/test_verify_many"

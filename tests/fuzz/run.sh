#!/bin/sh
# Run each fuzzer of build/fuzz for so many seconds, from the seeds and from what earlier runs found.
# What it prints goes to build/fuzz/NAME.log; an input that fails stays beside it.
set -u
seconds=$1
failed=0
for program in build/fuzz/fuzz_*; do
    name=${program##*fuzz_}
    log=build/fuzz/$name.log
    mkdir -p "build/fuzz/corpus/$name"
    if "$program" -max_total_time="$seconds" -max_len=34000 -timeout=10 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/$name-" "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name" \
        >"$log" 2>&1; then
        echo "fuzz: $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, clean"
    else
        grep -v '# Uses:' "$log" | tail -n 40 >&2
        echo "fuzz: $name: FAILED, see $log" >&2
        failed=1
    fi
done
exit $failed

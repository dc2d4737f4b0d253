#!/bin/sh
# Counts the instructions of the kernel and of the simulator per customer, step or task with callgrind and holds them to committed bounds. Unlike time,
# the count is the same on a busy machine. The start of a run cancels: it is the difference of two runs.
# Exit codes: 0 all bounds are kept, or valgrind is missing (it says so); 1 a bound is exceeded.
set -eu
cd "$(dirname "$0")/.."

if ! command -v valgrind >/dev/null 2>&1; then
    echo "skipped: valgrind is not installed, so no instructions were counted" >&2
    exit 0
fi

binary=$(cargo bench --bench engine --no-run 2>&1 | sed -n 's/.*Executable.*(\(.*\))/\1/p')
[ -x "$binary" ] || { echo "the bench was not built" >&2; exit 1; }

# count CONTESTANT CASE WORK: instructions of the whole run.
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$binary" --once "$1" "$2" "$3" 2>&1 |
        sed -n 's/.*Collected : //p'
}

# per_unit CONTESTANT CASE WORK: instructions per customer or step between WORK and twice WORK.
per_unit() {
    echo $((($(count "$1" "$2" $((2 * $3))) - $(count "$1" "$2" "$3")) / $3))
}

failed=0
# check CASE WORK BOUND
check() {
    kernel=$(per_unit kernel "$1" "$2")
    binary_heap=$(per_unit binary "$1" "$2")
    verdict=kept
    if [ "$kernel" -gt "$3" ]; then
        verdict=EXCEEDED
        failed=1
    fi
    printf '%-10s %8d %8d %8d  %s\n' "$1" "$kernel" "$binary_heap" "$3" "$verdict"
}

printf '%-10s %8s %8s %8s\n' case kernel binary bound
check mm1 50000 520
check mm10 50000 725
check closed 50000 1010
check hold-100 50000 460
check hold-10k 50000 510
check hold-1m 1000000 580

# check_sim CASE TASKS BOUND: the same for an experiment file, everything recorded.
check_sim() {
    tasks=$(per_unit sim "$1" "$2")
    verdict=kept
    if [ "$tasks" -gt "$3" ]; then
        verdict=EXCEEDED
        failed=1
    fi
    printf '%-10s %8d %8s %8d  %s\n' "sim $1" "$tasks" "" "$3" "$verdict"
}

check_sim mm1 20000 1560
check_sim mm10 18000 1755
check_sim closed 20000 2270
# 5.3 events a task, with node, coordinator, caches and tools.
check_sim tier3 20000 10420

# A turn among 100,000 agents against one among 1,000, in hundredths; both take as many events.
few=$(per_unit sim scale-1000 20000)
many=$(per_unit sim scale-100000 150000)
ratio=$((100 * many / few))
verdict=kept
if [ "$ratio" -gt 135 ]; then
    verdict=EXCEEDED
    failed=1
fi
printf '%-10s %8d %8d %8d  %s\n' "sim scale" "$many" "$few" "$((few * 135 / 100))" "$verdict"
exit $failed

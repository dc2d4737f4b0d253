#!/usr/bin/env bash
# What a newcomer does: take the starter, set their own load and objective, sweep, look at the report; and their mistakes.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${CARGO_TARGET_DIR:-target}/release/tars-sim
cargo build --release --locked
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$program" sweep experiments/tier3.json --quick --quiet --out "$work/tier3"
test -s "$work/tier3/report.html" && test -s "$work/tier3/plots/latency.png" && test -s "$work/tier3/manifest.json"

"$program" init "$work/mine"
file=$(ls "$work"/mine/*.json | head -n 1)
"$program" check "$file"
"$program" sweep "$file" --quick --quiet --out "$work/answer"
grep -q '"headline"' "$work/answer/result.json"

# A redrawn report is the same, byte for byte.
cp "$work/answer/report.html" "$work/before.html"
"$program" report "$work/answer" > /dev/null
cmp "$work/before.html" "$work/answer/report.html"

# Mistakes end with 2 and write nothing.
status=0; "$program" sweep "$file" --set /nowhere/at/all=1 --out "$work/none" 2> "$work/errors" || status=$?
test "$status" = 2 && test ! -e "$work/none" && grep -q 'error:' "$work/errors"
status=0; "$program" sweep "$work/no-such-file.json" 2> "$work/errors" || status=$?
test "$status" = 2 && grep -q 'no-such-file.json' "$work/errors"
echo "a newcomer gets an answer"

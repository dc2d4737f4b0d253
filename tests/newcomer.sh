#!/usr/bin/env bash
# What a newcomer does: clone, build, take the starter, set their own load and objective, sweep, open the report; and their
# mistakes.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A clone has what is committed and nothing else. Where there is no clean checkout, the folder itself serves.
target=$(realpath --canonicalize-missing "${CARGO_TARGET_DIR:-target}")
if git diff --quiet HEAD 2> /dev/null; then
  git clone --quiet --no-hardlinks . "$work/clone"
  cd "$work/clone"
fi
CARGO_TARGET_DIR=$target cargo build --release --locked
program=$target/release/tars-sim

"$program" sweep experiments/tier3.json --quick --quiet --out "$work/tier3"
test -s "$work/tier3/report.html" && test -s "$work/tier3/plots/latency.png" && test -s "$work/tier3/manifest.json"

# Their own question, as the tutorial asks it.
"$program" init "$work/mine"
file=$work/mine/starter.json
"$program" check "$file"
"$program" sweep "$file" --quick --quiet --out "$work/answer" \
  --set /workload/clients/users/load/open/poisson/rate_per_s=7 \
  --set /workload/classes/request/output_tokens/lognormal/mean=300 --set /slo/latency_p99=4s > "$work/summary"
grep -q 'agents 12' "$work/summary"
grep -q '"headline"' "$work/answer/result.json"

# Anyone can open the report: the script of the page has drawn a mark for each of the three cells.
if browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome); then
  "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$work/profile" --dump-dom \
    "file://$work/answer/report.html" > "$work/page" 2> "$work/browser.log"
  test "$(grep -o 'class="point"' "$work/page" | wc -l)" -ge 3
  echo "the report opens in $browser"
else
  echo "SKIPPED: no Chromium to open the report in"
fi

# A redrawn report is the same, byte for byte.
cp "$work/answer/report.html" "$work/before.html"
"$program" report "$work/answer" > /dev/null
cmp "$work/before.html" "$work/answer/report.html"

# Their data goes elsewhere, too.
"$program" report "$work/answer" --format openmetrics --start 1700000000 > "$work/run.om"
tail -n 1 "$work/run.om" | grep -qx '# EOF'

# Mistakes end with 2 and write nothing.
status=0; "$program" sweep "$file" --set /nowhere/at/all=1 --out "$work/none" 2> "$work/errors" || status=$?
test "$status" = 2 && test ! -e "$work/none" && grep -q 'error:' "$work/errors"
status=0; "$program" sweep "$work/no-such-file.json" 2> "$work/errors" || status=$?
test "$status" = 2 && grep -q 'no-such-file.json' "$work/errors"
echo "a newcomer gets an answer"

#!/usr/bin/env bash
# Runs the section "A first network" of README.md as it stands: every block marked ```sh, one after
# the other in one shell, with a built gavel. Fails at the first command that fails.
#
#   scripts/readme.sh [BINARY] [PORTS]
#
# BINARY is target/release/gavel unless given. Only `cargo build` is left out. A block is read from
# no terminal; a comment before it, such as <!-- types: 1240 -->, is what a person would type. With
# PORTS, such as 2345, the ports 7000 to 7005 become 23450 to 23455.
set -euo pipefail
cd "$(dirname "$0")/.."

binary=$(realpath "${1:-target/release/gavel}")
ports=${2:-700}

# Blocks as one script; each is a group that reads what is typed, or nothing.
script=$(awk '
  /^## /            { here = ($0 == "## A first network") }
  !here             { next }
  /^<!-- types: /   { typed = $3; next }
  /^```sh$/         { block = 1; print "{"; next }
  /^```$/ && block  { block = 0; print "} <<<\"" typed "\""; typed = ""; next }
  block && !/^cargo build/ { print }
' README.md)
[ -n "$script" ] || { echo "README.md has no such section" >&2; exit 1; }
script=${script//127.0.0.1:700/127.0.0.1:$ports}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/target/release"
ln -s "$binary" "$folder/target/release/gavel"

# A terminal of 80 columns and 24 rows is the smallest there is. Whatever happens, no server is
# left behind.
cd "$folder"
unset GAVEL_HOME GAVEL_DATABASE GAVEL_PASSPHRASE
COLUMNS=80 LINES=24 timeout 300 bash -euo pipefail -c "
trap 'servers=\$(jobs -p); [ -z \"\$servers\" ] || kill \$servers 2>/dev/null || true' EXIT
$script
wait || true
"
# The outcome is as the rules say: the better bid at the other's price.
"$binary" --json --home town/ada verify town/record.json | grep -q '"price":110000'
echo "Every step of README.md went through."

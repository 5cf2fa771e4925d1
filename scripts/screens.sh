#!/usr/bin/env bash
# Text screenshots of every screen, from the real binary playing the demo in tmux.
#
#   scripts/screens.sh [BINARY] [COLUMNSxROWS]
#
# writes docs/screens/NN-NAME.txt. Needs tmux.
set -euo pipefail

cd "$(dirname "$0")/.."
binary=${1:-target/release/gavel}
size=${2:-100x30}
columns=${size%x*}
rows=${size#*x}
out=docs/screens
name=gavel-screens-$$
home=$(mktemp -d)
trap 'tmux -L "$name" kill-server 2>/dev/null || true; rm -rf "$home"' EXIT

[ -x "$binary" ] || { echo "no binary at $binary; build it, or name one" >&2; exit 1; }
binary=$(realpath "$binary")
mkdir -p "$out"
rm -f "$out"/*.txt

tmux -L "$name" -f /dev/null new-session -d -x "$columns" -y "$rows" \
    "cd $home && LANG=C.UTF-8 GAVEL_HOME=$home $binary demo; echo; sleep 600"
screen() { tmux -L "$name" capture-pane -p; }
press() { tmux -L "$name" send-keys "$@"; sleep 0.4; }
# Wait until the screen shows something.
until_shown() {
    for _ in $(seq 300); do
        if screen | grep -qF -- "$1"; then return; fi
        sleep 0.1
    done
    echo "never saw: $1" >&2
    screen >&2
    exit 1
}
number=0
shot() {
    number=$((number + 1))
    screen | sed 's/[[:space:]]*$//' > "$out/$(printf '%02d' "$number")-$1.txt"
}

until_shown "5 of 5 nodes"
press 3
until_shown "5 of 5 up"
sleep 2
shot nodes
press 6
until_shown "People"
shot people
press 1
until_shown "closes in"
until_shown "basil"
press b
until_shown "What is sent"
press 1300
shot bid-form
press Enter
until_shown "Hand in this bid?"
shot question
press y
until_shown "Your bid is in"
shot bid-receipts
press Escape
press 1
until_shown "chiara"
sleep 5
shot auctions
press ':'
press clo
shot palette
press Escape
press '?'
shot keys
press Escape
press n
until_shown "New session"
shot new-session
press Escape
press c
until_shown "End bidding now?"
press y
until_shown "✓ level 1"
shot bracket
until_shown "signed by"
until_shown "check it"
sleep 5
shot result
press Left
press Left
until_shown "looking back"
shot looking-back
press Escape
press 5
until_shown "Log"
shot log
press q
until_shown "every signature"
shot after

# A tournament large enough to watch.
tmux -L "$name" kill-server
sleep 0.5
tmux -L "$name" -f /dev/null new-session -d -x "$columns" -y "$rows" \
    "cd $home && LANG=C.UTF-8 GAVEL_HOME=$home $binary demo --bids 100 --auto --speed 4; sleep 600"
until_shown "▸ level 1"
sleep 0.5
shot tournament
echo "$number screenshots in $out"

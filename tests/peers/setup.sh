#!/usr/bin/env bash
# setup.sh NAME…: an environment for each peer, from its pinned list NAME.txt in this folder. Prints their interpreters.
# They stand in $MANYFEW_PEERS_DIR (default: ~/.cache/manyfew/peers); NAME there is a link to the one of today's pins.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
place=${MANYFEW_PEERS_DIR:-$HOME/.cache/manyfew/peers}
[ $# -gt 0 ] || { echo "usage: setup.sh NAME…; there are: $(cd "$here" && echo *.txt | sed 's/\.txt//g')" >&2; exit 2; }
for name in "$@"; do
  [ -f "$here/$name.txt" ] || { echo "setup.sh: there is no list $here/$name.txt" >&2; exit 2; }
  python=$(bash "$here/../environment.sh" "$place" "$name" "$here/$name.txt")
  ln -sfn "$(dirname "$(dirname "$python")")" "$place/$name"
  cp "$here/$name.txt" "$place/$name/pins.txt"
  echo "$place/$name/bin/python"
done

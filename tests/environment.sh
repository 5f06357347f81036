#!/usr/bin/env bash
# environment.sh PLACE NAME LIST: a virtual environment with what LIST pins, every package of it. Prints its interpreter.
# It stands in PLACE/NAME-HASH, named by the hash of its pins and its Python: what is there already is left as it is.
# PYTHON=… names the Python to use (default: python3.11).
set -euo pipefail
place=$1 name=$2 list=$3
python=${PYTHON:-$(command -v python3.11 || command -v python3)}
home=$place/$name-$({ cat "$list"; "$python" -V; } | sha256sum | cut -c1-12)
if [ ! -f "$home/complete" ]; then
  rm -rf "$home"
  "$python" -m venv --without-pip "$home"
  if command -v uv >/dev/null; then
    uv pip install -q --python "$home/bin/python" --no-deps -r "$list"
  else
    python3 -m pip --python "$home/bin/python" install -q --no-deps --no-compile --disable-pip-version-check -r "$list" >&2
  fi
  touch "$home/complete"  # an installation that was broken off is made again
fi
echo "$home/bin/python"

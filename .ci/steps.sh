# Steps with their minutes, for run and long. `step TITLE` begins one; the first command that fails ends everything.
# The table is printed at the end, also after a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PIP_DISABLE_PIP_VERSION_CHECK=1
unset PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED # as in a reader's shell

# What is installed from pinned lists stands here, named by the hash of its pins. It may be there the next time.
cache=${MANYFEW_CI_CACHE:-$HOME/.cache/manyfew/ci}
scratch=$(mktemp -d)
titles=() seconds=() current= began=0 alone=()

step() {
  _end_step
  current=$1 began=$SECONDS
  printf '\n== %s\n' "$1"
}

_end_step() {
  [ -n "$current" ] || return 0
  titles+=("$current") seconds+=($((SECONDS - began)))
  current=
}

_table() {
  local status=$? failed=$current
  _end_step
  rm -rf "$scratch"
  printf '\nminutes  step\n'
  local i
  for i in "${!titles[@]}"; do
    printf '%4d:%02d  %s%s\n' $((seconds[i] / 60)) $((seconds[i] % 60)) "${titles[i]}" \
      "$([ "$status" != 0 ] && [ "${titles[i]}" = "$failed" ] && echo '  FAILED')"
  done
  printf '%4d:%02d  all\n\n' $((SECONDS / 60)) $((SECONDS % 60))
  [ ${#alone[@]} = 0 ] || printf 'failed beside others, passed alone: %s\n' "${alone[@]}"
  local bad=$((status != 0))
  printf 'steps: %d passed, %d failed\n' $((${#titles[@]} - bad)) "$bad"
  exit "$status"
}
trap _table EXIT

# tested PYTHON COMMAND…: runs the tests, then those that failed once more, one at a time. Real processes on two shared
# cores can be kept from running for seconds, which fails a test that is right; what is wrong fails alone as well.
# What passed only alone is named under the table. Not for kills, faults, histories and chaos: what they draw may not
# come again.
tested() {
  local python=$1 status=0 argument again=()
  shift
  local cache_dir=$scratch/pytest-$RANDOM
  PYTEST_ADDOPTS="-o cache_dir=$cache_dir" "$@" || status=$?
  [ "$status" = 1 ] && [ -s "$cache_dir/v/cache/lastfailed" ] || return "$status"
  local failed
  failed=$("$python" -c 'import json, sys; print(*(name.split("@")[0] if "]" not in name else name[: name.rindex("]") + 1] for name in json.load(open(sys.argv[1]))), sep="\n")' "$cache_dir/v/cache/lastfailed")
  mapfile -t again <<<"$failed"
  printf 'once more, one at a time: %s\n' "${again[@]}"
  "$python" -m pytest -q -m "slow or not slow" "${again[@]}"
  alone+=("${again[@]}")
}

# The README's commands are read from the README, so that they can't differ from what is written there.
readme_command() {
  awk -v mark="<!-- $1 -->" '$0 == mark {found = 1; next} found && /^```/ {if (inside) exit; inside = 1; next} found && inside' README.md
}

# apt COMMAND PACKAGE WITHOUT: installs a Debian package unless its command is there.
apt() {
  command -v "$1" && return
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2"; } >/dev/null ||
    echo "no $2 to be had: $3"
}

# uv and pipx, pinned, in front of PATH.
tools() {
  local python
  python=$(bash tests/environment.sh "$cache" tools .ci/tools.txt)
  export PATH=${python%/python}:$PATH
}

# The Pythons to test with: the oldest that manyfew promises, and the newest here.
pythons() {
  local found
  found=$(ls -d "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python3.* /usr/bin/python3.* /usr/local/bin/python3.* 2>/dev/null |
    grep -E '/python3\.[0-9]+$' || true)
  export MANYFEW_OLDEST_PYTHON MANYFEW_NEWEST_PYTHON
  MANYFEW_OLDEST_PYTHON=$(grep -E '/python3\.11$' <<<"$found" | head -1)
  MANYFEW_NEWEST_PYTHON=$(awk -F/ '{print $NF, $0}' <<<"$found" | sort -V | tail -1 | cut -d' ' -f2)
}

# An environment with the oldest direct dependencies that pyproject.toml allows; sets $oldest.
oldest_dependencies() {
  uv pip compile -q --no-header --no-annotate --resolution lowest-direct --python-version 3.11 --extra test pyproject.toml \
    -o "$scratch/oldest.txt"
  oldest=$(bash tests/environment.sh "$cache" oldest "$scratch/oldest.txt")
  uv pip install -q --python "$oldest" --no-deps -e .
}

# Tests whose length a variable sets: short in the README's command, longer here.
kills=(tests/orchestrator/run/kills/test_kill.py tests/orchestrator/run/kills/test_kill_softly.py tests/orchestrator/run/batches/test_crashes.py tests/orchestrator/run/agents/test_kill.py)
faults=(tests/orchestrator/run/kills/test_faults.py::test_every_fault_at_random tests/faults)
histories=(tests/orchestrator/scheduler/test_histories.py)
chaos=(tests/chaos)
proofs=(tests/verifiers/proofs/test_real_lean.py)
attacks=(tests/verifiers/code/test_hostile.py tests/verifiers/proofs/test_coq.py)
apart=() # what has a step of its own
for path in "${kills[@]}" "${faults[@]}" "${histories[@]}" "${chaos[@]}" "${proofs[@]}" "${attacks[@]}" tests/real tests/slurm; do
  [[ $path == *::* ]] || apart+=(--ignore "$path")
done

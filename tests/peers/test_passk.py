"""pass@k as others compute it, against ours."""

import numpy as np
import pytest

from orchestrator.coverage.passk import pass_at_k

CASES = [
    (n, c, k)
    for n in (1, 2, 5, 16, 64, 200)
    for c in {0, 1, n // 3, n - 1, n}
    for k in {1, 2, n // 2, n}
    if 1 <= k <= n
]

INSPECT = """
import json, sys
from inspect_ai.scorer import Score, pass_at
def one(n, c, k):
    scores = [Score(value=1.0 if i < c else 0.0) for i in range(n)]
    return pass_at(k)(scores).as_float()
print(json.dumps([one(*case) for case in json.loads(sys.argv[1])]))
"""

EVALPLUS = """
import json, sys
from evalplus.eval import estimate_pass_at_k
print(json.dumps([float(estimate_pass_at_k([n], [c], k)[0]) for n, c, k in json.loads(sys.argv[1])]))
"""


@pytest.mark.parametrize(("name", "code"), [("inspect_ai", INSPECT), ("evalplus", EVALPLUS)])
def test_pass_at_k_is_what_others_compute(peer, name, code):
    theirs = peer(name).answers(code, CASES)
    ours = [pass_at_k(np.array([n]), np.array([c]), np.array([k]))[0, 0] for n, c, k in CASES]
    np.testing.assert_allclose(theirs, ours, rtol=1e-9, atol=1e-12)

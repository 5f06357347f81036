"""Packages that a program or a test asks for and the sandbox does not have."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from verifiers.code.problem import FunctionProblem, function_problem, imported, mentioned
from verifiers.types import Verdict

REASON = "needs a package that the sandbox does not have: "
"""What the reason of such a verdict begins with; the package follows."""
_SAID = re.compile(r"ModuleNotFoundError: No module named '([A-Za-z_]\w{0,100})'")
_KNOWN = frozenset(
    """
    numpy scipy sympy sortedcontainers pandas networkx matplotlib seaborn sklearn statsmodels torch tensorflow
    keras jax numba cython gmpy2 mpmath cv2 PIL skimage requests httpx aiohttp bs4 lxml yaml toml tomli regex nltk
    spacy gensim textblob transformers datasets tqdm rich click attr attrs pydantic pytest hypothesis mock nose
    flask django fastapi sqlalchemy psutil dateutil pytz six simplejson orjson ujson chardet faker cryptography
    Crypto nacl rsa openpyxl xlrd xlwt docx psycopg2 pymysql redis pymongo boto3 selenium pyparsing ply antlr4 z3
    ortools pulp cvxpy cvxopt xgboost lightgbm catboost plotly bokeh folium shapely geopandas igraph
    more_itertools toolz cytoolz bitarray bintrees blist atcoder acl line_profiler memory_profiler dask polars
    pyarrow h5py tables librosa soundfile pygame turtle tkinter wordcloud wordninja holidays prettytable texttable
    termcolor colorama natsort unidecode Levenshtein rapidfuzz fuzzywuzzy jieba emoji phonenumbers pyquery
    mechanize paramiko pexpect typing_extensions packaging setuptools pkg_resources cachetools frozendict
    immutabledict pyrsistent
    """.split()  # noqa: SIM905 - a list of them would be a page
)
"""First names of modules that are packages indeed: a program that asks for one may be right where it is. A module that
no package has is the program's own mistake."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Modules that tests import and the sandbox lacks: of how many problems, and the first of them."""

    modules: tuple[str, ...]
    problems: int
    first: str


def missing_of(
    problems: Iterable[Mapping[str, Any]], find: Callable[[Sequence[str]], set[str]]
) -> Missing | None:
    """`find` says which of some modules the sandbox has."""
    asked: list[tuple[str, FunctionProblem, set[str]]] = []
    for at, problem in enumerate(problems):
        one = function_problem(problem)
        names = mentioned(one) - sys.stdlib_module_names if one is not None else set[str]()
        if one is not None and names:
            asked.append((str(problem.get("task_id") or problem.get("id") or at), one, names))
    if not asked:
        return None
    lacking = set[str]().union(*(names for _, _, names in asked))
    lacking -= find(sorted(lacking))
    without = {
        at: needed
        for at, (_, one, names) in enumerate(asked)
        if names & lacking and (needed := imported(one) & lacking)
    }
    if not without:
        return None
    return Missing(tuple(sorted(set[str]().union(*without.values()))), len(without), asked[min(without)][0])


def not_judged(verdict: Verdict) -> Verdict:
    """The verdict on a program that failed for want of a package: none, if it is one that others have."""
    if verdict.passed is not False:
        return verdict
    said = _SAID.findall(f"{verdict.reason}\n{verdict.evidence}")
    if not said:
        return verdict
    known = said[-1] in _KNOWN or said[-1] in sys.stdlib_module_names
    return verdict._replace(passed=None if known else False, reason=f"{REASON}{said[-1]}")


def packages_missing(reasons: Mapping[str, int]) -> Counter[str]:
    """By package, of reasons with their numbers."""
    found: Counter[str] = Counter()
    for reason, count in reasons.items():
        if reason.startswith(REASON):
            found[reason.removeprefix(REASON)] += count
    return found

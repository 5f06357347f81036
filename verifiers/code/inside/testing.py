"""Runs the test of a problem, in whatever form it comes: `check(candidate)` as HumanEval has it, called by the test
itself or not; assertions at its top level (MBPP); classes of unittest (BigCodeBench); functions named `test…`.
"""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownMemberType=false

import sys

TYPE_CHECKING = False  # typing is not imported where every millisecond counts
if TYPE_CHECKING:
    from types import ModuleType

_NAME = "problem_test"
_FILE = "test.py"


class Program:
    """The program under test, as a test sees it: something to call."""

    def __init__(self, call: object, trouble: str | None) -> None:
        """`trouble`: why it could not be loaded."""
        self._call = call
        self.trouble = trouble
        self.calls = 0

    def function(self, name: str) -> object:
        def candidate(*arguments: object, **named: object) -> object:
            self.calls += 1
            if self.trouble is not None:
                raise NotLoadedError(self.trouble)
            return self._call(*arguments, **named)  # pyright: ignore

        candidate.__name__ = candidate.__qualname__ = name
        return candidate


class NotLoadedError(BaseException):
    """The program could not be loaded; no `except Exception` of a test may hide that."""


def judge(prompt: str, test: str, entry_point: str, program: Program) -> tuple[bool | None, str]:
    """(verdict, reason); None if the test itself is broken, or never calls the program."""
    candidate = program.function(entry_point)
    module = type(sys)(_NAME)
    sys.modules[_NAME] = module  # where unittest and pickle look for what it defines
    namespace = module.__dict__
    try:
        # The prompt's own helpers (poly, encode_shift …): a test may use them, and must not use the program's.
        exec(compile(prompt, "prompt.py", "exec"), namespace)  # noqa: S102 - the problem's own
        code = compile(test, _FILE, "exec")
    except BaseException as error:
        return None, f"the problem's test does not load: {type(error).__name__}: {error}"
    namespace[entry_point] = namespace["candidate"] = candidate
    if "unittest" in test:
        import unittest

        unittest.main = _nothing  # pyright: ignore - its classes are run below, whoever calls it
    _seed(test)
    reason = None
    try:
        exec(code, namespace)  # noqa: S102 - the problem's own
    except BaseException as error:
        if not program.calls:
            return None, f"the problem's test does not load: {type(error).__name__}: {error}"
        reason = _failure(error)
    if reason is None:
        _seed(test)
        try:
            reason = _run(module, test, candidate, program)
        except BaseException as error:
            reason = _failure(error)
    if program.calls and program.trouble is not None:
        return False, f"the program does not load: {program.trouble}"
    if reason is not None:
        return False, reason
    return (True, "") if program.calls else (None, "the problem's test never calls the program")


def _nothing(*_: object, **__: object) -> None:
    pass


def _run(module: "ModuleType", test: str, candidate: object, program: Program) -> str | None:
    """What the test defines and has not run itself; why the program fails it, or None."""
    check = module.__dict__.get("check")
    own = [value for value in list(module.__dict__.values()) if getattr(value, "__module__", "") == _NAME]
    classes = [value for value in own if isinstance(value, type) and _is_case(value)]
    if callable(check) and "\ncheck(" not in f"\n{test}":
        check(candidate)
    elif classes:
        return _unittest(classes)
    elif not program.calls:
        for function in own:
            if getattr(function, "__name__", "").startswith("test") and callable(function):
                names = function.__code__.co_varnames[: function.__code__.co_argcount]
                function(*(candidate for _ in names))
    return None


def _is_case(kind: type) -> bool:
    unittest = sys.modules.get("unittest")
    return unittest is not None and issubclass(kind, unittest.TestCase)


def _unittest(classes: list[type]) -> str | None:
    import unittest

    result = unittest.TestResult()
    result.failfast = True
    for kind in classes:
        unittest.defaultTestLoader.loadTestsFromTestCase(kind).run(result)  # pyright: ignore[reportArgumentType]
    for case, said in (*result.errors, *result.failures):
        return f"{case}: {said.strip().splitlines()[-1]}"
    return (
        f"{result.unexpectedSuccesses[0]}: passed though it should not"
        if result.unexpectedSuccesses
        else None
    )


def _failure(error: BaseException) -> str | None:
    """Why the program fails; None if the test only ended itself, as `unittest.main()` does."""
    if isinstance(error, SystemExit) and not error.code and not hasattr(error, "from_program"):
        return None
    if isinstance(error, AssertionError):
        return f"{_line(error)}: not so{f': {error}' if str(error) else ''}"
    if not isinstance(error, (Exception, SystemExit)):
        return str(error)  # the program broke the rules of the conversation
    return f"{_line(error)}: {type(error).__name__}: {error}"


def _line(error: BaseException) -> str:
    """The line of the test where it failed."""
    number, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILE:
            number = trace.tb_lineno
        trace = trace.tb_next
    return f"line {number} of the test"


def _seed(test: str) -> None:
    """The same test for every program."""
    if "random" in test:
        import random

        random.seed(0)
        if (numpy := sys.modules.get("numpy")) is not None:
            numpy.random.seed(0)

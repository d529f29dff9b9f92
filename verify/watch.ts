/** What is loaded into every interpreter of a test run to see handles that stay open, outcomes of tests, and what was loaded. */

/**
 * Runs when an interpreter starts. Reports at its end, as JSON lines: handles that were never closed (in debug mode)
 * with the text of the object and where they were made, and the extension modules that were loaded. Records what
 * unittest runs; pytest has a plugin of its own below.
 */
export const WATCH = `
import os, sys

_log = os.environ.get("HPY_MIGRATE_LOG")

def say(**entry):
    import json
    with open(_log, "a", encoding="utf-8", errors="backslashreplace") as log:
        log.write(json.dumps(entry) + "\\n")

def _loaded_files():
    try:
        with open("/proc/self/maps", errors="surrogateescape") as maps:
            return {line.split(None, 5)[5].rstrip("\\n") for line in maps if ".so" in line}
    except OSError:
        return {getattr(m, "__file__", None) or "" for m in list(sys.modules.values())}

def _watch():
    import atexit
    process = os.getpid()
    detector = None
    traced = os.environ.get("HPY_MIGRATE_TRACES")
    if os.environ.get("HPY") == "debug":
        from hpy.debug import LeakDetector, set_handle_stack_trace_limit
        if traced:
            set_handle_stack_trace_limit(int(traced))
        detector = LeakDetector()
        detector.start()

    def stop():
        # A forked child has the handles of its parent, which will close them.
        if os.getpid() != process:
            return
        import gc
        gc.collect()
        if detector is not None:
            from hpy.debug import HPyLeakError
            try:
                detector.stop()
            except HPyLeakError as error:
                for leak in error.leaks:
                    lines = repr(leak).split("\\n")
                    say(leak=lines[0][:300], trace=lines[1:])
        say(loaded=sorted(path for path in _loaded_files() if path.endswith(".so")))
    atexit.register(stop)

class _UnittestHook:
    """Patches unittest's results when, and if, they are imported."""
    def find_spec(self, name, path=None, target=None):
        if name != "unittest.result":
            return None
        sys.meta_path.remove(self)
        import importlib.util
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module
        def exec_module(module):
            load(module)
            _patch(module.TestResult)
        spec.loader.exec_module = exec_module
        return spec

def _patch(result):
    def wrap(name, outcome):
        original = getattr(result, name)
        def method(self, test, *rest):
            message = ""
            error = rest[-1] if rest else None
            if isinstance(error, tuple) and len(error) == 3:
                message = "".join(__import__("traceback").format_exception_only(*error[:2])).strip()
            if outcome == "failed" and name == "addSubTest" and error is None:
                return original(self, test, *rest)
            say(test=test.id() if hasattr(test, "id") else str(test), outcome=outcome, message=message)
            return original(self, test, *rest)
        setattr(result, name, method)
    for name, outcome in (("startTest", "started"), ("addSuccess", "passed"), ("addError", "failed"),
                          ("addFailure", "failed"), ("addSkip", "skipped"), ("addExpectedFailure", "passed"),
                          ("addUnexpectedSuccess", "failed"), ("addSubTest", "failed")):
        wrap(name, outcome)

if _log:
    sys.meta_path.insert(0, _UnittestHook())
    _watch()
`;

/** A plugin for pytest that records each test's start and outcome. */
export const PYTEST_PLUGIN = `
from hpy_migrate_watch import say

def _message(report):
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        return crash.message
    text = str(report.longrepr or "")
    errors = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    return errors[-1] if errors else text[-1000:]

def pytest_runtest_logstart(nodeid, location):
    say(test=nodeid, outcome="started", message="")

def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        say(test=report.nodeid, outcome=report.outcome, message=_message(report) if report.failed else "")

def pytest_collectreport(report):
    if report.failed:
        say(test="collection of " + report.nodeid, outcome="failed", message=_message(report))
`;

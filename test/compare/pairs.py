"""Calls functions of several modules with the same arguments and prints every difference as a JSON line.

usage: pairs.py CASES.json MODULE... ; the first module is the original. A case has a name and calls, which are Python
expressions for tuples of arguments.
"""
import array
import collections
import gc
import importlib
import json
import os
import sys
import types
import warnings


Pair = collections.namedtuple("Pair", "x y")


class Boom(Exception):
    pass


class Index:
    def __index__(self):
        return 7


class RaisingIndex:
    def __index__(self):
        raise Boom


class RaisingHash:
    def __hash__(self):
        raise Boom


class RaisingEq:
    def __hash__(self):
        return hash("a")

    def __eq__(self, other):
        raise Boom


class RaisingText:
    def __repr__(self):
        raise Boom


class Missing(dict):
    def __missing__(self, key):
        self[key] = "made"
        return "made"


class Stubborn(dict):
    def __getitem__(self, key):
        raise Boom

    def __contains__(self, key):
        raise Boom

    def __iter__(self):
        raise Boom


class MyList(list):
    def __getitem__(self, index):
        raise Boom

    def __setitem__(self, index, value):
        raise Boom

    def __iter__(self):
        raise Boom

    def __len__(self):
        return 99


class MyTuple(tuple):
    def __getitem__(self, index):
        raise Boom

    def __iter__(self):
        raise Boom


class MyStr(str):
    def __add__(self, other):
        raise Boom

    def __eq__(self, other):
        raise Boom

    __hash__ = str.__hash__

    def __len__(self):
        return 99

    def __str__(self):
        return "mine\0str"

    def __repr__(self):
        return "<mine>"


class MySet(set):
    def add(self, key):
        raise Boom

    def __contains__(self, key):
        raise Boom


class MyInt(int):
    pass


class Meta(type):
    def __instancecheck__(cls, instance):
        return "yes"

    def __subclasscheck__(cls, derived):
        raise Boom


class Strange(metaclass=Meta):
    pass


class Countdown:
    def __init__(self, start, error=None):
        self.left, self.error = start, error

    def __iter__(self):
        return self

    def __next__(self):
        if self.left == 0:
            raise (self.error or StopIteration)
        self.left -= 1
        return self.left

    def __repr__(self):
        return f"Countdown({self.left})"


class OldSequence:
    def __getitem__(self, index):
        if index > 2:
            raise IndexError
        return index


class Attributes:
    plain = "plain"

    @property
    def missing(self):
        raise AttributeError

    @property
    def broken(self):
        raise Boom


class RaisingBool:
    def __bool__(self):
        raise Boom


def caused():
    error = KeyError("effect")
    error.__cause__ = ValueError("cause")
    return error


def describe(value):
    return f"{type(value).__name__}: {ascii(value)}"[:400]


def outcome(function, call):
    args = eval(call, globals())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = ["value", describe(function(*args))]
        except BaseException as error:
            result = ["raises", type(error).__name__, str(error)]
    try:
        after = [describe(arg) for arg in args]
    except Exception:
        after = [type(arg).__name__ for arg in args]
    scrub = lambda text: " ".join(word for word in text.split() if not word.startswith("0x"))
    return result[:1] + [scrub(text) for text in result[1:]], [scrub(text) for text in after], [str(w.message) for w in caught]


def grows(function, call, thorough):
    """Whether memory grows with the number of calls. Only a collection empties the interpreter's own reserves."""
    code = compile(call, "call", "eval")

    def blocks(count):
        for _ in range(count):
            try:
                function(*eval(code, globals()))
            except Exception:
                pass
        if thorough:
            gc.collect()
        return sys.getallocatedblocks()

    warnings.simplefilter("ignore")
    blocks(2)
    gc.disable()
    count = 300 if thorough else 20
    grown = [-blocks(0) + blocks(count) for _ in range(2)]
    gc.enable()
    return min(grown) >= 0.9 * count


def main():
    cases = json.load(open(sys.argv[1]))
    modules = [importlib.import_module(name) for name in sys.argv[2:]]
    detector = None
    if os.environ.get("HPY") == "debug":
        from hpy.debug import LeakDetector
        detector = LeakDetector()
        detector.start()
    compared = 0
    for case in cases:
        functions = [getattr(module, case["name"]) for module in modules]
        for call in case["calls"]:
            expected = outcome(functions[0], call)
            for module, function in zip(modules[1:], functions[1:]):
                compared += 1
                # A crash shows which call it was.
                print(case["name"], call, module.__name__, file=sys.stderr)
                actual = outcome(function, call)
                if actual[0][:2] != expected[0][:2] or actual[1:] != expected[1:]:
                    print(json.dumps({"case": case["name"], "call": call, "module": module.__name__, "expected": expected, "actual": actual}))
    for case in cases if detector is None else []:
        for module in modules[1:]:
            for call in case["calls"]:
                function = getattr(module, case["name"])
                if grows(function, call, False) and grows(function, call, True):
                    print(json.dumps({"case": case["name"], "call": call, "module": module.__name__, "leaks": "memory"}))
    if detector is not None:
        detector.stop()
    print(json.dumps({"compared": compared}), file=sys.stderr)


main()

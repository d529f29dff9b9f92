"""Calls pairs of functions with the same arguments and prints every difference as a JSON line.

usage: arguments-compare.py CASES.json MODULE... ; the first module is the original.
"""
import array
import gc
import importlib
import itertools
import json
import pathlib
import random
import sys
import warnings


class Index:
    def __index__(self):
        return 7


class Int:
    def __int__(self):
        return 7


class Float:
    def __float__(self):
        return 2.5


class Boom(Exception):
    pass


class RaisingIndex:
    def __index__(self):
        raise Boom


class RaisingBool:
    def __bool__(self):
        raise Boom


class IndexText:
    def __index__(self):
        return "text"


class MyInt(int):
    pass


class MyStr(str):
    pass


class MyBytes(bytes):
    pass


class MyList(list):
    pass


class LyingLength:
    def __len__(self):
        raise Boom

    def __getitem__(self, index):
        return index


class NoItems:
    def __len__(self):
        return 2

    def __getitem__(self, index):
        raise Boom


class Path:
    def __fspath__(self):
        return "some/path"


VALUES = [
    0, 1, -1, 3, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63,
    2**64, -(2**31), -(2**31) - 1, -(2**63), -(2**63) - 1, 10**40, True, False, 1.0, -2.5, float("inf"), 1e40, 3 + 4j, None,
    "", "a", "h\xe9", "\u20ac", "\U0001f600", "ab\0c", "\ud800", "word", b"", b"a", b"\xff\xfe", b"ab\0c", bytearray(b"a"),
    bytearray(b"some"), memoryview(b"view"), memoryview(bytearray(b"rw")), array.array("b", b"arr"), Index(), Int(), Float(),
    RaisingIndex(), RaisingBool(), IndexText(), MyInt(5), MyStr("mine"), MyBytes(b"mine"), [], [1, 2], (1, 2), (1, 2, 3),
    (1, "x"), (2**70, 1), (1.5, 2), {}, {0: 1, 1: 2}, {1, 2}, range(2), MyList([4, 5]), LyingLength(), NoItems(), int, object(),
    iter([1, 2]), pathlib.PurePath("p"), Path(), "12", b"12",
]
SMALL = [0, 5, -1, 2**70, True, 1.5, None, "text", "n\0l", b"bytes", bytearray(b"ba"), Index(), RaisingIndex(), (1, 2), [3, 4]]
NAMES = ["a", "b", "c", "d", "", "zz", "\ud800", "a\0"]


def outcome(function, args, kwargs):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = ["value", function(*args, **kwargs).decode("ascii")]
        except BaseException as error:
            result = ["raises", type(error).__name__, str(error)]
    return result, [w.category.__name__ for w in caught]


def calls(case, chosen):
    count, names = case["count"], case["keywords"]
    if count == 1:
        for value in VALUES:
            yield (value,), {}
        if names and names[0]:
            for value in VALUES:
                yield (), {names[0]: value}
    pool = VALUES if count == 1 else SMALL
    for length in range(count + 2):
        for _ in range(12 if length else 1):
            yield tuple(chosen.choice(pool) for _ in range(length)), {}
    # Arguments of fitting types, so that long formats get to their ends.
    for _ in range(60):
        fitting = [chosen.choice(case["fitting"][i]) for i in range(count)]
        spoiled = chosen.randrange(count + 2)
        if spoiled < count and chosen.random() < 0.4:
            fitting[spoiled] = chosen.choice(SMALL)
        yield tuple(fitting), {}
        yield tuple(fitting[:spoiled]), {}
        if names is not None:
            by_position = chosen.randrange(count + 1)
            rest = {n: v for n, v in zip(names[by_position:], fitting[by_position:]) if n and chosen.random() < 0.85}
            if chosen.random() < 0.15:
                rest[chosen.choice(NAMES)] = 1
            yield tuple(fitting[:by_position]), rest


def fits(case, args, kwargs):
    """Whether number and names of the arguments are right. When they are not and a value is wrong too, either exception is right."""
    names, count, required = case["keywords"], case["count"], case["required"]
    if names is None:
        return not kwargs and required <= len(args) <= count
    if len(args) > case["positional"] or any(not n or n not in names or names.index(n) < len(args) for n in kwargs):
        return False
    return all(i < len(args) or names[i] in kwargs for i in range(required))


FITTING = {
    "numbers": [0, 1, 5, 100, True, MyInt(5)], "text": ["a", "word", "h\xe9", MyStr("mine")], "bytes": [b"a", b"bytes", MyBytes(b"mine")],
    "bytearray": [bytearray(b"x")], "writable": [bytearray(b"x"), memoryview(bytearray(b"rw"))], "any": SMALL, "pair": [(1, 2), [3, 4]], "pairs": [(1, "x"), ["a", "b"], (3, 4), ("k", None), ("a", 5), (1, (2, 3), "x")],
    "letter": ["a", "\u20ac"], "byte": [b"a", bytearray(b"b")], "floats": [1.5, 2, Float()], "optional": ["word", None], "path": ["p", b"p", Path()],
}


def main():
    cases = json.load(open(sys.argv[1]))
    modules = [importlib.import_module(name) for name in sys.argv[2:]]
    detector = None
    if "hpy.universal" in sys.modules and __import__("os").environ.get("HPY") == "debug":
        from hpy.debug import LeakDetector
        detector = LeakDetector()
        detector.start()
    watched = [v for v in VALUES if not isinstance(v, (int, type(None)))]
    compared = texts = 0
    before = [sys.getrefcount(v) for v in watched]
    for index, case in enumerate(cases):
        case["fitting"] = [FITTING[kind] for kind in case["fitting"]]
        chosen = random.Random(index)
        for args, kwargs in calls(case, chosen):
            functions = [getattr(module, f"f_{index}") for module in modules]
            expected = outcome(functions[0], args, kwargs)
            for module, function in zip(modules[1:], functions[1:]):
                actual = outcome(function, args, kwargs)
                compared += 1
                if actual[0][0] == "raises" and expected[0][0] == "raises" and (case["reordered"] or not fits(case, args, kwargs)):
                    texts += actual != expected
                elif actual[0][:2] != expected[0][:2] or actual[1] != expected[1]:
                    print(json.dumps({"format": case["format"], "keywords": case["keywords"], "module": module.__name__,
                                      "args": ascii(args), "kwargs": ascii(kwargs), "expected": expected, "actual": actual}))
                elif actual != expected:
                    texts += 1
                if module.get_kept() != modules[0].get_kept():
                    print(json.dumps({"format": case["format"], "args": ascii(args), "kept": module.get_kept()}))
    functions = expected = actual = args = kwargs = None
    gc.collect()
    after = [sys.getrefcount(v) for v in watched]
    for value, old, new in zip(watched, before, after):
        if new != old:
            print(json.dumps({"leaked": ascii(value), "references": new - old}))
    if detector is not None:
        detector.stop()
    print(json.dumps({"compared": compared, "texts": texts}), file=sys.stderr)


main()

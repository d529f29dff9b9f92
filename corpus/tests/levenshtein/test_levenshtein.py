"""Values from the documentation of the functions: the source archive has no tests."""
import random

import pytest

import Levenshtein


def distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


def words(seed, alphabet="abcd\u00e9\u4e2d"):
    choose = random.Random(seed)
    return ["".join(choose.choice(alphabet) for _ in range(choose.randrange(12))) for _ in range(20)]


@pytest.mark.parametrize("seed", range(5))
def test_distance(seed):
    for a, b in zip(words(seed), words(seed + 100)):
        assert Levenshtein.distance(a, b) == distance(a, b)
        x, y = a.encode("latin-1", "replace"), b.encode("latin-1", "replace")
        assert Levenshtein.distance(x, y) == distance(x, y)


def test_documented_values():
    assert Levenshtein.distance("Levenshtein", "Lenvinsten") == 4
    assert Levenshtein.hamming("Hello world!", "Holly grail!") == 7
    assert Levenshtein.ratio("Hello world!", "Holly grail!") == pytest.approx(0.583333)
    assert Levenshtein.jaro("Brian", "Jesus") == 0.0
    assert Levenshtein.jaro_winkler("Thorkel", "Thorgier") == pytest.approx(0.867857, abs=1e-5)
    assert Levenshtein.median(["SpSm", "mpamm", "Spam", "Spa", "Sua", "hSam"]) == "Spam"
    assert Levenshtein.setratio(["newspaper", "litter bin"], ["caterpillar", "gossip"]) == pytest.approx(0.28, abs=0.02)
    assert Levenshtein.seqratio(["newspaper", "litter bin"], ["newspaper", "litter bin"]) == 1.0


@pytest.mark.parametrize("seed", range(5))
def test_editops_and_back(seed):
    for a, b in zip(words(seed), words(seed + 100)):
        ops = Levenshtein.editops(a, b)
        assert Levenshtein.apply_edit(ops, a, b) == b
        assert Levenshtein.apply_edit(Levenshtein.inverse(ops), b, a) == a
        blocks = Levenshtein.matching_blocks(ops, a, b)
        assert "".join(a[i : i + n] for i, _, n in blocks) == "".join(b[j : j + n] for _, j, n in blocks)
        opcodes = Levenshtein.opcodes(a, b)
        assert Levenshtein.editops(opcodes, a, b) == ops
        assert Levenshtein.subtract_edit(ops, ops) == []


@pytest.mark.parametrize("name", ["median", "median_improve", "quickmedian", "setmedian"])
def test_medians(name):
    strings = ["one", "two", "three", "twoo"]
    arguments = ("two", strings) if name == "median_improve" else (strings,)
    assert isinstance(getattr(Levenshtein, name)(*arguments), str)


@pytest.mark.parametrize(
    "name, arguments",
    [
        ("distance", ()), ("distance", ("a",)), ("distance", ("a", b"a")), ("distance", (1, 2)), ("ratio", ("a", None)),
        ("hamming", (1, "a")), ("jaro", ("a", 1)), ("median", (1,)), ("median", ([1, 2],)), ("setratio", ("a", 3)),
        ("editops", (1, 2, 3)), ("apply_edit", ([("x",)], "a", "b")), ("opcodes", ("a",)), ("inverse", (3,)),
    ],
)
def test_wrong_arguments(name, arguments):
    with pytest.raises((TypeError, ValueError)):
        getattr(Levenshtein, name)(*arguments)


def test_strings_of_different_length():
    with pytest.raises(ValueError):
        Levenshtein.hamming("a", "bc")

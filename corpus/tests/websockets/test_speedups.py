"""The C function against the package's own Python version: the source archive has no tests."""
import itertools

import pytest

from websockets.speedups import apply_mask
from websockets.utils import apply_mask as python_apply_mask

MASKS = [b"\0\0\0\0", b"\xff\xff\xff\xff", b"abcd", bytearray(b"\1\2\3\4"), memoryview(b"wxyz")]
SIZES = [0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 100, 1000]


@pytest.mark.parametrize("size, mask", itertools.product(SIZES, MASKS))
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_same_as_python(kind, size, mask):
    data = bytes(i * 7 % 256 for i in range(size))
    expected = bytes(byte ^ bytes(mask)[i % 4] for i, byte in enumerate(data))
    assert apply_mask(kind(data), mask) == expected
    assert python_apply_mask(data, bytes(mask)) == expected


@pytest.mark.parametrize("mask", [b"", b"abc", b"abcde"])
def test_mask_of_wrong_length(mask):
    with pytest.raises(ValueError):
        apply_mask(b"data", mask)


@pytest.mark.parametrize("data, mask", [(None, b"abcd"), (b"data", None), ("text", b"abcd"), (b"data", 4)])
def test_wrong_types(data, mask):
    with pytest.raises(TypeError):
        apply_mask(data, mask)


@pytest.mark.parametrize("arguments", [(), (b"data",), (b"data", b"abcd", b"more")])
def test_wrong_number_of_arguments(arguments):
    with pytest.raises(TypeError):
        apply_mask(*arguments)


def test_keywords():
    assert apply_mask(data=b"\0\0", mask=b"abcd") == b"ab"
    with pytest.raises(TypeError):
        apply_mask(b"data", b"abcd", other=1)


def test_slices_that_are_not_contiguous():
    assert apply_mask(memoryview(b"a.b.c.d.e.")[::2], b"\0\0\0\1") == b"abcee"

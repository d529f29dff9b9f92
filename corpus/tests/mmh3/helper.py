"""What the package's tests import from its repository, and its source archive lacks."""


def u32_to_s32(value):
    return value - (1 << 32) if value & (1 << 31) else value

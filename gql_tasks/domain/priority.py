"""How much a task matters."""

from enum import IntEnum


class Priority(IntEnum):
    """From nothing said to at once; the store keeps the number, which is also the order."""

    NONE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    URGENT = 4

"""What a check of a store finds."""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How a check ended, in the word that is printed."""

    OK = "ok"
    WRONG = "wrong"
    UNCHECKED = "-"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, in one line. `remedy` is what to do where something is wrong."""

    check: str
    state: State
    text: str
    remedy: str = ""

    @property
    def wrong(self) -> bool:
        """Tell whether somebody has to do something."""
        return self.state is State.WRONG


def some(names: list[str], most: int = 3) -> str:
    """Name the first few of many."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")

"""Which names of a server its clients may use: the Host check against DNS rebinding.

A page of any site can point a name of its own at 127.0.0.1, and its scripts then count as that
server's own in a browser. They cannot choose what the Host header says: the page's name. So a name
that is not the server's is refused. An address is no name, and cannot be made to point elsewhere.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

_HOST: Final = re.compile(
    r"(?:\[(?P<address>[0-9a-f:.]+)\]|(?P<name>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?)(?::[0-9]{0,5})?",
    re.ASCII,
)

KEPT_VERDICTS = 256
"""Host headers whose verdict is kept: clients send the same few."""


class BadHost(ValueError):
    """A Host header that names no host."""

    def __init__(self) -> None:
        super().__init__("The Host header names no host.")


class Hosts:
    """The hosts that a server answers to.

    Those are addresses, localhost with the names under it, the host it listens on, and what is
    `listed`: `*.example.com` is any name under example.com, `*` any name at all. A server that
    listens on an address that others reach and lists nothing answers to any name.
    """

    def __init__(self, listed: Iterable[str], *, listening: str) -> None:
        names = {name.lower() for name in listed}
        self._any = "*" in names or (not names and _reaches_others(listening))
        self._names = names | {listening.lower(), "localhost"}
        self._ends = tuple(name[1:] for name in names if name.startswith("*."))
        self.include = lru_cache(KEPT_VERDICTS)(self._include)

    def _include(self, header: bytes) -> bool:
        """Tell whether a Host header is one of them. Raises BadHost."""
        found = _HOST.fullmatch(header.decode("latin-1").lower())
        if found is None:
            raise BadHost
        if found["name"] is None:
            if not _is_address(found["address"]):
                raise BadHost
            return True
        name = found["name"]
        return (
            self._any
            or name in self._names
            or name.endswith((".localhost", *self._ends))
            or _is_address(name)
        )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _reaches_others(listening: str) -> bool:
    return _is_address(listening) and not ip_address(listening).is_loopback

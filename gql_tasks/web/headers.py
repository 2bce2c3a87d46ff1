"""The headers that tell a browser what it may do with an answer: as little as the answer needs.

Pages have a policy of their own, in `pages.py`; every other answer is data, which loads nothing,
is shown in no frame, is not guessed to be something else, and is no image or script of another
origin's page. Scripts of other origins that may read it are a matter of CORS, in `origins.py`.
"""

from collections.abc import Iterable
from typing import Final

Headers = list[tuple[bytes, bytes]]

DATA_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""Of every answer that does not say otherwise itself."""


DATA_HEADER_LINES: Final = b"".join(b"%b: %b\r\n" % header for header in DATA_HEADERS)
"""The same, as they are written."""


def with_data_headers(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Add what an answer does not say itself."""
    own = [(name.lower(), value) for name, value in headers]
    names = {name for name, _ in own}
    return own + [header for header in DATA_HEADERS if header[0] not in names]

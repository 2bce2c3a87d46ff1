"""Choosing what a client likes best (RFC 9110, section 12.5)."""

import re
from functools import lru_cache

_WEIGHT = re.compile(r"q=([01](?:\.\d{0,3})?)")


@lru_cache(128)  # clients say the same few things
def preferred(accept: str, offered: tuple[str, ...], *, default: str) -> str:
    """Choose a media type, in the server's order where the client likes several alike.

    Wildcards alone mean the default, and so does a header that takes nothing of what is offered:
    an answer in another form helps a client more than a 406 without one.
    """

    def rank(media_type: str) -> tuple[float, bool, bool]:
        weight = quality(accept, media_type, f"{media_type.partition('/')[0]}/*", "*/*")
        named = weight > 0 and quality(accept, media_type) > 0
        return weight, named, not named and media_type == default

    return max(offered, key=rank)


def quality(header: str, *names: str) -> float:
    """Return the weight that a header of the Accept family gives the first of `names` it lists.

    Names go from the narrowest range to the widest; 0 where the header lists none of them.
    """
    weights = dict(map(_weighed, header.lower().split(",")))
    return next((weights[name] for name in names if name in weights), 0.0)


def _weighed(item: str) -> tuple[str, float]:
    name, *parameters = (part.strip() for part in item.split(";"))
    found = next(filter(None, map(_WEIGHT.fullmatch, parameters)), None)
    return name, float(found[1]) if found else 1.0

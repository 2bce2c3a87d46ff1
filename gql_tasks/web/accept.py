"""Choosing a media type (RFC 9110, section 12.5.1)."""

from collections.abc import Sequence


def preferred(accept: str | None, offered: Sequence[str], *, default: str) -> str:
    """Choose among what is offered, in the server's order where the client has none.

    A wildcard, a header that is absent, and one that takes nothing offered mean the default: an
    answer in another form helps a client more than a 406 without one.
    """
    if not accept:
        return default
    weights = dict(map(_weighed, accept.lower().split(",")))
    best = max(offered, key=lambda media_type: weights.get(media_type, 0.0))
    return best if weights.get(best, 0.0) > 0 else default


def _weighed(item: str) -> tuple[str, float]:
    media_type, *parameters = (part.strip() for part in item.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            try:
                return media_type, float(value)
            except ValueError:
                return media_type, 0.0
    return media_type, 1.0

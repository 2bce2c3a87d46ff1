"""The media types of an answer, and which of them a client wants."""

from typing import Final

from starlette.requests import HTTPConnection

from gql_tasks.web.accept import preferred, quality

JSON: Final = "application/json"
GRAPHQL_RESPONSE: Final = "application/graphql-response+json"
EVENT_STREAM: Final = "text/event-stream"


def media_type(request: HTTPConnection) -> str:
    """Choose between the two media types of one answer; clients that do not say get the older."""
    return json_media_type(_accept(request))


def json_media_type(accept: str) -> str:
    """Do the same by the header's value."""
    return preferred(accept, (GRAPHQL_RESPONSE, JSON), default=JSON)


def wants_events(request: HTTPConnection) -> bool:
    """Tell whether a client takes an event stream and no JSON.

    Many clients, urql's among them, name event streams last in every request, and mean JSON.
    """
    return names_events_only(_accept(request))


def names_events_only(accept: str) -> bool:
    """Do the same by the header's value."""
    return quality(accept, EVENT_STREAM) > 0 and not any(
        quality(accept, json, "application/*", "*/*") for json in (GRAPHQL_RESPONSE, JSON)
    )


def _accept(request: HTTPConnection) -> str:
    return ",".join(request.headers.getlist("accept"))

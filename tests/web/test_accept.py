"""Negotiation, by the header alone."""

import pytest

from gql_tasks.web.accept import preferred, quality

NEW, OLD = "application/graphql-response+json", "application/json"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", OLD),
        ("*/*", OLD),
        ("application/*", OLD),
        ("text/html", OLD),
        ("text/html, */*;q=0.8", OLD),
        (OLD, OLD),
        (NEW, NEW),
        (NEW.upper(), NEW),
        (f"{NEW}; charset=utf-8", NEW),
        (f" {NEW} ; q=0.1 ,text/html", NEW),
        (f"{OLD}, {NEW}", NEW),
        (f"{NEW}, {OLD};q=0.9", NEW),
        (f"{NEW};q=0.9, {OLD}", OLD),
        (f"{NEW};q=0.5, {OLD};q=0.5", NEW),
        (f"{NEW}, */*", NEW),
        (f"{OLD}, */*", OLD),
        (f"{OLD};q=0.5, */*", NEW),
        (f"{OLD};q=0, */*;q=0.1", NEW),
        (f"{NEW};q=0, */*", OLD),
        (f"{NEW};q=0", OLD),
        (f"{NEW};q=0, {OLD};q=0", OLD),
        ("*/*;q=0", OLD),
        (f"{NEW};q=0.001, application/*;q=0.002", OLD),
        (f"{NEW};q=high, {OLD};q=0.9", NEW),
        (f"{NEW};q=nan", NEW),
        (f"{NEW};q=-1, {OLD};q=0.9", NEW),
        (f";;q=, ,{NEW},;", NEW),
        ("☃;q=1", OLD),
    ],
)
def test_preferred(accept: str, chosen: str) -> None:
    """The narrowest range weighs a type, names win over wildcards, and the rest is the default."""
    assert preferred(accept, (NEW, OLD), default=OLD) == chosen


@pytest.mark.parametrize(
    ("header", "weight"),
    [("gzip", 1), ("gzip;q=0", 0), ("br, *;q=0.5", 0.5), ("GZIP;q=0.25, *", 0.25), ("br", 0)],
)
def test_quality(header: str, weight: float) -> None:
    """The first name that the header lists decides, whatever the others weigh."""
    assert quality(header, "gzip", "*") == weight

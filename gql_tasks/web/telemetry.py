"""OpenTelemetry, by FastAPI's own support: where OTEL_* variables say so, requests are traced."""

from typing import Final

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from starlette.types import Scope

TELEMETRY: Final[TelemetryConfig] = {
    "auto_configure": True,  # what OTEL_EXPORTER_OTLP_ENDPOINT and its like ask for, nothing else
    "metrics": False,  # they are at /metrics, with the operations that these would not know
    "logs": False,  # they would hold the messages of exceptions
}


def is_traced() -> bool:
    """Tell whether traces go anywhere, which is settled when the application starts."""
    provider = trace.get_tracer_provider()
    return not isinstance(provider, trace.ProxyTracerProvider | trace.NoOpTracerProvider)


def describe(scope: Scope, graphql_path: str) -> None:
    """Describe a request in its span, which is the current one."""
    span = trace.get_current_span()
    if scope["query_string"]:
        # Variables of a GET stand there, or a document with what it was given.
        span.set_attribute("url.query", "REDACTED")
    if scope["path"] == graphql_path:  # not every operation comes as far as a route
        span.set_attribute("http.route", graphql_path)
        span.update_name(f"{scope['method']} {graphql_path}")

"""Pages of other origins: nothing until they are listed, over HTTP and over WebSockets."""

import httpx2
import pytest

from gql_tasks.web.origins import Origins
from tests.conftest import running_app
from tests.sql import Address

PAGE = "https://app.example.com"
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:8000", "localhost:8000"),
        ("http://localhost", "localhost:80"),
        ("https://tasks.example.com", "tasks.example.com"),
        ("https://tasks.example.com", "tasks.example.com:443"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
def test_own_pages(origin: str, host: str) -> None:
    """A page that came from the same host and port may open a WebSocket there."""
    assert Origins(()).admit(origin, host=host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:5173", "localhost:8000"),
        ("http://127.0.0.1:8000", "localhost:8000"),
        ("http://evil.example", "localhost:8000"),
        ("http://localhost:8000.evil.example", "localhost:8000"),
        ("null", "localhost:8000"),
        ("", "localhost:8000"),
        ("file://", "localhost:8000"),
        ("http://localhost:x", "localhost:8000"),
        ("http://[", "localhost:8000"),
    ],
)
def test_other_pages(origin: str, host: str) -> None:
    """Any other may not, one of another port included, unless all are listed."""
    assert not Origins(()).admit(origin, host=host)
    assert not Origins((PAGE,)).admit(origin, host=host)
    assert Origins(("*",)).admit(origin, host=host)


def test_listed_pages() -> None:
    """A listed origin is compared as a whole."""
    origins = Origins(("https://App.example.com/",))
    assert origins.admit(PAGE, host="localhost:8000")
    assert not origins.admit("http://app.example.com", host="localhost:8000")
    assert not origins.admit("https://x.app.example.com", host="localhost:8000")


def cors(response: httpx2.Response) -> dict[str, str]:
    """Return what an answer says to browsers about other origins."""
    return {
        name.removeprefix("access-control-"): text
        for name, text in response.headers.items()
        if name.startswith("access-control-")
    }


def preflight(origin: str, method: str = "POST") -> dict[str, str]:
    return {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": "content-type,x-request-id",
    }


@pytest.mark.parametrize(("path", "status"), [("/graphql", 405), ("/tasks/", 405), ("/", 405)])
async def test_no_cors(address: Address, path: str, status: int) -> None:
    """Nothing is said to a browser where no origin is listed, and a preflight fails."""
    async with running_app(str(address)) as client:
        refused = await client.http.options(path, headers=preflight(PAGE))
        read = await client.http.get("/tasks/", headers={"origin": PAGE})
    assert (refused.status_code, cors(refused)) == (status, {})
    assert (read.status_code, cors(read)) == (200, {})


@pytest.mark.parametrize("path", ["/graphql", "/tasks/", "/tasks/1"])
@pytest.mark.parametrize(("origins", "allowed"), [(PAGE, PAGE), ("*", "*")])
async def test_preflight(address: Address, path: str, origins: str, allowed: str) -> None:
    """A listed page may send what the doors take, and never credentials."""
    async with running_app(str(address), origins=origins) as client:
        response = await client.http.options(path, headers=preflight(PAGE))
    assert (response.status_code, response.text) == (204, "")
    assert cors(response) == {
        "allow-origin": allowed,
        "allow-methods": "GET, POST, PUT, DELETE",
        "allow-headers": "content-type,x-request-id",
        "max-age": "600",
    }
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "x-request-id" in response.headers


async def test_preflight_of_another_page(address: Address) -> None:
    """A page that is not listed is told so in JSON, and may nothing."""
    async with running_app(str(address), origins=f"{PAGE}, http://localhost:5173") as client:
        response = await client.http.options("/graphql", headers=preflight("http://evil.example"))
    assert (response.status_code, response.json()) == (400, {"detail": "Disallowed CORS origin."})
    assert "allow-origin" not in cors(response)


async def test_listed_page_reads(address: Address) -> None:
    """A listed page reads answers of both doors, known documents', errors and refusals included."""
    request = {"json": {"query": "{ __typename tasks { id } }"}}
    exposed = {"allow-origin": PAGE, "expose-headers": "X-Request-Id, Retry-After"}
    async with running_app(str(address), origins=PAGE) as client:
        for _ in range(3):  # a document that is known is answered before all middleware
            known = await client.http.post("/graphql", headers={"origin": PAGE}, **request)
            assert (known.status_code, cors(known)) == (200, exposed)
            assert "Origin" in known.headers["vary"]
        other = await client.http.post("/graphql", headers={"origin": "http://a"}, **request)
        assert cors(other) == {"expose-headers": "X-Request-Id, Retry-After"}
        missing = await client.http.get("/tasks/7", headers={"origin": PAGE})
        assert (missing.status_code, cors(missing)) == (404, exposed)
        wrong = await client.http.get("/tasks/", headers={"origin": PAGE, "host": "evil.example"})
        assert (wrong.status_code, cors(wrong)) == (421, {"allow-origin": PAGE})
        refused = await client.http.options(
            "/graphql", headers=preflight(PAGE) | {"host": "evil.example"}
        )
        assert refused.status_code == 421


SIMPLE = [
    None,
    "",
    "text/plain",
    "text/plain; charset=application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain, application/json",
]
"""Content types that a page of any origin may send without asking."""


@pytest.mark.parametrize("kind", SIMPLE)
async def test_simple_requests_change_nothing(address: Address, kind: str | None) -> None:
    """What a form of any page can send is refused by both doors, and nothing is written."""
    headers = {"origin": "http://evil.example"} | ({} if kind is None else {"content-type": kind})
    mutation = b'{"query": "mutation { createTask(input: { title: \\"x\\" }) { task { id } } }"}'
    async with running_app(str(address)) as client:
        for method, path, body, status in [
            ("POST", "/graphql", mutation, 415),
            ("POST", "/tasks/", b'{"title": "x"}', 422),
            ("PUT", "/tasks/1", b'{"title": "x"}', 422),
        ]:
            response = await client.http.request(method, path, content=body, headers=headers)
            assert (path, response.status_code) == (path, status)
        assert (await client.http.get("/tasks/")).json() == []


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
async def test_get_changes_nothing(address: Address, accept: str) -> None:
    """No mutation runs by GET, not as an event stream either."""
    query = 'mutation { createTask(input: { title: "x" }) { task { id } } }'
    async with running_app(str(address)) as client:
        response = await client.http.get(
            "/graphql", params={"query": query}, headers={"accept": accept}
        )
        assert response.status_code == 405
        assert (await client.http.get("/tasks/")).json() == []

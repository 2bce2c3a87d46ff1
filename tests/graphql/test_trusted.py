"""Documents by their ids: trusted ones, registered ones, what is refused, on every transport."""

import hashlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from gql_tasks.graphql.execution import MAX_DOCUMENT_CHARACTERS, MAX_DOCUMENTS, DocumentCache
from gql_tasks.graphql.manifests import DocumentsUnusable, read_documents
from gql_tasks.graphql.schema import build_schema
from gql_tasks.graphql.socket_messages import SUBPROTOCOL
from gql_tasks.graphql.trusted import KnownDocuments
from tests.conftest import Client, Server, running_app, serve

TITLES = "query Titles {\n  tasks { title }\n}\n"
CREATE = 'mutation Create { createTask(input: { title: "x" }) { task { id } } }'

NOT_FOUND = {
    "message": "PersistedQueryNotFound",
    "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"},
}
MISMATCH = {
    "message": "The query is not the document that the request names.",
    "extensions": {"code": "PERSISTED_QUERY_HASH_MISMATCH"},
}
NOT_TRUSTED = {
    "message": "This server runs trusted documents only.",
    "extensions": {"code": "DOCUMENT_NOT_TRUSTED"},
}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def apollo(name: Any, version: Any = 1) -> dict[str, Any]:
    """Name a document as Apollo's clients and urql do."""
    return {"extensions": {"persistedQuery": {"version": version, "sha256Hash": name}}}


def spelt(name: str) -> list[dict[str, Any]]:
    """Name a document in all the ways there are."""
    return [
        apollo(name),
        {"documentId": name},
        {"documentId": f"sha256:{name}"},
        {"doc_id": name},
        {"documentId": name, "query": None} | apollo(name),
    ]


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[Client]:
    """The application over an empty store, trusting nothing."""
    async with running_app(str(tmp_path / "tasks.db")) as client:
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one document of two files, and a mutation."""
    folder = tmp_path / "documents"
    (folder / "parts").mkdir(parents=True)
    (folder / "titles.graphql").write_text(TITLES)
    (folder / "create.graphql").write_text(CREATE)
    (folder / "card.graphql").write_text("query Card { tasks { ...Card } }\n")
    (folder / "parts/card.graphql").write_text("fragment Card on Task { id ...Name }\n")
    (folder / "parts/name.graphql").write_text("# Names\nfragment Name on Task { title }\n")
    (folder / "readme.md").write_text("{")
    return folder


async def post(client: Client, **request: Any) -> Any:
    return (await client.http.post("/graphql", json=request)).json()


async def get(client: Client, **request: Any) -> httpx2.Response:
    parameters = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in request.items()
        if value is not None
    }
    return await client.http.get("/graphql", params=parameters)


@pytest.mark.parametrize("media_type", ["application/json", "application/graphql-response+json"])
async def test_registering(app: Client, media_type: str) -> None:
    """A hash is not known, then sent with its text, and from then on answered by any spelling."""
    headers = {"accept": media_type}
    response = await app.http.post("/graphql", json=apollo(sha256(TITLES)), headers=headers)
    assert response.status_code == (200 if media_type == "application/json" else 400)
    assert response.json() == {"errors": [NOT_FOUND]}
    registering = {"query": TITLES} | apollo(sha256(TITLES))
    assert await post(app, **registering) == {"data": {"tasks": []}}
    for request in spelt(sha256(TITLES)):
        assert await post(app, **request) == {"data": {"tasks": []}}
        response = await get(app, **request)
        assert (response.status_code, response.json()) == (200, {"data": {"tasks": []}})


async def test_hash_is_answered_directly(app: Client, answered: list[bool]) -> None:
    """A known hash takes the same short way as its text; a hash with a text is checked."""
    await post(app, query=TITLES)
    answered.clear()
    for request in spelt(sha256(TITLES)):
        assert await post(app, **request) == {"data": {"tasks": []}}
    assert answered == [True] * 5
    answered.clear()
    assert await post(app, query=TITLES, **apollo(sha256(TITLES))) == {"data": {"tasks": []}}
    assert await post(app, query=TITLES, **apollo(sha256(CREATE))) == {"errors": [MISMATCH]}
    assert answered == [False, False]


async def test_variables_and_names_are_those_of_the_request(app: Client) -> None:
    """A document by its hash takes variables and an operation's name, as one by text does."""
    text = "query A($n: Int!) { tasks(limit: $n) { id } } query B { __typename }"
    await post(app, query=text, operationName="B")
    named = apollo(sha256(text))
    assert await post(app, operationName="B", **named) == {"data": {"__typename": "Query"}}
    assert await post(app, operationName="A", variables={"n": 1}, **named) == {
        "data": {"tasks": []}
    }
    (error,) = (await post(app, operationName="A", variables={"n": "1"}, **named))["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    (error,) = (await post(app, **named))["errors"]
    assert error["extensions"] == {"code": "OPERATION_RESOLUTION_FAILURE"}


@pytest.mark.parametrize("text", ["{ nonsense }", "{", "{ tasks { id } }" + " " * 20_000])
async def test_what_is_not_kept(app: Client, text: str) -> None:
    """A document that is not valid, or very long, is not known afterwards."""
    await post(app, query=text, **apollo(sha256(text)))
    assert await post(app, **apollo(sha256(text))) == {"errors": [NOT_FOUND]}


async def test_registered_mutation(app: Client) -> None:
    """A mutation by its hash runs by POST; by GET it is 405 and nothing is written."""
    await post(app, query=CREATE, **apollo(sha256(CREATE)))
    assert await post(app, **apollo(sha256(CREATE))) == {
        "data": {"createTask": {"task": {"id": "2"}}}
    }
    for accept in ("application/json", "text/event-stream"):
        response = await app.http.get(
            "/graphql",
            params={"documentId": sha256(CREATE)},
            headers={"accept": accept},
        )
        assert (response.status_code, response.headers["allow"]) == (405, "POST")
        assert response.json()["errors"] == [
            {
                "message": "Mutations are taken by POST only.",
                "extensions": {"code": "METHOD_NOT_ALLOWED"},
            }
        ]
    assert await app.data("{ tasks { id } }") == {"tasks": [{"id": "1"}, {"id": "2"}]}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (apollo("00", version=2), "persistedQuery.version must be 1."),
        (apollo("00", version="1"), "persistedQuery.version must be 1."),
        (apollo(5), "persistedQuery.sha256Hash must be a string."),
        (apollo(None), "persistedQuery.sha256Hash must be a string."),
        (apollo(["00"]), "persistedQuery.sha256Hash must be a string."),
        ({"extensions": {"persistedQuery": "00"}}, "persistedQuery must be an object or null."),
        ({"documentId": 5}, "documentId must be a string or null."),
        ({"doc_id": ["00"]}, "doc_id must be a string or null."),
        ({"documentId": "00", "doc_id": "01"}, "The request names more than one document."),
        ({"documentId": "00"} | apollo("01"), "The request names more than one document."),
    ],
)
@pytest.mark.parametrize("query", [None, TITLES])
async def test_hostile_forms(
    app: Client, request_: dict[str, Any], message: str, query: str | None
) -> None:
    """An id that is none is a bad request, with and without a text that is known."""
    await post(app, query=TITLES)
    response = await app.http.post("/graphql", json={"query": query} | request_)
    assert response.status_code == 400
    error = {"message": message, "extensions": {"code": "BAD_REQUEST"}}
    assert response.json() == {"errors": [error]}


@pytest.mark.parametrize("name", ["0" * 1_000_000, "", "__proto__", "sha256:", "ü\0"])
async def test_hostile_hashes(app: Client, name: str) -> None:
    """A hash that names nothing is not found however it looks, and no text is taken for it."""
    assert await post(app, **apollo(name)) == {"errors": [NOT_FOUND]}
    assert await post(app, query=TITLES, **apollo(name)) == {"errors": [MISMATCH]}
    assert await post(app, **apollo(name)) == {"errors": [NOT_FOUND]}


async def test_null_is_left_out(app: Client) -> None:
    """An id that is null is none."""
    request = {"query": TITLES, "documentId": None, "extensions": {"persistedQuery": None}}
    assert await post(app, **request) == {"data": {"tasks": []}}


def test_memory_is_bounded() -> None:
    """500 documents are kept, none longer than 20,000 characters, and hashes for these alone."""
    assert (MAX_DOCUMENTS, MAX_DOCUMENT_CHARACTERS) == (500, 20_000)
    cache = DocumentCache()
    schema = build_schema()
    texts = [f"{{ a{number}: __typename }}" for number in range(MAX_DOCUMENTS + 10)]
    for text in [*texts, "{ __typename }" + " " * MAX_DOCUMENT_CHARACTERS]:
        cache.put(text, schema.documents)  # type: ignore[arg-type]  # it is not looked at
    kept = [text for text in texts if cache.text_of(sha256(text)) is not None]
    assert kept == texts[10:]
    assert len(cache._texts) == len(cache._documents) == MAX_DOCUMENTS


async def test_used_documents_stay(app: Client) -> None:
    """What is asked for by its hash stays while others come and go."""
    await post(app, query=TITLES)
    for number in range(MAX_DOCUMENTS - 1):
        await post(app, query=f"{{ a{number}: __typename }}")
    assert await post(app, **apollo(sha256(TITLES))) == {"data": {"tasks": []}}
    await post(app, query="{ last: __typename }")
    assert await post(app, **apollo(sha256(TITLES))) == {"data": {"tasks": []}}
    assert await post(app, **apollo(sha256("{ a0: __typename }"))) == {"errors": [NOT_FOUND]}


@pytest.mark.parametrize(
    ("get_max_age", "header"), [(0, "private, no-cache"), (60, "public, max-age=60")]
)
async def test_caching(tmp_path: Path, get_max_age: int, header: str) -> None:
    """A GET by hash that succeeds may be cached as the setting says; no other answer says so."""
    async with running_app(str(tmp_path / "tasks.db"), get_max_age=get_max_age) as client:
        missing = await get(client, **apollo(sha256(TITLES)))
        assert (missing.status_code, missing.headers["cache-control"]) == (200, "no-store")
        await post(client, query=TITLES)
        found = await get(client, **apollo(sha256(TITLES)))
        assert (found.status_code, found.headers["cache-control"]) == (200, header)
        assert found.headers["vary"] == "Accept, Time-Zone"
        text = "query ($n: Int) { tasks(limit: $n) { id } }"
        await post(client, query=text)
        failed = await get(client, documentId=sha256(text), variables={"n": -1})
        assert failed.json()["data"] is None
        assert failed.headers["cache-control"] == "no-store"
        assert "cache-control" not in (await get(client, query=TITLES)).headers
        by_post = await client.http.post("/graphql", json=apollo(sha256(TITLES)))
        assert "cache-control" not in by_post.headers


async def test_browser_gets_the_answer(app: Client) -> None:
    """A GET by hash from a browser's address bar is answered, and is not GraphiQL."""
    await post(app, query=TITLES)
    for request in spelt(sha256(TITLES)):
        parameters = {name: value for name, value in request.items() if isinstance(value, str)}
        if "extensions" in request:
            parameters["extensions"] = json.dumps(request["extensions"])
        response = await app.http.get(
            "/graphql", params=parameters, headers={"accept": "text/html,*/*;q=0.8"}
        )
        assert response.json() == {"data": {"tasks": []}}


MANIFESTS = {
    "Apollo's": {
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": [
            {"id": "one", "name": "Titles", "type": "query", "body": TITLES},
            {"id": sha256(CREATE), "name": "Create", "type": "mutation", "body": CREATE},
        ],
    },
    "Relay's": {"one": TITLES, hashlib.md5(CREATE.encode()).hexdigest(): CREATE},
    "Code Generator's": {"one": TITLES, hashlib.sha1(CREATE.encode()).hexdigest(): CREATE},
    "prefixed": {"one": TITLES, f"sha256:{sha256(CREATE)}": CREATE},
}


@pytest.mark.parametrize("kind", MANIFESTS)
@pytest.mark.parametrize("documents_only", [False, True])
async def test_manifests(tmp_path: Path, kind: str, documents_only: bool) -> None:
    """A manifest's documents are known by its ids, and by their SHA-256, from the start."""
    manifest: dict[str, Any] = MANIFESTS[kind]
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest))
    ids = [each["id"] for each in manifest.get("operations", ())] or list(manifest)
    async with running_app(
        str(tmp_path / "tasks.db"), documents=str(path), documents_only=documents_only
    ) as client:
        for name in ("one", sha256(TITLES)):
            for request in spelt(name):
                assert await post(client, **request) == {"data": {"tasks": []}}
                assert (await get(client, **request)).json() == {"data": {"tasks": []}}
        for number, name in enumerate([ids[1], sha256(CREATE)], 1):
            created = {"data": {"createTask": {"task": {"id": str(number)}}}}
            assert await post(client, documentId=name) == created
            assert (await get(client, documentId=name)).status_code == 405
        both = await post(client, query=TITLES, documentId="one")
        assert both == {"data": {"tasks": [{"title": "x"}, {"title": "x"}]}}
        for name in ("one", sha256(CREATE), "two"):
            wrong = await post(client, query="{ labels { id } }", documentId=name)
            assert wrong == {"errors": [MISMATCH]}


async def test_folder(tmp_path: Path, folder: Path) -> None:
    """A file with an operation is a document by its SHA-256, with the fragments of other files."""
    async with running_app(str(tmp_path / "tasks.db"), documents=str(folder)) as client:
        name = sha256((folder / "create.graphql").read_text())
        await post(client, documentId=name)
        name = sha256((folder / "card.graphql").read_text())
        expected = {"data": {"tasks": [{"id": "1", "title": "x"}]}}
        assert await post(client, documentId=name) == expected
        fragment = sha256((folder / "parts/card.graphql").read_text())
        assert await post(client, documentId=fragment) == {"errors": [NOT_FOUND]}
    card = next(each for each in read_documents(folder) if each.id == name)
    assert card.text == (
        "query Card { tasks { ...Card } }\n\n"
        "fragment Card on Task { id ...Name }\nfragment Name on Task { title }"
    )


async def test_trusted_documents_stay(tmp_path: Path, folder: Path) -> None:
    """However many documents come by, the trusted ones stay, and are answered directly."""
    async with running_app(str(tmp_path / "tasks.db"), documents=str(folder)) as client:
        for number in range(MAX_DOCUMENTS + 1):
            await post(client, query=f"{{ a{number}: __typename }}")
        assert await post(client, documentId=sha256(TITLES)) == {"data": {"tasks": []}}


REFUSED: list[dict[str, Any]] = [
    {"query": "{ labels { id } }"},
    {"query": "{"},
    {"query": "{ nonsense }"},
    {"query": TITLES.strip()},
    apollo(sha256("{ labels { id } }")),
    {"query": "{ labels { id } }"} | apollo(sha256("{ labels { id } }")),
    {"documentId": "nothing"},
]


async def test_documents_only(tmp_path: Path, folder: Path, answered: list[bool]) -> None:
    """Trusted documents run by id and by text; anything else is refused and registers nothing."""
    async with running_app(
        str(tmp_path / "tasks.db"), documents=str(folder), documents_only=True
    ) as client:
        for request in ({"query": TITLES}, *spelt(sha256(TITLES))):
            assert await post(client, **request) == {"data": {"tasks": []}}
            assert (await get(client, **request)).json() == {"data": {"tasks": []}}
        assert answered == [True] * 6
        for _ in range(2):
            for request in REFUSED:
                assert await post(client, **request) == {"errors": [NOT_TRUSTED]}
                assert (await get(client, **request)).json() == {"errors": [NOT_TRUSTED]}
        response = await client.http.post("/graphql", json={})
        assert response.json()["errors"][0]["message"] == "The request has no query."


def bad(path: Path, *problems: str) -> None:
    """Read trusted documents that cannot be used."""
    with pytest.raises(DocumentsUnusable) as error:
        KnownDocuments(build_schema(), read_documents(path))
    assert error.value.problems == list(problems)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", ": it is not JSON: unexpected end of data: line 1 column 2 (char 1)"),
        ("[]", ": it is not a JSON object"),
        ("{}", ": no operation is in there"),
        ('{"a": 5}', ", document 1: its id and its text must be strings"),
        ('{"": "{ __typename }"}', ", document 1: its id and its text must be strings"),
        (
            '{"operations": []}',
            ': its format must be "apollo-persisted-query-manifest", version 1',
        ),
        (
            '{"format": "apollo-persisted-query-manifest", "version": 2, "operations": []}',
            ': its format must be "apollo-persisted-query-manifest", version 1',
        ),
        (
            '{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [1]}',
            ": operations must be a list of objects",
        ),
        (
            '{"format": "apollo-persisted-query-manifest", "version": 1, "operations": []}',
            ": no operation is in there",
        ),
        (
            '{"a": "{ tasks { size } }"}',
            ", document a: Cannot query field 'size' on type 'Task'. (line 1, column 11)",
        ),
        (
            '{"a": "{"}',
            ", document a: Syntax Error: Expected Name, found <EOF>. (line 1, column 2)",
        ),
    ],
)
def test_bad_manifest(tmp_path: Path, content: str, problem: str) -> None:
    """A manifest that cannot be used whole is not used at all, and one line says why."""
    path = tmp_path / "manifest.json"
    path.write_text(content)
    bad(path, f"{path}{problem}")


def test_id_of_two_documents(tmp_path: Path) -> None:
    """An id names one document."""
    operations = [{"id": "a", "body": text} for text in ("{ __typename }", TITLES, TITLES)]
    path = tmp_path / "manifest.json"
    manifest = {"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}
    path.write_text(json.dumps(manifest))
    bad(path, *[f"{path}, document a: another document has the id a"] * 2)


def test_bad_folder(folder: Path, tmp_path: Path) -> None:
    """Every file that cannot be used is told, with the way to it."""
    (folder / "broken.graphql").write_text("query {")
    (folder / "latin.graphql").write_bytes(b"# \xff\n{ __typename }")
    (folder / "parts/other.graphql").write_text("fragment Name on Task { id }")
    bad(
        folder,
        f"{folder}/broken.graphql: Syntax Error: Expected Name, found <EOF>. (line 1, column 8)",
        f"{folder}/latin.graphql: it is not UTF-8",
        f"{folder}/card.graphql: fragment Name is in {folder}/parts/name.graphql "
        f"and {folder}/parts/other.graphql",
    )
    (folder / "broken.graphql").write_text("query { tasks { ...Gone size } }")
    (folder / "latin.graphql").unlink()
    (folder / "parts/other.graphql").unlink()
    bad(
        folder,
        f"{folder}/broken.graphql: Unknown fragment 'Gone'. (line 1, column 20)",
        f"{folder}/broken.graphql: Cannot query field 'size' on type 'Task'. (line 1, column 25)",
    )
    (tmp_path / "empty").mkdir()
    bad(tmp_path / "empty", f"{tmp_path}/empty: no operation is in there")
    bad(tmp_path / "gone", f"{tmp_path}/gone: No such file or directory")


def test_documents_over_a_limit(tmp_path: Path) -> None:
    """The limits hold for trusted documents too, and are told before anything is served."""
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"a": "{ tasks { project { id } } }", "b": "{ __typename }"}))
    with pytest.raises(DocumentsUnusable) as error:
        running_app(str(tmp_path / "tasks.db"), documents=str(manifest), max_depth=2)
    assert error.value.problems == [
        f"{manifest}, document a: The operation has 3 levels of fields; max_depth is 2."
    ]


def test_fragments_that_spread_each_other(folder: Path) -> None:
    """Fragments in a circle are found once and told, not followed for ever."""
    (folder / "parts/name.graphql").write_text("fragment Name on Task { ...Card }")
    bad(
        folder,
        f"{folder}/card.graphql: Cannot spread fragment 'Card' within itself via 'Name'. "
        "(line 3, column 28)",
    )


def run_serve(*arguments: str) -> tuple[int, str]:
    """Start a server that is not to start; return its exit code and what it printed."""
    command = [sys.executable, "-m", "gql_tasks", "serve", "--port", "0", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return result.returncode, result.stdout + result.stderr


def test_serve_refuses_to_start(tmp_path: Path) -> None:
    """A server does not start over documents that it cannot use, nor does it make a store."""
    store = tmp_path / "tasks.db"
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"a": "{ tasks { size } }", "b": "{", "c": "{ __typename }"}')
    code, printed = run_serve("--database", str(store), "--documents", str(manifest))
    assert (code, printed) == (
        1,
        (
            f"gql-tasks: {manifest}, document a: Cannot query field 'size' on type 'Task'. "
            "(line 1, column 11)\n"
            f"gql-tasks: {manifest}, document b: Syntax Error: Expected Name, found <EOF>. "
            "(line 1, column 2)\n"
        ),
    )
    code, printed = run_serve("--database", str(store), "--documents-only")
    assert code == 1
    assert printed == (
        "gql-tasks: --documents-only True: none are trusted; say where they are with documents\n"
    )
    assert not store.exists()


FOLLOW = "subscription Follow($since: SyncToken) { taskEvents(since: $since) { kind } }"
TOKEN = "query Token { tasksConnection(first: 0) { syncToken } }"
PAGE = "query Page { tasks { title } }"


@pytest.fixture(scope="module", params=[False, True], ids=["an addition", "the only ones"])
def serving(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, bool]]:
    """A server with trusted documents, and whether it runs no others."""
    directory = tmp_path_factory.mktemp("trusted")
    manifest = directory / "manifest.json"
    manifest.write_text(
        json.dumps({"follow": FOLLOW, "token": TOKEN, "page": PAGE, "create": CREATE})
    )
    flags = ["--documents-only"] if request.param else []
    with serve(
        "--database", str(directory / "tasks.db"), "--documents", str(manifest), *flags
    ) as server:
        yield server, request.param


@contextmanager
def socket_to(server: Server) -> Iterator[Callable[[dict[str, Any]], Any]]:
    """Open a socket, and run operations on it up to the answer each begins with."""
    url = server.url.replace("http", "ws") + "/graphql"
    with connect(url, subprotocols=[Subprotocol(SUBPROTOCOL)], proxy=None) as socket:

        def run(payload: dict[str, Any]) -> Any:
            socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
            answer = json.loads(socket.recv(10))
            assert answer.pop("id") == "1"
            if answer["type"] == "next":
                socket.send(json.dumps({"id": "1", "type": "complete"}))
                socket.send(json.dumps({"type": "ping"}))
                while json.loads(socket.recv(10))["type"] != "pong":
                    pass
            return answer

        socket.send('{"type": "connection_init"}')
        assert json.loads(socket.recv(10)) == {"type": "connection_ack"}
        yield run


def test_over_a_socket(serving: tuple[Server, bool]) -> None:
    """Over a WebSocket a document is known by its id; one that is not ends its operation alone."""
    server, only = serving
    with socket_to(server) as run:
        for name in ("page", sha256(PAGE)):
            for request in spelt(name):
                answer = run(request)
                assert answer == {"type": "next", "payload": {"data": {"tasks": []}}}
        (error,) = run({"documentId": "follow", "query": PAGE})["payload"]
        assert error == MISMATCH
        other = "{ labels { id } }"
        refusal, found = NOT_TRUSTED if only else NOT_FOUND, {"data": {"labels": []}}
        assert run({"documentId": sha256(other)}) == {"type": "error", "payload": [refusal]}
        for request in (
            {"query": other},
            {"query": other} | apollo(sha256(other)),
            apollo(sha256(other)),
        ):
            assert run(request) == (
                {"type": "error", "payload": [NOT_TRUSTED]}
                if only
                else {"type": "next", "payload": found}
            )


def test_over_an_event_stream(serving: tuple[Server, bool]) -> None:
    """Over server-sent events too, by POST and by GET, a subscription included."""
    server, only = serving
    headers = {"accept": "text/event-stream"}

    def first(method: str, **request: Any) -> Any:
        content = {"params": request} if method == "GET" else {"json": request}
        with httpx2.stream(
            method, f"{server.url}/graphql", headers=headers, timeout=10, **content
        ) as response:
            assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
            for line in response.iter_lines():
                if line.startswith("data: {"):
                    return json.loads(line[6:])
        return None

    for method in ("GET", "POST"):
        assert first(method, documentId="page") == {"data": {"tasks": []}}
        refusal = NOT_TRUSTED if only else NOT_FOUND
        assert first(method, documentId="nothing") == {"errors": [refusal]}
        expected = {"errors": [NOT_TRUSTED]} if only else {"data": {"projects": []}}
        assert first(method, query="{ projects { id } }") == expected


def test_subscription_by_its_id(serving: tuple[Server, bool]) -> None:
    """A subscription that is named by its id tells of what a mutation by its id wrote."""
    url = f"{serving[0].url}/graphql"

    def run(name: str) -> Any:
        return httpx2.post(url, json={"documentId": name}).json()["data"]

    payload = {
        "documentId": "follow",
        "variables": {"since": run("token")["tasksConnection"]["syncToken"]},
    }
    with connect(
        url.replace("http", "ws"), subprotocols=[Subprotocol(SUBPROTOCOL)], proxy=None
    ) as socket:

        def told() -> Any:
            return json.loads(socket.recv(10))["payload"]["data"]["taskEvents"]

        socket.send('{"type": "connection_init"}')
        socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        assert json.loads(socket.recv(10)) == {"type": "connection_ack"}
        assert told() == {"kind": "CAUGHT_UP"}
        run("create")
        assert told() == {"kind": "CREATED"}


def test_restart_forgets_what_was_registered(tmp_path: Path) -> None:
    """After a restart a hash is not known, and registering it again is all there is to do."""
    named, registering = apollo(sha256(TITLES)), {"query": TITLES} | apollo(sha256(TITLES))
    for _ in range(2):
        with serve("--database", str(tmp_path / "tasks.db")) as server:
            answers = [
                httpx2.post(f"{server.url}/graphql", json=request).json()
                for request in (named, registering, named)
            ]
        assert answers == [
            {"errors": [NOT_FOUND]},
            {"data": {"tasks": []}},
            {"data": {"tasks": []}},
        ]

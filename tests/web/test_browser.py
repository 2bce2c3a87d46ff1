"""The pages as people see them: Chromium against a running server, with no other host in reach."""

import json
import re
import shutil
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from tests.browser import chromium
from tests.conftest import SEED, serve

PANE = """() => [...document.querySelectorAll(".result-window .view-line")]
  .sort((a, b) => a.offsetTop - b.offsetTop)
  .map((line) => line.textContent.replaceAll("\\u00a0", " ")).join("\\n")"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a copy of the tutorial's file; give the server's address."""
    database = tmp_path_factory.mktemp("browser") / "tasks.db"
    shutil.copy(SEED / "tutorial_tasks.db", database)
    with serve("--database", str(database)) as server:
        yield server.url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium, which finds no host but this machine."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, served: str) -> Iterator[Page]:
    """Open a fresh profile; at the end, fail on any error shown or any request elsewhere."""
    complaints: list[str] = []
    elsewhere: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    def asked(request: Request) -> None:
        if not request.url.startswith((f"{served}/", "data:", "blob:")):
            elsewhere.append(request.url)

    # Tall enough for Monaco to render every line of an answer: it leaves out what is scrolled away.
    context = browser.new_context(base_url=served, viewport={"width": 1600, "height": 2000})
    context.on("console", heard)
    context.on("request", asked)
    context.on("weberror", lambda thrown: complaints.append(str(thrown.error)))
    yield context.new_page()
    context.close()
    assert complaints == []
    assert elsewhere == []


def open_graphiql(page: Page) -> None:
    """Open GraphiQL and wait until it has read the schema."""
    with page.expect_response(lambda response: response.request.method == "POST"):
        page.goto("/graphql")
    expect(page.locator(".graphiql-query-editor .view-line").first).to_be_visible()


def write(page: Page, operation: str) -> None:
    """Put *operation* in the editor in the place of what it holds."""
    page.locator(".graphiql-query-editor .monaco-editor").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(operation)


def run(page: Page, *, by_key: bool = False) -> Any:
    """Run what the editor holds; return the answer once the response pane shows it."""
    with page.expect_response(lambda response: response.request.method == "POST") as arriving:
        if by_key:
            page.keyboard.press("Control+Enter")
        else:
            page.get_by_role("button", name="Execute query").click()
    answer = arriving.value.json()
    page.wait_for_function(f"(answer) => ({PANE})() === answer", arg=json.dumps(answer, indent=2))
    return answer


def post(served: str, query: str) -> Any:
    """Ask GraphQL without the browser."""
    return httpx2.post(f"{served}/graphql", json={"query": query}).json()


def test_first_tab_runs(page: Page, served: str) -> None:
    """Pressing Run on the page as it opens lists the newest tasks."""
    # Ten, so that none of the file's own is among the newest ten: one has 70,000 characters.
    for _ in range(10):
        created = post(served, 'mutation { createTask(input: {title: "Newest"}) { task { id } } }')
    open_graphiql(page)
    tasks = run(page)["data"]["tasks"]
    assert created["data"]["createTask"]["task"]["id"] in [task["id"] for task in tasks]
    assert set(tasks[0]) == {"id", "title", "description", "completed", "createdAt"}


def test_typed_query_runs(page: Page) -> None:
    """A query typed key by key, with a completion taken on the way, runs by Ctrl-Enter."""
    open_graphiql(page)
    page.locator(".graphiql-query-editor .monaco-editor").first.click()
    page.keyboard.press("Control+a")
    page.keyboard.type("query Typed { __typename tas")
    suggestion = page.locator(".suggest-widget .monaco-list-row", has_text="tasks").first
    expect(suggestion).to_be_visible()
    suggestion.click()
    page.keyboard.type("(limit: 0) { id }")
    assert run(page, by_key=True) == {"data": {"__typename": "Query", "tasks": []}}


def test_life_of_a_task(page: Page, served: str) -> None:
    """A task is created, changed, read and deleted from the editor."""
    open_graphiql(page)
    create = 'createTask(input: {title: "Tea"}) { task { id title } problems { code } }'
    write(page, f"mutation {{ {create} }}")
    created = run(page)["data"]["createTask"]
    task_id = created["task"]["id"]
    assert created == {"task": {"id": task_id, "title": "Tea"}, "problems": []}

    fields = "title completed version"
    payload = f"{{ task {{ {fields} }} problems {{ code }} }}"
    update = f'updateTask(id: "{task_id}", input: {{completed: true}})'
    write(page, f"mutation Update {{ {update} {payload} }}")
    changed = {"title": "Tea", "completed": True, "version": 2}
    assert run(page) == {"data": {"updateTask": {"task": changed, "problems": []}}}

    read = f'query Read {{ task(id: "{task_id}") {{ {fields} }} }}'
    write(page, read)
    assert run(page, by_key=True) == {"data": {"task": changed}}

    write(page, f'mutation {{ deleteTask(id: "{task_id}") {{ deletedIds problems {{ code }} }} }}')
    assert run(page) == {"data": {"deleteTask": {"deletedIds": [task_id], "problems": []}}}
    assert post(served, read) == {"data": {"task": None}}


def test_subscription_is_live(page: Page, served: str) -> None:
    """A subscription in the explorer shows what is written elsewhere while it runs."""
    open_graphiql(page)
    write(page, "subscription { taskEvents { kind task { title } } }")
    with page.expect_websocket() as socket:
        page.get_by_role("button", name="Execute query").click()
    # Nothing acknowledges a subscription: the second event shows that it was there for the first.
    response = page.locator(".result-window")
    for number in range(50):
        post(
            served,
            f'mutation {{ createTask(input: {{ title: "Tea {number}" }}) {{ task {{ id }} }} }}',
        )
        if "CREATED" in response.inner_text():
            break
    expect(response).to_contain_text("CREATED")
    expect(response).to_contain_text("Tea")
    assert socket.value.url == f"{served.replace('http', 'ws')}/graphql"


def test_other_tabs_run(page: Page) -> None:
    """Every tab that is there from the start fits the schema and runs with its variables."""
    open_graphiql(page)
    page.get_by_role("tab", name="AddTask").click()
    added = run(page)["data"]["createTask"]
    assert (added["task"]["title"], added["problems"]) == ("Water the plants", [])
    for name in ("CompleteTask", "DeleteTask"):
        page.get_by_role("tab", name=name).click()
        assert set(run(page)) == {"data"}
    expect(page.locator(".graphiql-editors .squiggly-error")).to_have_count(0)


def test_prettify(page: Page) -> None:
    """Prettify lays out the query and the variables, and keeps the comments of both."""
    open_graphiql(page)
    write(page, "# why\nquery Q($id: ID!) { task(id: $id) { id } }")
    page.get_by_role("button", name="Variables", exact=True).click()
    page.locator(".graphiql-editor-tool .monaco-editor").first.click()
    page.keyboard.insert_text('{"id": /* any */ "1"}')
    page.get_by_role("button", name="Prettify query").click()
    models = "() => __MONACO.editor.getModels().map((model) => model.getValue())"
    page.wait_for_function(
        f"(wanted) => wanted.every((text) => ({models})().includes(text))",
        arg=[
            "# why\nquery Q($id: ID!) {\n  task(id: $id) {\n    id\n  }\n}\n",
            '{\n  "id": /* any */ "1"\n}',
        ],
    )


def test_mistakes_are_underlined(page: Page) -> None:
    """The editor's workers mark an unknown field and a variable of the wrong type."""
    open_graphiql(page)
    write(page, "query Q($id: ID!) { task(id: $id) { nothing } }")
    expect(page.locator(".graphiql-query-editor .squiggly-error")).to_have_count(1)
    page.get_by_role("button", name="Variables", exact=True).click()
    page.locator(".graphiql-editor-tool .monaco-editor").first.click()
    page.keyboard.insert_text('{"id": true}')
    expect(page.locator(".graphiql-editor-tool .squiggly-error")).to_have_count(1)


def test_documentation_explorer(page: Page) -> None:
    """The documentation opens beside the editor and lists the fields of Task."""
    open_graphiql(page)
    page.get_by_role("button", name="Show Documentation Explorer").click()
    docs = page.locator(".graphiql-doc-explorer")
    docs.get_by_role("link", name="Task", exact=True).click()
    expect(docs.locator(".graphiql-doc-explorer-title")).to_have_text("Task")
    fields = docs.locator(".graphiql-doc-explorer-field-name").all_inner_texts()
    named = {"id", "title", "description", "completed", "completedAt", "version"}
    assert set(fields) >= named | {"createdAt", "updatedAt"}


def test_swagger_ui(page: Page, served: str) -> None:
    """Swagger UI lists the five REST operations, and trying GET /tasks/ shows its answer."""
    page.goto("/docs")
    operations = page.locator(".opblock-summary")
    expect(operations.first).to_be_visible()
    listed = [
        (operation.locator(".opblock-summary-method").inner_text(), path)
        for operation in operations.all()
        for path in [operation.locator(".opblock-summary-path").inner_text().replace("\u200b", "")]
    ]
    assert [(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in listed] == [
        ("GET", "/tasks/"),
        ("POST", "/tasks/"),
        ("GET", "/tasks/{}"),
        ("PUT", "/tasks/{}"),
        ("DELETE", "/tasks/{}"),
    ]
    operations.first.click()
    page.get_by_role("button", name="Try it out").click()
    with page.expect_response(lambda response: urlsplit(response.url).path == "/tasks/") as got:
        page.get_by_role("button", name="Execute").click()
    assert got.value.status == 200
    live = page.locator(".live-responses-table .response-col_description .microlight").first
    expect(live).to_be_visible()
    assert json.loads(live.inner_text()) == got.value.json()


def test_index_links(page: Page, served: str) -> None:
    """Every link of the index opens."""
    page.goto("/")
    links = [link.get_attribute("href") for link in page.get_by_role("link").all()]
    assert len(links) == 5
    for link in links:
        page.goto("/")
        with page.expect_navigation() as arriving:
            page.locator(f'a[href="{link}"]').click()
        response = arriving.value
        assert response is not None
        assert (response.status, response.url) == (200, f"{served}/{link}")


@pytest.mark.parametrize(
    ("path", "selector"), [("/", "h1"), ("/docs", ".info .title"), ("/graphql", ".graphiql-tab")]
)
def test_dark_and_light(page: Page, path: str, selector: str) -> None:
    """Each page follows the system between dark text on light and light text on dark."""
    page.goto(path)
    page.locator(selector).first.wait_for()
    red = f'parseInt(getComputedStyle(document.querySelector("{selector}")).color.slice(4))'
    page.emulate_media(color_scheme="light")
    page.wait_for_function(f"() => {red} < 100")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"() => {red} > 150")

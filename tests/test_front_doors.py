"""One behaviour, both doors, both stores: what is said here holds however a task is reached."""

from typing import Any, Protocol

import pytest

from tests.conftest import Client
from tests.sql import Address

Task = dict[str, Any]

NEW = {"description": "", "completed": False}


class NotFound(Exception):
    """The door says that there is no such task."""


class Refused(Exception):
    """The door says that a value breaks a rule; its argument is the field."""


class Door(Protocol):
    """What both doors can do. A task is a dict of id, title, description and completed."""

    async def create(self, **fields: Any) -> Task: ...
    async def read(self, task_id: object) -> Task: ...
    async def list(self) -> list[Task]: ...
    async def update(self, task_id: object, **fields: Any) -> Task: ...
    async def delete(self, task_id: object) -> None: ...


class GraphQL:
    """The door at /graphql."""

    TASK = "id title description completed"

    def __init__(self, client: Client) -> None:
        self._client = client

    async def create(self, **fields: Any) -> Task:
        return await self._mutate("createTask", "($input: CreateTaskInput!)", input=fields)

    async def read(self, task_id: object) -> Task:
        query = f"query ($id: ID!) {{ task(id: $id) {{ {self.TASK} }} }}"
        task = (await self._client.data(query, {"id": task_id}))["task"]
        if task is None:
            raise NotFound
        return self._shown(task)

    async def list(self) -> list[Task]:
        tasks = (await self._client.data(f"{{ tasks {{ {self.TASK} }} }}"))["tasks"]
        return [self._shown(task) for task in tasks]

    async def update(self, task_id: object, **fields: Any) -> Task:
        declared = "($id: ID!, $input: UpdateTaskInput!)"
        return await self._mutate("updateTask", declared, id=task_id, input=fields)

    async def delete(self, task_id: object) -> None:
        query = """
            mutation ($id: ID!) {
              deleteTask(id: $id) { deletedIds problems { __typename path } }
            }
        """
        payload = (await self._client.data(query, {"id": task_id}))["deleteTask"]
        self._check(payload)
        assert payload["deletedIds"] == [str(task_id)]

    async def _mutate(self, field: str, declared: str, **variables: Any) -> Task:
        arguments = ", ".join(f"{name}: ${name}" for name in variables)
        query = f"""
            mutation {declared} {{
              {field}({arguments}) {{ task {{ {self.TASK} }} problems {{ __typename path }} }}
            }}
        """
        payload = (await self._client.data(query, variables))[field]
        self._check(payload)
        return self._shown(payload["task"])

    def _check(self, payload: Any) -> None:
        for problem in payload["problems"]:
            if problem["__typename"] == "NotFoundProblem":
                raise NotFound
            raise Refused(problem["path"][-1])

    def _shown(self, task: Task) -> Task:
        return task | {"id": int(task["id"])}


class Rest:
    """The door at /tasks/."""

    def __init__(self, client: Client) -> None:
        self._http = client.http

    async def create(self, **fields: Any) -> Task:
        return await self._task("POST", "", fields)

    async def read(self, task_id: object) -> Task:
        return await self._task("GET", task_id)

    async def list(self) -> list[Task]:
        return (await self._http.get("/tasks/")).json()

    async def update(self, task_id: object, **fields: Any) -> Task:
        return await self._task("PUT", task_id, fields)

    async def delete(self, task_id: object) -> None:
        response = await self._http.delete(f"/tasks/{task_id}")
        if response.status_code == 404:
            raise NotFound
        assert response.status_code == 204

    async def _task(self, method: str, task_id: object, fields: Any = None) -> Task:
        response = await self._http.request(method, f"/tasks/{task_id}", json=fields)
        match response.status_code:
            case 404:
                raise NotFound
            case 422:
                raise Refused(response.json()["detail"][0]["loc"][-1])
        assert response.status_code == 200
        return response.json()


@pytest.fixture(params=[GraphQL, Rest])
def door(request: pytest.FixtureRequest, client: Client) -> Door:
    return request.param(client)


@pytest.fixture(params=[GraphQL, Rest])
def other_door(request: pytest.FixtureRequest, client: Client) -> Door:
    return request.param(client)


async def test_create(door: Door) -> None:
    """A task is created with what is given and the defaults of the rest, under the next id."""
    assert await door.create(title="Buy milk") == {"id": 1, "title": "Buy milk", **NEW}
    full = {"title": "Café ☕ 任务 '\"\\", "description": "two\nlines\t", "completed": True}
    assert await door.create(**full) == {"id": 2, **full}
    assert await door.read(2) == {"id": 2, **full}


async def test_what_one_door_writes_the_other_reads(door: Door, other_door: Door) -> None:
    """A task created, changed and deleted through one door is so through the other."""
    task = await door.create(title="shared")
    assert await other_door.read(task["id"]) == task
    changed = await other_door.update(task["id"], completed=True)
    assert changed == task | {"completed": True}
    assert await door.list() == await other_door.list() == [changed]
    await door.delete(task["id"])
    with pytest.raises(NotFound):
        await other_door.read(task["id"])


async def test_list(door: Door) -> None:
    """The list has every task, by id, and is empty where there is none."""
    assert await door.list() == []
    created = [await door.create(title=title) for title in ("b", "a", "c")]
    await door.update(1, description="changed, and still the first")
    assert [task["id"] for task in created] == [1, 2, 3]
    assert [task["title"] for task in await door.list()] == ["b", "a", "c"]


async def test_update_changes_what_is_sent(door: Door) -> None:
    """An update changes what is sent, be it empty or false, and nothing else."""
    task = await door.create(title="a", description="b", completed=True)
    for fields in (
        {},
        {"title": "new"},
        {"description": ""},
        {"completed": False},
        {"title": "all", "description": "three", "completed": True},
    ):
        task |= fields
        assert await door.update(1, **fields) == task
        assert await door.read(1) == task


async def test_update_of_nothing_leaves_the_version(door: Door, address: Address) -> None:
    """An update to the values that are there leaves the version where it was."""
    await door.create(title="a")
    await door.update(1, title="a", completed=False)
    assert address.fetch("SELECT version FROM tasks") == [(1,)]
    await door.update(1, title="b")
    assert address.fetch("SELECT version FROM tasks") == [(2,)]


async def test_blank_titles_are_refused(door: Door) -> None:
    """A blank title is refused, by its field, and nothing is written."""
    task = await door.create(title="kept", description="kept")
    for title in ("", "   ", "\t\n", "\u3000\u00a0"):
        with pytest.raises(Refused, match=r"^title$"):
            await door.create(title=title)
        with pytest.raises(Refused, match=r"^title$"):
            await door.update(1, title=title, description="changed")
    assert await door.list() == [task]


async def test_nul_is_refused(door: Door) -> None:
    """A NUL, which PostgreSQL cannot keep, is refused on both stores."""
    task = await door.create(title="kept")
    for field in ("title", "description"):
        with pytest.raises(Refused, match=rf"^{field}$"):
            await door.create(**{"title": "a", field: "a\0b"})
        with pytest.raises(Refused, match=rf"^{field}$"):
            await door.update(1, **{field: "a\0b"})
    assert await door.list() == [task]


async def test_long_texts(door: Door) -> None:
    """Texts are kept to the last character, however long."""
    texts = {"title": "t" * 100_000, "description": "🦉" * 100_000}
    assert await door.create(**texts) == {"id": 1, **texts, "completed": False}
    assert (await door.list())[0]["description"] == texts["description"]


async def test_not_found(door: Door) -> None:
    """An id that no task has is not found, and nothing else is touched."""
    task = await door.create(title="kept")
    for number in (2, 0, -1, 2**31, 2**63 - 1, 2**63, 10**30):
        task_id = str(number)  # GraphQL's integers end at 64 bits, its ids do not
        for missing in (
            door.read(task_id),
            door.update(task_id, title="changed"),
            door.delete(task_id),
        ):
            with pytest.raises(NotFound):
                await missing
    assert await door.list() == [task]


async def test_deleted_is_gone(door: Door) -> None:
    """A deleted task is gone for reading, changing, deleting and listing; the others stay."""
    kept = await door.create(title="kept")
    await door.create(title="gone")
    await door.delete(2)
    for gone in (door.read(2), door.update(2, title="back"), door.delete(2)):
        with pytest.raises(NotFound):
            await gone
    assert await door.list() == [kept]


async def test_rows_of_other_programs(door: Door, address: Address) -> None:
    """NULLs and blank titles that others left are served, and changed without touching the rest."""
    address.execute(
        "INSERT INTO tasks (title, description, completed) VALUES (NULL, NULL, NULL)",
        "INSERT INTO tasks (title, description, completed) VALUES ('', 'blank title', true)",
    )
    empty = {"id": 1, "title": "", **NEW}
    blank = {"id": 2, "title": "", "description": "blank title", "completed": True}
    assert await door.list() == [empty, blank]
    assert await door.read(1) == empty
    assert await door.update(1, completed=True) == empty | {"completed": True}
    assert await door.update(2, description="still blank") == blank | {"description": "still blank"}
    assert address.fetch("SELECT title, description FROM tasks ORDER BY id") == [
        (None, None),
        ("", "still blank"),
    ]
    await door.delete(2)
    assert [task["id"] for task in await door.list()] == [1]

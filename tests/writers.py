"""Random writes by random writers: GraphQL, REST, and programs that know nothing of the server."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.conftest import Client
from tests.sql import Address

TITLES = ("a", "b", "ab", "ba")
NAMES = ("x", "y", "xy")
PRIORITIES = ("NONE", "LOW", "HIGH")

SETUP = (
    *(f"INSERT INTO projects (name) VALUES ('{name}')" for name in NAMES),
    *(f"INSERT INTO labels (name) VALUES ('{name}')" for name in NAMES),
)
EMPTY = tuple(f"DELETE FROM {table}" for table in ("task_labels", "tasks", "labels", "projects"))


@dataclass
class Writers:
    """Whoever writes to a store, each of them at random. What is refused is not written."""

    random: Random
    client: Client
    address: Address
    token: str | None = None
    kept_projects: tuple[str, ...] = ()
    written: list[str] = field(default_factory=list)

    async def write(self) -> None:
        """Write something."""
        await self.random.choice((self.by_graphql, self.by_graphql, self.by_rest, self.by_sql))()

    async def by_graphql(self) -> None:
        """Run a mutation."""
        fields = {name: self.random.choice(values) for name, values in self._changes().items()}
        input_ = {
            name: fields[name] for name in self.random.sample([*fields], self.random.randint(1, 3))
        }
        task, title = self._id("tasks"), self.random.choice(TITLES)
        name, matching = self.random.choice(NAMES), f'{{title: {{eq: "{title}"}}}}'
        tree = {"title": title, "labelIds": [self._id("labels")], "subtasks": [{"title": "a"}]}
        document, variables = self.random.choice(
            (
                ("createTask(input: $i) {R}", {"i": {"title": title, **_given(input_)}}),
                ("createTask(input: $i) {R}", {"i": tree}),
                ("updateTask(id: $id, input: $c) {R}", {"id": task, "c": input_}),
                ("updateTask(id: $id, input: $c) {R}", {"id": task, "c": input_}),
                ("deleteTask(id: $id) {R}", {"id": task}),
                (
                    f"updateTasks(filter: {matching}, input: $c, atMost: 50) {{R}}",
                    {"c": input_},
                ),
                (f"deleteTasks(filter: {matching}, atMost: 2) {{R}}", {}),
                (
                    "updateProject(id: $id, input: $p) {R}",
                    {"id": self._id("projects"), "p": {"name": name}},
                ),
                (
                    "updateProject(id: $id, input: $p) {R}",
                    {"id": self._id("projects"), "p": {"archived": self.random.random() < 0.5}},
                ),
                (
                    "deleteProject(id: $id, deleteTasks: $d) {R}",
                    {"id": self._deletable(), "d": self.random.random() < 0.5},
                ),
                (f'createProject(input: {{name: "{name}"}}) {{R}}', {}),
                (f'createLabel(input: {{name: "{name}"}}) {{R}}', {}),
                (
                    "updateLabel(id: $id, input: $l) {R}",
                    {"id": self._id("labels"), "l": {"name": name}},
                ),
                ("deleteLabel(id: $id) {R}", {"id": self._id("labels")}),
                ("undo(token: $u) {R}", {"u": self.token or "000000-000000000000"}),
                (
                    "a: createTask(input: $i) {R} b: updateTask(id: $id, input: $c) {R}",
                    {"i": {"title": title}, "id": task, "c": input_},
                ),
            )
        )
        types = {
            "i": "CreateTaskInput!",
            "c": "UpdateTaskInput!",
            "p": "UpdateProjectInput!",
            "l": "UpdateLabelInput!",
            "id": "ID!",
            "d": "Boolean!",
            "u": "SyncToken!",
        }
        declared = ", ".join(f"${key}: {types[key]}" for key in variables)
        atomic = self.random.choice(("", " @atomic"))
        query = (
            f"mutation {f'({declared})' if declared else ''}{atomic} "
            f"{{ {document.replace('{R}', '{ problems { code } syncToken }')} }}"
        )
        body = await self.client.graphql(query, variables)
        self.written.append(f"graphql {document} {variables}")
        for payload in (body.get("data") or {}).values():
            self.token = (payload or {}).get("syncToken") or self.token

    async def by_rest(self) -> None:
        """Send one of the tutorial's requests."""
        http, task = self.client.http, self._id("tasks")
        body = {"title": self.random.choice(TITLES), "completed": self.random.random() < 0.5}
        method, path = self.random.choice(
            (("POST", "/tasks/"), ("PUT", f"/tasks/{task}"), ("DELETE", f"/tasks/{task}"))
        )
        await http.request(method, path, json=None if method == "DELETE" else body)
        self.written.append(f"{method} {path} {body}")

    async def by_sql(self) -> None:
        """Run statements as the tutorial's program, sqlite3 or psql would."""
        statements = [self._statement() for _ in range(self.random.randint(1, 3))]
        self.address.execute(*statements)
        self.written.extend(statements)

    def _statement(self) -> str:
        task, other = self._id("tasks"), self._id("tasks")
        label, project = self._id("labels"), self._id("projects")
        title, name = self.random.choice(TITLES), self.random.choice(NAMES)
        done = self.random.choice(("true", "false", "NULL"))
        moved = self.random.choice((f"project_id = {project}", "project_id = NULL"))
        # A parent is older than its subtasks, so that no circle comes about.
        child, parent = max(task, other, key=int), min(task, other, key=int)
        under = "NULL" if child == parent else parent
        known = "EXISTS (SELECT 1 FROM {} WHERE id = {})"
        used = "SELECT parent_id FROM tasks WHERE parent_id IS NOT NULL"
        pair = f"task_id = {task} AND label_id = {label}"
        updated = f"UPDATE tasks SET {{}} WHERE id = {task}"
        return self.random.choice(
            (
                f"INSERT INTO tasks (title, description, completed) VALUES ('{title}', '', {done})",
                updated.format(f"title = '{title}', completed = {done}"),
                updated.format(f"{moved}") + f" AND {known.format('projects', project)}",
                (
                    f"UPDATE tasks SET parent_id = {under} WHERE id = {child}"
                    f" AND {known.format('tasks', parent)}"
                ),
                f"UPDATE tasks SET completed = {done}",
                (
                    f"DELETE FROM tasks WHERE id = {task} AND id NOT IN ({used})"
                    " AND id NOT IN (SELECT task_id FROM task_labels)"
                ),
                f"UPDATE projects SET name = '{name}' WHERE id = {project}",
                f"UPDATE labels SET name = '{name}' WHERE id = {label}",
                (
                    "INSERT INTO task_labels (task_id, label_id) SELECT t.id, l.id"
                    f" FROM tasks t, labels l WHERE t.id = {task} AND l.id = {label}"
                    f" AND NOT EXISTS (SELECT 1 FROM task_labels WHERE {pair})"
                ),
                f"DELETE FROM task_labels WHERE task_id = {task}",
            )
        )

    def _changes(self) -> dict[str, tuple[Any, ...]]:
        return {
            "title": TITLES,
            "completed": (True, False),
            "priority": PRIORITIES,
            "projectId": (None, self._id("projects")),
            "parentId": (None, self._id("tasks")),
            "addLabelIds": ([self._id("labels")],),
            "removeLabelIds": ([self._id("labels")],),
            "due": (None, {"on": "2026-01-01"}, {"at": "2026-01-01T00:00:00Z"}),
        }

    def _deletable(self) -> str:
        found = self._id("projects")
        return "0" if found in self.kept_projects else found

    def _id(self, table: str) -> str:
        ids = [
            str(row_id) for (row_id,) in self.address.fetch(f"SELECT id FROM {table} ORDER BY id")
        ]
        return self.random.choice(ids or ["1"])


def _given(changes: dict[str, Any]) -> dict[str, Any]:
    """Take what a new task may be given, too."""
    return {
        name: value
        for name, value in changes.items()
        if name in {"completed", "priority", "projectId", "parentId"}
    }


def filters(random: Random, depth: int = 2) -> dict[str, Any]:
    """Write a filter, at random."""
    name, title = random.choice(NAMES), random.choice(TITLES)
    some, number = random.choice(("some", "every", "none")), random.randint(0, 2)
    leaves: list[dict[str, Any]] = [
        {"completed": {"eq": random.random() < 0.5}},
        {"priority": {"gte": "LOW"}},
        {"title": {random.choice(("eq", "neq", "contains")): title}},
        {"dueOn": {"isNull": False}},
        {"hasParent": random.random() < 0.5},
        {"project": {"name": {"eq": name}}},
        {"project": {"archived": random.random() < 0.5}},
        {"project": {"id": {random.choice(("eq", "neq")): str(random.randint(1, 9))}}},
        {"labels": {some: {"name": {"eq": name}}}},
        {"labels": {some: {"id": {"eq": str(random.randint(1, 9))}}}},
        {"labels": {"count": {"gte": number}}},
        {"subtasks": {"count": {random.choice(("eq", "gte")): number}}},
    ]
    if depth == 0:
        return random.choice(leaves)
    part: Callable[[], dict[str, Any]] = lambda: filters(random, depth - 1)  # noqa: E731
    deeper = [
        {"parent": part()},
        {"subtasks": {some: part()}},
        {"subtasks": {some: part()}, "labels": {"some": {"name": {"eq": name}}}},
        {"and": [part(), part()]},
        {"or": [part(), part()]},
        {"not": part()},
    ]
    return random.choice(leaves + deeper * 2)

"""Files that list an app's documents, as its build writes them: to documents and their ids.

    a JSON file of Apollo's       {"format": "apollo-persisted-query-manifest", "version": 1,
                                   "operations": [{"id": ..., "body": ..., ...}, ...]}
    any other JSON file           {id: text, ...}, as Relay's compiler and GraphQL Code Generator
                                  write it
    a folder                      its *.graphql files, at every depth; one with operations is a
                                  document, together with the fragments that it uses of the other
                                  files. Its id is the SHA-256 of the file, as `sha256sum` prints it

Knows nothing of the schema: whether the documents are valid is for `trusted.py` to say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import orjson
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    Location,
    Node,
    OperationDefinitionNode,
    Visitor,
    parse,
    visit,
)

APOLLO = "apollo-persisted-query-manifest"


class DocumentsUnusable(Exception):
    """Trusted documents that cannot all be used; `problems` has a line for each reason."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class TrustedDocument:
    """A document; `place` is where it stands, for people."""

    id: str
    text: str
    place: str


def read_documents(path: Path) -> list[TrustedDocument]:
    """Read a folder, or a file. Raises DocumentsUnusable."""
    try:
        documents = _in_folder(path) if path.is_dir() else _in_manifest(path, path.read_bytes())
    except OSError as error:
        raise DocumentsUnusable([f"{error.filename or path}: {error.strerror}"]) from error
    if not documents:
        raise DocumentsUnusable([f"{path}: no operation is in there"])
    return documents


def _in_manifest(path: Path, content: bytes) -> list[TrustedDocument]:
    try:
        manifest = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise DocumentsUnusable([f"{path}: it is not JSON: {error}"]) from error
    if not isinstance(manifest, dict):
        raise DocumentsUnusable([f"{path}: it is not a JSON object"])
    pairs = _operations(path, manifest) if "operations" in manifest else list(manifest.items())
    problems = [
        f"{path}, document {number}: its id and its text must be strings"
        for number, (name, text) in enumerate(pairs, 1)
        if not (name and isinstance(name, str) and isinstance(text, str))
    ]
    if problems:
        raise DocumentsUnusable(problems)
    return [
        TrustedDocument(name.removeprefix("sha256:"), text, f"{path}, document {name}")
        for name, text in pairs
    ]


def _operations(path: Path, manifest: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    kind = manifest.get("format"), manifest.get("version")
    if kind != (APOLLO, 1):
        raise DocumentsUnusable([f'{path}: its format must be "{APOLLO}", version 1'])
    operations = manifest["operations"]
    if not isinstance(operations, list) or not all(isinstance(each, dict) for each in operations):
        raise DocumentsUnusable([f"{path}: operations must be a list of objects"])
    return [(each.get("id"), each.get("body")) for each in operations]


Fragments = dict[str, list[tuple[Path, FragmentDefinitionNode]]]
"""A folder's fragments by name, with the files that define them."""


def _in_folder(folder: Path) -> list[TrustedDocument]:
    problems: list[str] = []
    files: dict[Path, tuple[bytes, DocumentNode]] = {}
    fragments: Fragments = {}
    for path in sorted(folder.rglob("*.graphql")):
        content = path.read_bytes()
        try:
            files[path] = content, parse(content.decode())
        except UnicodeDecodeError:
            problems.append(f"{path}: it is not UTF-8")
        except GraphQLError as error:
            problems.append(f"{path}: {located(error)}")
        else:
            for fragment in _fragments(files[path][1]):
                fragments.setdefault(fragment.name.value, []).append((path, fragment))
    documents = []
    for path, (content, document) in files.items():
        if any(isinstance(node, OperationDefinitionNode) for node in document.definitions):
            try:
                used = _used(document, fragments)
            except _Ambiguous as error:
                problems.append(f"{path}: {error}")
            else:
                text = "\n".join([content.decode(), *map(_source, used)])
                documents.append(TrustedDocument(sha256(content).hexdigest(), text, str(path)))
    if problems:
        raise DocumentsUnusable(problems)
    return documents


class _Ambiguous(Exception):
    """A fragment that could be one of several."""


def _used(document: DocumentNode, fragments: Fragments) -> list[FragmentDefinitionNode]:
    """Find the fragments of other files that a document uses. Validation misses what is nowhere."""
    own = {fragment.name.value for fragment in _fragments(document)}
    used: dict[str, FragmentDefinitionNode] = {}
    waiting: list[Node] = [document]
    while waiting:
        for name in _spread(waiting.pop()) - own - used.keys():
            found = fragments.get(name, [])
            if len(found) > 1:
                places = " and ".join(str(path) for path, _ in found)
                raise _Ambiguous(f"fragment {name} is in {places}")
            for _, fragment in found:
                used[name] = fragment
                waiting.append(fragment)
    return [used[name] for name in sorted(used)]


def _fragments(document: DocumentNode) -> Iterable[FragmentDefinitionNode]:
    return (node for node in document.definitions if isinstance(node, FragmentDefinitionNode))


def _spread(node: Node) -> set[str]:
    """Name the fragments that are spread somewhere in a node."""
    names: set[str] = set()

    class Spreads(Visitor):
        def enter_fragment_spread(self, spread: FragmentSpreadNode, *_: Any) -> None:
            names.add(spread.name.value)

    visit(node, Spreads())
    return names


def _source(fragment: FragmentDefinitionNode) -> str:
    """Copy a definition as it was written."""
    place = cast("Location", fragment.loc)  # it was parsed with locations
    return place.source.body[place.start : place.end]


def located(error: GraphQLError) -> str:
    """Say where in its document an error is."""
    if not error.locations:
        return error.message
    line, column = error.locations[0]
    return f"{error.message} (line {line}, column {column})"

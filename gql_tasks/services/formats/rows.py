"""The rows of a CSV file (RFC 4180), by the names in its first row."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gql_tasks.services.formats.source import MAX_BYTES, Source, Unreadable

Row: TypeAlias = tuple[int, Mapping[str, str]]
"""The line that a row begins in, and its cells."""


@dataclass(frozen=True, slots=True)
class Table:
    """The names of the columns, and the rows under them. Rows without any text are left out."""

    columns: Sequence[str]
    rows: Iterator[Row]


def read_table(source: Source) -> Table:
    """Read the first row, and the others as they are asked for. Raises Unreadable."""
    rows = _rows(source)
    line, columns = next(rows, (1, []))
    columns = [column.strip() for column in columns]
    for column in columns:
        if columns.count(column) > 1:
            raise Unreadable(line, f'the column "{column}" is there twice')
    return Table(columns, _named(rows, columns))


def _named(rows: Iterator[tuple[int, list[str]]], columns: Sequence[str]) -> Iterator[Row]:
    for line, cells in rows:
        if len(cells) > len(columns) and any(cells[len(columns) :]):
            message = f"has {len(cells)} cells, and the first row has {len(columns)}"
            raise Unreadable(line, message)
        if any(cell.strip() for cell in cells):
            padded = [*cells, *[""] * (len(columns) - len(cells))]
            yield line, dict(zip(columns, padded, strict=False))


def _rows(source: Source) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(MAX_BYTES)
    reader = csv.reader((text for _, text in source.lines()), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise Unreadable(line, f"is not CSV: {error}") from error
        if cells is None:
            return
        yield line, cells

"""Searching tasks: which match, and how well. Both are served by the stores' own indexes."""

from sqlalchemy import ColumnElement, FromClause, String, case, literal_column

from gql_tasks.domain.values import Slot
from gql_tasks.store.dialects import Expression
from gql_tasks.store.scope import Scope
from gql_tasks.store.search_queries import Query

RANKED = (
    Query.TITLE_HAS_PHRASE,
    Query.TITLE_BEGINS_PHRASE,
    Query.TITLE_HAS_ALL,
    Query.TITLE_HAS_SOME,
)
"""The best first. What fits none of them was found by its description alone."""


def matches_search(row: FromClause, text: Slot, scope: Scope) -> ColumnElement[bool]:
    """Say that a task has all the words of a search text."""
    return _found(row, Query.ANYWHERE, text, scope)


def relevance(row: FromClause, text: Slot, scope: Scope) -> Expression:
    """Rank a task that matches: 0 is the best, and title matches come before descriptions.

    The rank depends on nothing but the task and the words, where bm25 moves with every row of the
    table: both stores give the same order, and pages by cursor stay whole while others write.
    """
    return case(
        *(
            (_found(row, query, text, scope), literal_column(str(rank)))
            for rank, query in enumerate(RANKED)
        ),
        else_=literal_column(str(len(RANKED))),
    )


def _found(row: FromClause, query: Query, text: Slot, scope: Scope) -> ColumnElement[bool]:
    queries = scope.bind(text, scope.dialect.list_type(String()))
    return scope.dialect.is_found(row, queries, query)

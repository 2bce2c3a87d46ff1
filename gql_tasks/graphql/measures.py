"""Documents to their numbers, worked out once a document, and to what is refused for them."""

from collections.abc import Mapping
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode

from gql_tasks.graphql.cost import Price, too_costly
from gql_tasks.graphql.limits import Limits, measure
from gql_tasks.graphql.outline import outline
from gql_tasks.store.recent import Recent

MAX_MEASURED = 1_000
MAX_MEASURED_TOKENS = 200_000
"""Documents whose numbers are kept, and what their tokens add up to."""


class Measured:
    """One document's numbers; it may be invalid as long as nobody asks what it costs."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, limits: Limits) -> None:
        self.document = document
        self._outline = outline(schema, document)
        self._measures = measure(self._outline)
        self._limits = limits
        self._prices: dict[int, Price] = {}
        self.tokens = self._outline.tokens

    def over_limits(self) -> list[GraphQLError]:
        """Refuse the document for what is in any of its operations."""
        return [error for each in self._measures for error in each.check(self._limits)]

    def cost(self, operation: OperationDefinitionNode, variables: Mapping[str, Any]) -> int:
        """Say what an operation of this document, which is valid, costs."""
        key = id(operation)  # nodes are hashed by all that is in them
        if key not in self._prices:
            self._prices[key] = Price(self._outline, operation, self._limits)
        return self._prices[key].of(variables)

    def over_cost(self, cost: int) -> list[GraphQLError]:
        """Refuse an operation that costs so much, if that is too much."""
        maximum = self._limits.max_cost
        return [too_costly(cost, maximum)] if cost > maximum else []

    def shown(self, operation: OperationDefinitionNode, cost: int) -> dict[str, int]:
        """Show an operation's numbers to a client."""
        nodes = [node for node, _ in self._outline.operations]
        (index,) = (index for index, node in enumerate(nodes) if node is operation)
        return self._measures[index].shown(cost)


class Measures:
    """The numbers of documents, those asked for last."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._measured: Recent[int, Measured] = Recent(
            MAX_MEASURED, most_size=MAX_MEASURED_TOKENS, size=lambda _, measured: measured.tokens
        )

    def of(self, schema: GraphQLSchema, document: DocumentNode) -> Measured:
        """Find the numbers of a document that is kept itself."""
        found = self._measured.get(id(document))  # its own as long as the numbers hold it
        if found is None:
            found = self.measure(schema, document)
            self.keep(found)
        return found

    def measure(self, schema: GraphQLSchema, document: DocumentNode) -> Measured:
        """Work out the numbers of a document that may not be kept."""
        return Measured(schema, document, self.limits)

    def keep(self, measured: Measured) -> None:
        """Keep the numbers of a document that is kept itself."""
        self._measured.put(id(measured.document), measured)

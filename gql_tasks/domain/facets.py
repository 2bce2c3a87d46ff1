"""Facets: counts of matching tasks by something they have in common."""

from gql_tasks.domain.filters import All, Compare, Filter, Is, IsNull, Not, Related, RelatedCount
from gql_tasks.domain.page import FacetField
from gql_tasks.domain.relations import Relation

OWN_CONDITIONS: dict[FacetField, frozenset[str | Relation]] = {
    FacetField.COMPLETED: frozenset({"completed"}),
    FacetField.PRIORITY: frozenset({"priority"}),
    FacetField.PROJECT: frozenset({Relation.TASK_PROJECT, "project_id"}),
    FacetField.LABEL: frozenset({Relation.TASK_LABELS}),
    FacetField.DUE: frozenset({"due_on", "due_at"}),
}
"""What a filter says of a facet's own field: of columns, and of relations."""


def without_own(where: Filter | None, field: FacetField) -> Filter | None:
    """Leave out of a filter what it says of a facet's own field.

    So that a sidebar goes on showing the other projects when one is picked. What is said within OR
    stays, and so does a NOT of more than this field: the rest would mean something else.
    """
    match where:
        case All(parts):
            kept = (without_own(part, field) for part in parts)
            return All(tuple(part for part in kept if part is not None))
        case Not(part) if without_own(part, field) is None:
            return None
        case Compare(field=name) | IsNull(field=name) | Is(field=name) if (
            name in OWN_CONDITIONS[field]
        ):
            return None
        case Related(relation=relation) | RelatedCount(relation=relation) if (
            relation in OWN_CONDITIONS[field]
        ):
            return None
    return where

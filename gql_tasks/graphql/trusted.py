"""Documents by their ids: those that whoever runs the server trusts, and those clients registered.

A request that names a document and does not send it costs less to send, and a GET of it can be
cached. Two kinds are known:

    trusted      read when the server starts, from files (`manifests.py`); by the id that the file
                 gives, and by the SHA-256 of their text
    registered   what was found valid and is kept (`DocumentCache`), by the SHA-256 of its text

Registering is Apollo's protocol of automatic persisted queries: a client sends the hash alone, is
told PERSISTED_QUERY_NOT_FOUND, sends hash and text together, and from then on the hash. A hash
names one text only, so nobody can put another text behind it.
"""

from collections.abc import Iterable
from typing import Any

from graphql import GraphQLError, parse

from gql_tasks.graphql.errors import request_error
from gql_tasks.graphql.execution import digest, validation_errors
from gql_tasks.graphql.manifests import DocumentsUnusable, TrustedDocument, located
from gql_tasks.graphql.operation import document_id, has_document_id
from gql_tasks.graphql.schema import Schema


class KnownDocuments:
    """The documents that a request can name. With `only`, no others run than the trusted ones."""

    def __init__(
        self, schema: Schema, trusted: Iterable[TrustedDocument] = (), *, only: bool = False
    ) -> None:
        """Take trusted documents, each found valid. Raises DocumentsUnusable, with every reason."""
        self._cache = schema.documents
        self._only = only
        self._trusted: dict[str, str] = {}
        self._texts: set[str] = set()
        problems: list[str] = []
        for document in trusted:
            problems += self._trust(schema, document)
        if problems:
            raise DocumentsUnusable(problems)

    def text_of(self, document_id: str) -> str | None:
        """Find a document's text."""
        return self._trusted.get(document_id) or self._cache.text_of(document_id)

    def at_hand(self, request: dict[str, Any]) -> str:
        """Find the text that a request means, where that takes no check; else "".

        Raises BadRequest, and what comes of a request that is not an object.
        """
        text = request.get("query")
        if not has_document_id(request):
            return text or ""
        name = None if text else document_id(request)
        return (name and self.text_of(name)) or ""

    def text(self, query: str | None, document_id: str | None) -> str | None:
        """Say which text a request means; None where it neither sends nor names one.

        Raises GraphQLError: a document that is not known, not trusted, or not the one it is said to
        be.
        """
        if document_id is None:
            text = query
        elif query:
            known = self._trusted.get(document_id)
            if query != known if known else digest(query) != document_id:
                message = "The query is not the document that the request names."
                raise request_error(message, "PERSISTED_QUERY_HASH_MISMATCH")
            text = query
        else:
            text = self.text_of(document_id)
            if text is None and not self._only:
                # Apollo's clients look for this code, urql for this message.
                raise request_error("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")
        if self._only and text not in self._texts and (text or document_id):
            raise request_error("This server runs trusted documents only.", "DOCUMENT_NOT_TRUSTED")
        return text

    def _trust(self, schema: Schema, document: TrustedDocument) -> list[str]:
        """Take one document; return what is wrong with it."""
        core = schema._schema  # noqa: SLF001  # graphql-core's
        try:
            parsed = parse(document.text, max_tokens=schema.measures.limits.max_tokens)
        except GraphQLError as error:
            return [f"{document.place}: {located(error)}"]
        errors = schema.measures.of(core, parsed).over_limits() or validation_errors(
            core, parsed, production=schema.production
        )
        if errors:
            return [f"{document.place}: {located(error)}" for error in errors]
        for name in (document.id, digest(document.text)):
            if self._trusted.setdefault(name, document.text) != document.text:
                return [f"{document.place}: another document has the id {name}"]
        self._texts.add(document.text)
        schema.documents.put_trusted(document.text, parsed)
        return []

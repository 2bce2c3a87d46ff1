"""A tasks backend for frontends: one SQLite file or PostgreSQL, typed GraphQL, the tutorial's REST.

How a request flows, top to bottom (imports go the same way, and only that way):

    cli           starts uvicorn          `gql-tasks serve`
    app           create_app(settings)    the one place where the parts meet
    graphql rest  front doors             parse, one call, return
    web           what both stand on      request ids, limits, errors to HTTP, pages
    services      use cases               a verb, its rule, its transaction
    store         the only SQL            plans to statements, sessions, migrations
    domain        words and rules         no I/O
"""

__version__ = "0.1.0"

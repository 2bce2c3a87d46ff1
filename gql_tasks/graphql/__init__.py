"""Front door 1: GraphQL. The only package that knows Strawberry and graphql-core."""

"""npm's GraphQL clients against the program."""

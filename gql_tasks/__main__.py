"""`python -m gql_tasks` is `gql-tasks`."""

from gql_tasks.cli import main

if __name__ == "__main__":
    main()

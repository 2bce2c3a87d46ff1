"""What Alembic runs: the migrations, on the connection and in the transaction it was handed."""

from alembic import context

from gql_tasks.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    version_table=context.config.attributes["version_table"],
    target_metadata=Base.metadata,
    transactional_ddl=True,  # SQLite's too: the driver is kept from committing behind its back
)
with context.begin_transaction():
    context.run_migrations()

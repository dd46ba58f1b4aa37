"""What Alembic runs: the steps that are missing, over the connection and in the transaction it is given."""

from alembic import context

from storage.migrations.compare import OPTIONS

context.configure(connection=context.config.attributes["connection"], **OPTIONS)
with context.begin_transaction():
    context.run_migrations()

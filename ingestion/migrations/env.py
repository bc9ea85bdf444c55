"""Alembic's entry: it works on the connection that `library_schema.upgrade` hands over."""

from alembic import context

from ingestion.library_schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()

"""Runs the migrations of the audit log over the connection that `AuditRows.open` hands in."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()

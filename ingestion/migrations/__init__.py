"""The history of the library's tables, for Alembic; run by `library_schema.upgrade`."""

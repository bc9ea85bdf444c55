"""The history of records.db's schema (Alembic)."""

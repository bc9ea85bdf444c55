"""The migrations of the audit log's database."""

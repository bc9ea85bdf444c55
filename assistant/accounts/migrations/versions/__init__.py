"""Migrations of accounts.db."""

"""What a company needs: runs of synchronisation, findings of screening, versions of documents."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _chunks()
    _syncs()
    _findings()
    _versions()
    _members()


def _members() -> None:
    """A file inside another: the location that it lies in, and the file on disk that holds them all."""
    op.add_column("documents", sa.Column("members", sa.Integer, nullable=False, server_default="0"))
    for table in ("locations", "failures"):
        op.add_column(table, sa.Column("parent", sa.Text))
        op.add_column(table, sa.Column("container", sa.Text))


def _chunks() -> None:
    op.add_column("chunks", sa.Column("context", sa.Text, nullable=False, server_default=""))
    op.add_column("chunks", sa.Column("articles", sa.Text, nullable=False, server_default=""))
    op.add_column("chunks", sa.Column("rows", sa.LargeBinary))


def _syncs() -> None:
    op.create_table(
        "syncs",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("ok_at", sa.Text),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("refused", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
    )
    op.create_table(
        "ignored_failures",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("path", sa.Text, primary_key=True),
        sa.Column("mtime_ns", sa.Integer, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
    )


def _findings() -> None:
    op.create_table(
        "findings",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("document", sa.Text, sa.ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
    )
    op.create_index("findings_document", "findings", ["document"])
    op.create_table(
        "screenings",
        sa.Column("document", sa.Text, sa.ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("masked", sa.Integer, nullable=False),
        sa.Column("quarantined", sa.Integer, nullable=False),
    )
    op.create_table(
        "releases",
        sa.Column("document", sa.Text, primary_key=True),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )


def _versions() -> None:
    op.create_table(
        "versions",
        sa.Column("document", sa.Text, sa.ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("family", sa.Text, nullable=False, server_default=""),
        sa.Column("same_text", sa.Text, nullable=False, server_default=""),
        sa.Column("preferred", sa.Integer, nullable=False, server_default="1"),
        sa.Column("version", sa.Text),
        sa.Column("standing", sa.Text, nullable=False, server_default=""),
        sa.Column("valid_from", sa.Text),
        sa.Column("valid_to", sa.Text),
        sa.Column("superseded_from", sa.Text),
    )
    op.create_index("versions_family", "versions", ["family"])

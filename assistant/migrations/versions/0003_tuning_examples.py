"""Examples for tuning, from candidate to accepted, and the places of documents that they were made from."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "tuning_examples",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("made_key", sa.String, nullable=False, index=True),
        sa.Column("status", sa.String, nullable=False, index=True),
        sa.Column("problem", sa.String, nullable=False),
        sa.Column("assignee", sa.String, nullable=False, index=True),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("answerable", sa.Boolean, nullable=False),
        sa.Column("split", sa.String, nullable=False, index=True),
        sa.Column("group", sa.String, nullable=False),
        sa.Column("origin", sa.String, nullable=False, index=True),
        sa.Column("payload", sa.String, nullable=False),
        sa.Column("original", sa.String),
        sa.Column("folded", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("created_by", sa.String, nullable=False),
        sa.Column("changed_at", sa.String, nullable=False),
        sa.Column("changed_by", sa.String, nullable=False),
    )
    op.create_table(
        "tuning_sources",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "example",
            sa.Integer,
            sa.ForeignKey("tuning_examples.number", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("document", sa.String, nullable=False, index=True),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
    )

"""Answers that an editor confirmed, and what readers say of answers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "verified_answers",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("question", sa.String, nullable=False),
        sa.Column("also_json", sa.String, nullable=False),
        sa.Column("answer", sa.String, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("editor", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("confirmed_at", sa.String, nullable=False),
        sa.Column("flagged_at", sa.String),
        sa.Column("flag", sa.String),
    )
    op.create_table(
        "verified_citations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "verified",
            sa.String,
            sa.ForeignKey("verified_answers.id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("document", sa.String, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("title", sa.String, nullable=False),
        sa.Column("start", sa.Integer, nullable=False),
        sa.Column("end", sa.Integer, nullable=False),
        sa.Column("quote", sa.String, nullable=False),
        sa.Column("quote_sha256", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
    )
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "message",
            sa.Integer,
            sa.ForeignKey("messages.id", ondelete="CASCADE"),
            nullable=False,
            unique=True,
        ),
        sa.Column("rating", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("comment", sa.String, nullable=False),
        sa.Column("corrected", sa.String, nullable=False),
        sa.Column("user", sa.String, nullable=False),
        sa.Column("at", sa.String, nullable=False),
    )

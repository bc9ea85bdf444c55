"""The tables of records.db that several modules read, as the migrations have made them."""

from __future__ import annotations

import sqlalchemy as sa

_tables = sa.MetaData()

conversations = sa.Table(
    "conversations",
    _tables,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("title", sa.String, nullable=False),
    sa.Column("folded", sa.String, nullable=False),
    sa.Column("created_at", sa.String, nullable=False),
    sa.Column("updated_at", sa.String, nullable=False),
    sa.Column("user", sa.String, nullable=False),
    sa.Column("adapter", sa.String),
)
messages = sa.Table(
    "messages",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("conversation", sa.String, sa.ForeignKey("conversations.id"), nullable=False),
    sa.Column("role", sa.String, nullable=False),
    sa.Column("text", sa.String, nullable=False),
    sa.Column("folded", sa.String, nullable=False),
    sa.Column("answer_json", sa.String),
    sa.Column("scope_json", sa.String),
    sa.Column("at", sa.String, nullable=False),
)
feedback = sa.Table(
    "feedback",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("message", sa.Integer, sa.ForeignKey("messages.id"), nullable=False),
    sa.Column("rating", sa.String, nullable=False),
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("comment", sa.String, nullable=False),
    sa.Column("corrected", sa.String, nullable=False),
    sa.Column("user", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
)
tuning_examples = sa.Table(
    "tuning_examples",
    _tables,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("id", sa.String, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("made_key", sa.String, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("problem", sa.String, nullable=False),
    sa.Column("assignee", sa.String, nullable=False),
    sa.Column("note", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("type", sa.String, nullable=False),
    sa.Column("language", sa.String, nullable=False),
    sa.Column("answerable", sa.Boolean, nullable=False),
    sa.Column("split", sa.String, nullable=False),
    sa.Column("group", sa.String, nullable=False),
    sa.Column("origin", sa.String, nullable=False),
    sa.Column("payload", sa.String, nullable=False),
    sa.Column("original", sa.String),
    sa.Column("folded", sa.String, nullable=False),
    sa.Column("created_at", sa.String, nullable=False),
    sa.Column("created_by", sa.String, nullable=False),
    sa.Column("changed_at", sa.String, nullable=False),
    sa.Column("changed_by", sa.String, nullable=False),
)
tuning_sources = sa.Table(
    "tuning_sources",
    _tables,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("example", sa.Integer, sa.ForeignKey("tuning_examples.number"), nullable=False),
    sa.Column("document", sa.String, nullable=False),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("end", sa.Integer, nullable=False),
    sa.Column("sha256", sa.String, nullable=False),
)


def question_of_message() -> sa.ScalarSelect[str]:
    """The question that a message answers: the last one before it in its conversation."""
    asked = messages.alias("asked")
    return (
        sa.select(asked.c.text)
        .where(
            asked.c.conversation == messages.c.conversation,
            asked.c.id < messages.c.id,
            asked.c.role == "user",
        )
        .order_by(asked.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )

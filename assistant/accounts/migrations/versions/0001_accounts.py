"""Users, groups within groups, API tokens, sessions, and attempts to sign in."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "users",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("display_name", sa.String, nullable=False),
        sa.Column("password", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("removed_at", sa.String),
    )
    op.create_table(
        "groups",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("display_name", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
    )
    op.create_table(
        "group_users",
        sa.Column("group", sa.String, sa.ForeignKey("groups.name", ondelete="CASCADE"), primary_key=True),
        sa.Column("user", sa.String, sa.ForeignKey("users.name"), primary_key=True),
    )
    op.create_index("group_users_user", "group_users", ["user"])
    op.create_table(
        "group_groups",
        sa.Column("group", sa.String, sa.ForeignKey("groups.name", ondelete="CASCADE"), primary_key=True),
        sa.Column("member", sa.String, sa.ForeignKey("groups.name", ondelete="CASCADE"), primary_key=True),
    )
    op.create_index("group_groups_member", "group_groups", ["member"])
    op.create_table(
        "tokens",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("user", sa.String, sa.ForeignKey("users.name"), nullable=False),
        sa.Column("label", sa.String, nullable=False),
        sa.Column("sha256", sa.String, nullable=False, unique=True),
        sa.Column("scopes", sa.String, nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("expires_at", sa.String),
        sa.Column("used_at", sa.String),
    )
    op.create_table(
        "sessions",
        sa.Column("sha256", sa.String, primary_key=True),
        sa.Column("user", sa.String, sa.ForeignKey("users.name"), nullable=False),
        sa.Column("created_at", sa.String, nullable=False),
        sa.Column("seen_at", sa.String, nullable=False),
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user", sa.String, nullable=False),
        sa.Column("address", sa.String, nullable=False),
        sa.Column("at", sa.String, nullable=False),
    )
    op.create_index("attempts_at", "attempts", ["at"])

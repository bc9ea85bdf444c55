"""By which way each user comes in: an account of here, a proxy's, a directory's."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; whoever was there before is of here."""
    op.add_column("users", sa.Column("way", sa.String, nullable=False, server_default="here"))

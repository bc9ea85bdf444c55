"""The chained rows, the words that they commit to, what was erased of these, and guards against changes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_GUARDS = (
    # SQLite does not fire triggers for the rows that INSERT OR REPLACE takes away: hence those on INSERT.
    """CREATE TRIGGER log_insert BEFORE INSERT ON log
       WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM log)
         OR NEW.previous IS NOT COALESCE(
              (SELECT hash FROM log ORDER BY seq DESC LIMIT 1), printf('%064d', 0))
       BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER log_update BEFORE UPDATE ON log
       BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER log_delete BEFORE DELETE ON log
       BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER contents_insert BEFORE INSERT ON contents
       WHEN NEW.seq IS NOT (SELECT MAX(seq) FROM log)
         OR EXISTS (SELECT 1 FROM contents WHERE seq = NEW.seq AND name = NEW.name)
       BEGIN SELECT RAISE(ABORT, 'words belong to the row that was just written'); END""",
    """CREATE TRIGGER contents_update BEFORE UPDATE ON contents
       BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER contents_delete BEFORE DELETE ON contents
       WHEN NOT EXISTS (SELECT 1 FROM erasures WHERE seq = OLD.seq)
       BEGIN SELECT RAISE(ABORT, 'words are erased with a row that says so'); END""",
    """CREATE TRIGGER erasures_insert BEFORE INSERT ON erasures
       WHEN NEW.by_seq IS NOT (SELECT MAX(seq) FROM log)
         OR EXISTS (SELECT 1 FROM erasures WHERE seq = NEW.seq)
       BEGIN SELECT RAISE(ABORT, 'words are erased with a row that says so'); END""",
    """CREATE TRIGGER erasures_update BEFORE UPDATE ON erasures
       BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
    """CREATE TRIGGER erasures_delete BEFORE DELETE ON erasures
       BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END""",
)


def upgrade() -> None:
    """Make the tables and their triggers."""
    op.create_table(
        "log",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("user", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("payload", sa.String, nullable=False),
        sa.Column("previous", sa.String, nullable=False),
        sa.Column("hash", sa.String, nullable=False),
    )
    op.create_index("log_at", "log", ["at"])
    op.create_table(
        "contents",
        sa.Column("seq", sa.Integer, sa.ForeignKey("log.seq"), primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("salt", sa.String, nullable=False),
        sa.Column("text", sa.String, nullable=False),
    )
    op.create_table(
        "erasures",
        sa.Column("seq", sa.Integer, sa.ForeignKey("log.seq"), primary_key=True, autoincrement=False),
        sa.Column("by_seq", sa.Integer, sa.ForeignKey("log.seq"), nullable=False),
    )
    for guard in _GUARDS:
        op.execute(guard)

"""The accounts of a workspace, found by whoever needs them: a command may make them while all else runs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from assistant.accounts.roles import LOCAL, Actor
from assistant.errors import AccountError
from ingestion.workspace import Workspace

if TYPE_CHECKING:
    from assistant.accounts.accounts import Accounts


class AccountFiles:
    """Opens the accounts once there are any. Thread-safe."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._opening = threading.Lock()
        self._accounts: Accounts | None = None

    def open(self) -> Accounts:
        """The accounts, made where there are none.

        Raises:
            WorkspaceError, BackupError: as `open_accounts`.
        """
        with self._opening:
            if self._accounts is None:
                from assistant.accounts.accounts import Accounts

                settings = self._workspace.settings().access
                self._accounts = Accounts(self._workspace.accounts_path, settings)
            return self._accounts

    def current(self) -> Accounts | None:
        """The accounts; None in single-user mode, that is: as long as there is no user.

        Raises:
            WorkspaceError, BackupError: as `open_accounts`. Then nobody may be let in.
        """
        if self._accounts is None and not self._workspace.accounts_path.exists():
            return None
        accounts = self.open()
        return accounts if accounts.any else None

    def actor(self, user: str | None) -> Actor:
        """Who acts on this machine's command line, who says so: it could read the workspace's files anyway.

        Raises:
            AccountError: there are accounts and no name was given, there is no such user, or it is disabled;
                or a name was given and there are no accounts.
        """
        accounts = self.current()
        if accounts is None:
            if user is not None:
                raise AccountError(
                    f"there are no accounts here, so nobody is {user!r}. Leave --user and KONKYO_USER out, "
                    "or make the first admin with: konkyo users add NAME --admin"
                )
            return LOCAL
        if user is None:
            raise AccountError(
                "this workspace has accounts: say who acts with --user NAME or KONKYO_USER. "
                "See: konkyo users list"
            )
        return accounts.actor(user)

    def close(self) -> None:
        """Close the database."""
        with self._opening:
            if self._accounts is not None:
                self._accounts.close()
            self._accounts = None

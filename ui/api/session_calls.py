"""Who is signed in, asked of a service. Part of `ui.api.client.ServiceClient`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import Any, cast

Json = dict[str, Any]


class SessionCalls(ABC):
    """Sessions, for a class that sends requests."""

    def session(self) -> Json:
        """`{accounts: bool, user: name|None, display_name, role, groups, expires_at, way}` of the user.

        Raises:
            SignInError: the session or token is over.
        """
        return cast(Json, self._json("GET", "/session"))

    def session_of(self, secret: str) -> Json:
        """As `session`, of whoever this secret of a session belongs to; "" is nobody's.

        Raises:
            SignInError: the session is over.
        """
        return cast(
            Json, self._json("GET", "/session", headers={"authorization": f"Bearer {secret}".strip()})
        )

    def begin_session(self, name: str, password: str, *, address: str | None = None) -> Json:
        """Begin a session of somebody at the computer with this `address`: as `session`, and its `token`.

        Raises:
            SignInError: name and password do not fit.
            SignInLimitError: too many attempts failed.
        """
        headers = {} if address is None else {"x-konkyo-address": address}
        body = {"name": name, "password": password}
        return cast(Json, self._json("POST", "/session", json=body, headers=headers))

    def begin_vouched(self, user: str, *, display_name: str = "", groups: Collection[str] = ()) -> Json:
        """Begin a session of somebody whom a proxy vouches for: as `begin_session`. For the page only.

        Raises:
            SignInError: this person is not let in.
        """
        body = {"user": user, "display_name": display_name, "groups": sorted(groups)}
        return cast(Json, self._json("POST", "/session/proxy", json=body))

    @abstractmethod
    def _json(self, method: str, url: str, **arguments: Any) -> Any: ...

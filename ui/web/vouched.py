"""People whom a reverse proxy vouches for: each gets a session of the service, as with a password."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from assistant.accounts.vouching import Vouched
from assistant.errors import SignInError
from ingestion.access_settings import ProxySettings
from ui.api.proxies import Proxies
from ui.web.launching import PAGE_ENVIRONMENT

_MOST = 2000


class VouchedSessions:
    """Sessions that proxies have opened, by who they vouched for. Thread-safe."""

    def __init__(self, settings: ProxySettings, environ: Mapping[str, str] = os.environ) -> None:
        """Without `PAGE_ENVIRONMENT` addresses could be forged, and no proxy is believed."""
        sure = all(environ.get(name) == value for name, value in PAGE_ENVIRONMENT.items())
        self.proxies = Proxies(settings if sure else ProxySettings())
        self._lock, self._beginning = threading.Lock(), threading.Lock()
        self._secrets: OrderedDict[Vouched, str] = OrderedDict()

    def secret(self, scope: Mapping[str, Any], common: Any) -> str:
        """The session of whoever a proxy says comes, begun where there is none; "" when none says it.

        Raises:
            SignInError: this person is not let in.
        """
        who = self.proxies.person(scope)
        if who is None:
            return ""
        if known := self._known(who, common):
            return known
        with self._beginning:  # several tabs at once share one session, so that leaving one ends it for all
            if known := self._known(who, common):
                return known
            named = {"display_name": who.display_name, "groups": who.groups}
            begun = str(common.begin_vouched(who.user, **named)["token"])
            with self._lock:
                self._secrets[who] = begun
                self._secrets.move_to_end(who)
                while len(self._secrets) > _MOST:
                    self._secrets.popitem(last=False)
            return begun

    def _known(self, who: Vouched, common: Any) -> str:
        with self._lock:
            known = self._secrets.get(who, "")
        return known if known and _holds(common, known) else ""


def _holds(common: Any, secret: str) -> bool:
    try:
        return bool(common.session_of(secret)["user"])
    except SignInError:
        return False

"""What is shown to whom: nobody is offered what the service would refuse them (`ui.access` decides there)."""

from __future__ import annotations

import streamlit as st

from assistant.accounts.roles import ROLES
from ui.access import NEEDS


def may(operation: str) -> bool:
    """Whether the role of whoever is signed in allows this operation; without accounts all is allowed."""
    role = st.session_state.get("role")
    return role is None or ROLES.index(role) >= ROLES.index(NEEDS[operation].role)

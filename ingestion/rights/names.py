"""Names of groups as places of documents carry them."""

from __future__ import annotations

import unicodedata
from collections.abc import Set as AbstractSet

EVERYBODY = "everybody"
"""The group that every account is in."""
NOBODY = "(nobody)"
"""Carried where nobody but admins may read, whatever `[access] ungrouped` says; no group is called so."""
_AND = "&"
LONGEST = 64  # characters


def is_group_name(name: str) -> bool:
    """Whether a group can have this name, in NFC."""
    plain = all(one.isalnum() or one in "._@+-" or unicodedata.category(one).startswith("M") for one in name)
    return bool(name) and len(name) <= LONGEST and plain and name[0].isalnum()


def all_of(groups: AbstractSet[str]) -> str:
    """What a place carries when only those who are in all of `groups` may read it; of none: everybody."""
    return _AND.join(sorted(groups - {EVERYBODY})) or EVERYBODY


def parts(carried: str) -> frozenset[str]:
    """The groups that one must be in for `carried` to count."""
    return frozenset(carried.split(_AND))

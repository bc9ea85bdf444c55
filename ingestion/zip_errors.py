"""What the standard library raises of ZIP archives that cannot be read."""

from __future__ import annotations

import zipfile

ZIP_ERRORS = (zipfile.BadZipFile, NotImplementedError)
"""Damage, and ways of compression or encryption that `zipfile` does not know."""

"""Control characters in what documents and people wrote: shown, not obeyed."""

from __future__ import annotations

_CONTROLS = {
    **{code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n"},
    0x7F: 0x2421, **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
}  # fmt: skip
"""The pictures that Unicode has for them, such as ␛; the second set has none."""


def shown(text: str) -> str:
    """`text` without anything that a terminal would obey: moving, erasing, naming its window, links."""
    return text.translate(_CONTROLS)

"""How the program is used and how well it does: counts over kept conversations, and what they suggest."""

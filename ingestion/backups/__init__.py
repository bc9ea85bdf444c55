"""One archive of a workspace: written while it is in use, and made a workspace again."""

"""Who may work here: users, groups, roles, sessions, tokens, in a database of their own."""

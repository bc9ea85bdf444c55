"""One file for each change of the library's tables, oldest first."""

"""Who may read a file, told by the file's own folder."""

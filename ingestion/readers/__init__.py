"""One reader for each file format: `read(path) -> Document`."""

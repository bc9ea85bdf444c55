"""Files become a searchable library: read, normalise, chunk, embed, store, index."""

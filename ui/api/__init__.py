"""The HTTP service of one workspace, and its client."""

"""The `konkyo` command."""

"""The pages and the panels that they open."""

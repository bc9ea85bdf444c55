"""Where documents come from: folders, and remote sources that are mirrored into the workspace."""

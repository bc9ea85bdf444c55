"""Everything that a person or a program touches: command line, web page, HTTP service."""

"""A better model for one company: data sets from its own documents and feedback."""

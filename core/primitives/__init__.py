"""The service areas of CSP: writers and readers of their primitives, and the tasks they do."""

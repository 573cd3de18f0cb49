"""CSP in XML: ``reader`` and ``writer`` over one table of names."""

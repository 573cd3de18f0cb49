"""The terminal client: accounts, contacts, conversations and groups over HTTP or a modem."""

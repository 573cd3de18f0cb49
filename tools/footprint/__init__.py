"""Flash and heap: what the client costs on a board, measured on the spot."""

"""`microimps decode`: any message turned from one syntax into another."""

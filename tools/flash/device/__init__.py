"""What `microimps flash` and `microimps doctor` run on the board; see `Board.run`."""

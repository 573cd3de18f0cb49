"""Host tools around the client: the `microimps` command, simulators and measurements."""

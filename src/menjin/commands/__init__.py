"""The parts of the `menjin` command, one file a subject."""

"""What the tests stand on: a clock to turn, both colours of the library, a service to call."""

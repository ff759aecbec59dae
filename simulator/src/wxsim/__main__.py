"""``python -m wxsim`` is the command line."""

from wxsim.cli import main

main()

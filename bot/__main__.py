"""`python -m bot`: the same as `estiva`."""

from bot.cli import main

main()

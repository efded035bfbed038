"""`python -m segmentd.cli`: the command line of the interpreter that runs it."""

from segmentd.cli.main import app

app(prog_name="segmentd")

"""`segmentd ledger`: the facts in a ledger, and the rules by which they are kept."""

from __future__ import annotations

import typer

from segmentd.cli import snapshots
from segmentd.cli.ledger import rules
from segmentd.cli.ledger.erase import erase
from segmentd.cli.ledger.imports import cancel, import_files, job, jobs, rejects
from segmentd.cli.ledger.status import status
from segmentd.cli.ledger.verify import verify
from segmentd.cli.ledger.write import write

app = typer.Typer(help="Write facts into a ledger, and look at it.", no_args_is_help=True)
app.command("write")(write)
app.command("import")(import_files)
app.command("jobs")(jobs)
app.command("job")(job)
app.command("cancel")(cancel)
app.command("rejects")(rejects)
app.command("status")(status)
app.command("erase")(erase)
app.command("verify")(verify)
app.add_typer(rules.app, name="rules")
app.add_typer(snapshots.app, name="snapshot")

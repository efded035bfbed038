"""`segmentd warmup`: compile the kernels, so that nothing else waits for them."""

from __future__ import annotations

import typer

from segmentd.cli.output import JsonFlag, print_json


def warmup(json: JsonFlag = False) -> None:
    """Compile the kernels and keep them on disk; a later start loads them."""
    from segmentd import engine

    report = engine.warm()
    if json:
        print_json({"compiled": report.compiled, "seconds": round(report.seconds, 3)})
        return
    done = "compiled" if report.compiled else "loaded from the cache"
    typer.echo(f"kernels {done} in {report.seconds:.2f} s")

"""``topokit report``: one offline page about one or several recordings."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("runs", nargs=-1, required=True)
@click.option("-o", "--out", type=click.Path(path_type=Path), default=Path("report.html"), show_default=True)
def report(runs: tuple[str, ...], out: Path) -> None:
    """Write the facts, figures and tables of RUNS as one HTML file that needs no network."""
    from topokit.recording import open_recording
    from topokit.report import report as write_report

    write_report([open_recording(run) for run in runs], out)
    click.echo(f"{out}: {len(runs)} run(s), {out.stat().st_size / 1e6:.1f} MB")

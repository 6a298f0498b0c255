"""`omniloom list`: what can be pulled and what is here."""

from typing import Annotated, Any

import typer


def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """The models of the catalog: purpose, size, licence, and whether they are installed."""
    from omniloom.catalog import entries

    if as_json:
        for entry in entries():
            typer.echo(entry.model_dump_json())
        return
    rows = [(each.name, f"{each.size_bytes / 1e6:.0f}", each.licence, _here(each), each.purpose) for each in entries()]
    rows.insert(0, ("name", "MB", "licence", "here", "for"))
    wide = [max(len(row[at]) for row in rows) for at in range(4)]
    for name, size, licence, here, purpose in rows:
        line = f"{name:<{wide[0]}}  {size:>{wide[1]}}  {licence:<{wide[2]}}  {here:<{wide[3]}}  {purpose}"
        typer.echo(line)


def _here(entry: Any) -> str:
    from omniloom.catalog import installed

    return "yes" if installed(entry.name) else ""

"""`omniloom info`: everything the catalog knows about one model."""

from typing import Annotated, Any

import typer


def info(
    name: Annotated[str, typer.Argument(help="A catalog name.")],
    as_json: Annotated[bool, typer.Option("--json", help="All of the catalog's entry as one JSON object.")] = False,
) -> None:
    """Licence, size, what it can do, where it comes from, and the hashes it must have."""
    from omniloom.catalog import entry, installed

    found = entry(name)
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
        return
    here = installed(name)
    lines = [("name", ", ".join((found.name, *found.aliases))), ("for", found.purpose), ("origin", found.origin)]
    lines += [("licence", found.licence), ("size", f"{found.size_bytes / 1e6:.0f} MB")]
    lines += [("can", ", ".join(found.abilities))] if found.abilities else []
    lines += [("context", f"{found.context_tokens} tokens")] if found.context_tokens else []
    lines += [("from", source) for source in _sources(found)]
    lines += [("sha256", f"{each.sha256}  {each.name}") for each in found.files]
    lines += [("here", f"{role}: {path}") for role, path in (here.paths if here else {}).items()]
    lines += [] if here else [("here", f"no: omniloom pull {found.name}")]
    for word, text in lines:
        typer.echo(f"{word:<8} {text}")


def _sources(found: Any) -> list[str]:
    """Where the weights may come from, each once; the parts of a package that is split are counted."""
    hubs = dict.fromkeys(f"model hub: {each.hub.repo}" for each in found.files if each.hub is not None)
    packages = [f"{each.kind}: {each.package} {each.version}" for each in found.archives.values()]
    more = f" and {len(packages) - 1} more" if len(packages) > 1 else ""
    return [*hubs, *([packages[0] + more] if packages else [])]

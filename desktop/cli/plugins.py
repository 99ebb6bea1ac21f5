"""Plugins: `plugins list`, `doctor`, `enable`, `disable`."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from desktop.app import App
from desktop.cli import shapes
from desktop.cli.output import Output
from desktop.engine.plugins import Plugin

FAILED = 4
_BROKEN = ("failed", "incompatible")


def list_all(app: App, args: Namespace, out: Output) -> int:
    """Show the installed plugins."""
    _show(out, app.plugins.all())
    return 0


def doctor(app: App, args: Namespace, out: Output) -> int:
    """Load every plugin anew, and say what is wrong with which."""
    found = app.plugins.reload()
    _show(out, found)
    broken = [plugin for plugin in found if plugin.state in _BROKEN]
    for plugin in broken:
        out.trouble(
            f"{plugin.distribution} {plugin.version} cannot be used.",
            plugin.reason,
            f"Update it or remove it; until then: plugins disable {plugin.distribution}",
        )
    return FAILED if broken else 0


def enable(app: App, args: Namespace, out: Output) -> int:
    """Switch a plugin on."""
    app.plugins.set_enabled(args.name, True)
    _show(out, app.plugins.all())
    return 0


def disable(app: App, args: Namespace, out: Output) -> int:
    """Switch a plugin off; its registries stay, and what was synchronized stays readable."""
    app.plugins.set_enabled(args.name, False)
    _show(out, app.plugins.all())
    return 0


def _show(out: Output, found: Sequence[Plugin]) -> None:
    def tell() -> None:
        from desktop.cli import tables

        if found:
            out.print(tables.plugins(found))
        else:
            out.line("No plugins are installed. Install one, such as registrykit-helm.")

    out.show({"plugins": [shapes.plugin(plugin) for plugin in found]}, tell)

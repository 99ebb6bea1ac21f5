"""The state of a registry in three axes: activity, last outcome, conditions."""

from __future__ import annotations

from desktop.engine.schedule import in_schedule
from desktop.store.values import RegistryRow

STALE_SECONDS = 26 * 3600.0
_SIGN_IN = frozenset({"sign-in-failed", "needs-sign-in", "secret-missing"})
_UNREACHABLE = frozenset(
    "unreachable refused dns timeout no-route broken-off truncated busy given-up".split()
)


def conditions(
    registry: RegistryRow, now: float, *, plugin_state: str, needs_credentials: bool
) -> list[str]:
    """Return what the user should know of a registry besides its last run.

    `plugin_state` is that of its type's plugin, empty where none is installed;
    `needs_credentials` is known of defaults.
    """
    found: list[str] = []
    if not registry.automatic:
        found.append("manual")
    success = registry.last_success
    if success is not None and in_schedule(registry) and now - success > STALE_SECONDS:
        found.append("stale")
    if plugin_state == "disabled":
        found.append("disabled")
    elif plugin_state != "active":
        found.append("plugin-missing")
    failed = registry.last_outcome == "failed"
    if (failed and registry.code in _SIGN_IN) or (needs_credentials and not registry.secrets):
        found.append("needs-sign-in")
    if failed and registry.code.removeprefix("proxy-") in _UNREACHABLE:
        found.append("unreachable")
    if registry.config.get("insecure_skip_verify"):
        found.append("insecure")
    if registry.default_id is not None:
        found.append("read-only")
    return found

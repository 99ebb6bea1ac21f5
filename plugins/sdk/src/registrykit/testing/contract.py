"""The contract of a registry type as tests to inherit.

    class TestAcme(RegistryTypeContract):
        registry_type = AcmeRegistry

        @pytest.fixture
        def registry(self):
            with serve_acme() as server:
                yield Served(config={"endpoint": server.url}, stop=server.stop)

Each test checks one clause and says in plain words what to change. The type runs in real worker
processes, so that one which hangs or crashes fails a test instead of ending the test run.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, get_args
from urllib.parse import quote

import pytest

from registrykit.certificates import presented
from registrykit.events import Complete, Document, Verdict
from registrykit.frames import Failed, pack
from registrykit.registry import RegistryType
from registrykit.sync import read_config
from registrykit.testing import observing
from registrykit.testing.elsewhere import ElsewhereClauses
from registrykit.testing.judging import broken, judge, unjudged
from registrykit.testing.listing import ListingClauses, is_digest
from registrykit.testing.observing import Dead, Inspection, Plan, Served, Synced
from registrykit.testing.processes import Outcome

__all__ = ["RegistryTypeContract", "Served"]

Look = TypeVar("Look")
_looks = pytest.StashKey[dict[tuple[type, str], Any]]()


class RegistryTypeContract(ElsewhereClauses, ListingClauses):
    """What every registry type promises; inherit it, name the type, and serve a registry.

    `conditional`: a run over an unchanged registry yields `Unchanged` and no version again.
    `has_documents`, `can_save`: the type implements `details`, `save`. `uses_http`: it reads a
    network. `deadline`: seconds that one call may take. `import_seconds`: those of the import.
    """

    registry_type: ClassVar[type[RegistryType[Any]]]
    conditional: ClassVar[bool] = True
    has_documents: ClassVar[bool] = False
    can_save: ClassVar[bool] = False
    uses_http: ClassVar[bool] = True
    deadline: ClassVar[float] = 30.0
    import_seconds: ClassVar[float] = 5.0

    # Looking: each look is taken when the first test asks for it, and kept for the class.

    @pytest.fixture
    def inspection(self, request: pytest.FixtureRequest) -> Inspection:
        return self._look(request, observing.inspect)

    @pytest.fixture
    def synced(self, request: pytest.FixtureRequest) -> Synced:
        return self._look(request, observing.synchronize)

    @pytest.fixture
    def checked(self, inspection: Inspection) -> Outcome:
        return inspection.check

    @pytest.fixture
    def cancelled(self, request: pytest.FixtureRequest, synced: Synced) -> Outcome:
        judge(synced)
        return self._look(request, observing.cancel)

    @pytest.fixture
    def dead(self, request: pytest.FixtureRequest, synced: Synced) -> Dead:
        judge(synced)
        return self._look(request, observing.outlive)

    def _look(self, request: pytest.FixtureRequest, look: Callable[[Plan, Served], Look]) -> Look:
        looks = request.config.stash.setdefault(_looks, {})
        key = (type(self), look.__name__)
        if key not in looks:
            plan = Plan(self.registry_type, self.deadline, self.has_documents, self.can_save)
            looks[key] = look(plan, request.getfixturevalue("registry"))
        found: Look = looks[key]
        return found

    # Secrets

    def test_secrets_do_not_show(self, inspection: Inspection, synced: Synced) -> None:
        """No secret of the configuration is in an address, an event, a log line or a message."""
        registry_type = self.registry_type()
        secrets: list[str] = []
        for served in (inspection.served, synced.served):
            secrets += self._secrets(read_config(registry_type, served.config))
        if not secrets:
            unjudged("The fixture's configuration fills in no secret field.")
        remedy = "Leave credentials to ctx.http, and never put them into text."
        for method, report in inspection.notes.get("pure", {}).items():
            if _shows(str(report.get("result")), secrets):
                broken(f"A secret is in what {method}() returns.", remedy)
        for outcome in [*synced.outcomes, inspection.check]:
            where = _where_secrets_show(outcome, secrets)
            if where:
                broken(f"A secret is in {where}.", remedy)

    # Documents and bytes

    def test_details_yield_documents(self, synced: Synced) -> None:
        """`details` yields documents of the version that was asked for."""
        if not self.has_documents:
            unjudged("The type has no documents (has_documents = False).")
        judge(synced)
        details = synced.details
        remedy = (
            "Yield Document(Ref(artifact.path, version.version), name, text) for what there is."
        )
        if details is None:
            broken("No version was found that could have documents.", "Serve one with a README.")
        if details.end != "finished":
            broken(f"details() did not finish. {details.told}", remedy)
        if details.missing:
            broken(f"details() failed: {details.missing[0].reason}", remedy)
        asked = {(artifact.path, version.version) for artifact, version in synced.asked}
        documents = [event for event in details.events if isinstance(event, Document)]
        if not documents:
            broken("details() yielded nothing for the first versions of the registry.", remedy)
        for document in documents:
            if (document.ref.path, document.ref.version) not in asked:
                broken(
                    f"details() yielded a document of {document.ref.path!r} "
                    f"{document.ref.version!r}, which was not asked for.",
                    remedy,
                )

    def test_save_matches_digest(self, synced: Synced) -> None:
        """`save` writes the bytes whose digest was listed, and returns a file name.

        That is `content_digest` where `digest` is the digest of something else.
        """
        if not self.can_save:
            unjudged("The type cannot save (can_save = False).")
        judge(synced)
        saved = synced.saved
        if saved is None:
            broken("No version was found that could be saved.", "Serve one with its bytes.")
        if saved.end != "finished":
            broken(f"save() did not finish. {saved.told}", "Write the bytes to stream.")
        if not saved.name or any(sign in saved.name for sign in "/\\:\0"):
            broken(
                f"save() returned {saved.name!r} as the file name.",
                "Return a bare name such as nginx-1.2.3.tgz.",
            )
        version = synced.asked[0][1]
        digest = version.content_digest or version.digest
        if not digest:
            return
        if not is_digest(digest):
            unjudged("The digest cannot be compared: see test_digests_are_well_formed.")
        algorithm, _, listed = digest.partition(":")
        if algorithm not in hashlib.algorithms_available:
            unjudged(f"The digest cannot be compared: {algorithm} is not known here.")
        if hashlib.new(algorithm, saved.content).hexdigest() != listed:
            broken(
                "save() wrote bytes that do not have the listed digest.",
                "Write the bytes as they came, and compare their digest before the end.",
            )

    # The connection check

    def test_check_stages(self, checked: Outcome) -> None:
        """The check of a healthy registry yields named stages, none of which fails."""
        remedy = "Yield Check(stage, verdict, message) once for each stage of the connection."
        if checked.end != "finished":
            broken(f"check() did not finish. {checked.told}", remedy)
        if not checked.checks:
            broken("check() yielded nothing.", remedy)
        stages = [check.stage for check in checked.checks]
        for check in checked.checks:
            if not check.stage or stages.count(check.stage) > 1:
                broken(f"check() yielded the stage {check.stage!r} more than once.", remedy)
            if check.verdict not in get_args(Verdict):
                broken(f"check() yielded the verdict {check.verdict!r}.", remedy)
            if check.verdict == "failed":
                broken(f"Of a healthy registry, {check.stage} failed: {check.message}", remedy)
            if check.verdict == "warning" and not (check.message and check.remedy):
                broken(f"The warning of {check.stage} says no message or remedy.", remedy)
            if check.certificate and presented(check.certificate) is None:
                broken(f"The certificate of {check.stage} is not one in PEM form.", remedy)

    # A registry that does not answer

    def test_sync_ends_on_cancel(self, cancelled: Outcome) -> None:
        """Cancelling ends a synchronization within two seconds, whatever it waits for."""
        remedy = "Use ctx.http and ctx.cancel.wait(), and never catch Cancelled."
        if cancelled.cancelled_after is None:
            unjudged("The synchronization ended before it waited for a connection.")
        took = cancelled.seconds - cancelled.cancelled_after
        if cancelled.end in ("timed-out", "endless"):
            broken(f"After it was cancelled, it went on for {took:.1f} seconds.", remedy)
        if cancelled.end not in ("finished", "failed"):
            broken(f"After it was cancelled, it ended badly. {cancelled.told}", remedy)
        failure = cancelled.failure
        if failure is not None and failure.kind != "cancelled":
            broken(f"Cancelling came out as another error: {cancelled.told}", remedy)

    def test_sync_survives_dead_registry(self, dead: Dead) -> None:
        """A registry that is gone makes `sync` raise a RegistryError, and completes nothing."""
        remedy = "Let the errors of ctx.http leave sync(), and yield Complete only after reading."
        if not self.uses_http:
            unjudged("The type reads no network (uses_http = False).")
        if any(isinstance(event, Complete) for event in dead.sync.events):
            broken("A registry that is gone was completed, so everything would be removed.", remedy)
        if dead.sync.end == "finished":
            broken("A registry that is gone was synchronized without an error.", remedy)
        if not _is_registry_error(dead.sync.failure):
            broken(f"A registry that is gone ended in a fault. {dead.sync.told}", remedy)

    def test_check_reports_dead_registry(self, dead: Dead) -> None:
        """The check of a registry that is gone fails in one of its stages."""
        remedy = 'Yield Check(stage, "failed", message, remedy=...) for what cannot be reached.'
        if not self.uses_http:
            unjudged("The type reads no network (uses_http = False).")
        failed = [check for check in dead.check.checks if check.verdict == "failed"]
        if dead.check.end == "finished" and not failed:
            broken("The check found nothing wrong with a registry that is gone.", remedy)
        if dead.check.end != "finished" and not _is_registry_error(dead.check.failure):
            broken(f"The check of a registry that is gone ended badly. {dead.check.told}", remedy)
        if any(not check.message or not check.remedy for check in failed):
            broken("A failed stage says no message or remedy.", remedy)


def _is_registry_error(failure: Failed | None) -> bool:
    return failure is not None and failure.kind != "plugin-fault"


def _where_secrets_show(outcome: Outcome, secrets: list[str]) -> str:
    for event in outcome.events:
        if _shows(str(event), secrets):
            return f"an event ({type(event).__name__})"
    if any(_shows(line.message, secrets) for line in outcome.log):
        return "a log line"
    said = (f"{check.message} {check.remedy} {check.certificate}" for check in outcome.checks)
    if any(_shows(text, secrets) for text in said):
        return "a stage of the check"
    if outcome.failure and _shows(pack(outcome.failure).decode("utf-8", "replace"), secrets):
        return "an error message"
    return "what is printed" if _shows(outcome.stderr, secrets) else ""


def _shows(text: str, secrets: list[str]) -> bool:
    """Say whether a secret stands in the text, as such or in the spelling of a URL or a header."""
    return any(
        spelling in text
        for secret in secrets
        for spelling in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode())
    )

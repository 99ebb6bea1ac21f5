"""Read an OCI registry: what it lists, manifests by tag and digest, and blobs (distribution-spec).

registry = Registry(ctx.http, read_address("registry.example.com"))
for name in registry.catalog(under="acme"):
    for tag in registry.tags(name):
        manifest = registry.manifest(name, tag)
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from registrykit.artifacts import lies_under
from registrykit.errors import BadAnswer, NotAllowed, NotFound, RegistryError, SignInFailed
from registrykit.http import Response
from registrykit.oci.addresses import Address
from registrykit.oci.asking import Asker, NoList, told
from registrykit.oci.blobs import SLACK, Blob, digest_mismatch, size_mismatch, whole_blob
from registrykit.oci.limits import OciLimits
from registrykit.oci.listing import Listing
from registrykit.oci.manifests import Descriptor, Index, Manifest, read_manifest
from registrykit.oci.media import ACCEPTED, IMAGES, INDEXES
from registrykit.oci.names import digest_of, is_digest, is_repository, is_tag, same_digest
from registrykit.oci.sign_in import CATALOG, Probe, Renewable, pull
from registrykit.urls import Credentials

if TYPE_CHECKING:
    from registrykit.http import Http

_LARGE = 256 * 1024
_NO_HEAD = frozenset((400, 405, 501))
_NOT_FOR_US = frozenset(
    (NotAllowed.default_code, SignInFailed.default_code, "needs-sign-in"),
)
_NO_CATALOG = frozenset((404, 405, 501))


class Registry:
    """One OCI registry, read by one run; safe to use from several threads.

    `credentials` are those of `http` unless given; a function gives such as run out. `http` has to
    be open to `address.origins`. Names of repositories are whole, with the base of the address:
    see `Address.repository`.
    """

    def __init__(
        self,
        http: Http,
        address: Address,
        credentials: Credentials | Renewable | None = None,
        *,
        limits: OciLimits | None = None,
    ) -> None:
        self.http = http
        self.address = address
        self.limits = limits or OciLimits()
        self._asker = Asker(http, address, credentials, self.limits)
        self.sign_in = self._asker.sign_in
        self._large = threading.Lock()

    def probe(self) -> Probe:
        """Return what the registry says to strangers; it is asked once."""
        return self.sign_in.probe()

    def verify_sign_in(self) -> None:
        """Ask for `/v2/` as the user; raise `SignInFailed` if that is refused."""
        api = self.address.api
        self._asker.signed(
            "",
            lambda authorization: self.http.get(
                api,
                authorization=authorization,
                expect=self._asker.expected | {404},
                max_bytes=64 * 1024,
            ),
        )

    # Lists

    def catalog(self, under: str = "", *, enough: int | None = None) -> Listing:
        """Return the names of all repositories at or under a path; with `enough` only so many.

        Raises `NotAllowed` with the code `catalog-not-allowed`, or `NotFound` with `no-catalog`,
        where the registry shows no list: what is in it has to be known then.
        """
        host = self.address.origin.authority
        try:
            return self._asker.listing(
                self.address.url("_catalog"),
                "repositories",
                CATALOG,
                is_repository,
                wanted=lambda name: lies_under(name, under),
                enough=enough,
                none=_NO_CATALOG,
            )
        except NoList as answer:
            raise NotFound(
                f"{host} has no list of its repositories.",
                cause=answer.cause,
                remedy="Enter the paths of the repositories.",
                code="no-catalog",
            ) from None
        except (NotAllowed, SignInFailed) as error:
            if error.code not in _NOT_FOR_US:
                raise
            if isinstance(error, SignInFailed) and not self._lets_in():
                raise
            if self.sign_in.credentials:
                message = "Signed in, but this account may not list repositories."
                remedy = "Enter repository paths, or use a Harbor system robot."
            else:
                message = f"{host} does not show everybody the list of its repositories."
                remedy = "Enter repository paths, or sign in as somebody who may list them."
            raise NotAllowed(
                message,
                cause=error.cause,
                remedy=remedy,
                code="catalog-not-allowed",
            ) from None

    def _lets_in(self) -> bool:
        """Say whether whoever asks is let in elsewhere, so that it is the list that is closed."""
        is_open = self.probe().status != 401
        if is_open or not self.sign_in.credentials:
            # Where nobody is asked for a password, it may be the password that is wrong.
            return is_open and not self.sign_in.credentials
        try:
            self.verify_sign_in()
        except (NotAllowed, SignInFailed):
            return False
        return True

    def tags(self, repository: str) -> Listing:
        """Return the tags of a repository; raise `NotFound` if there is none, `no-repository`."""
        url = self._asker.url(repository, "tags", "list")

        def judge(answer: dict[str, Any]) -> None:
            name = answer.get("name")
            if name is not None and not _same_name(name, repository):
                raise BadAnswer(
                    f"Asked for the tags of {repository}, the registry gave those of another one.",
                    cause=f"It calls it {str(name)[:200]!r}.",
                    remedy="Tell the registry's owner.",
                    code="wrong-repository",
                )

        try:
            return self._asker.listing(url, "tags", pull(repository), is_tag, judge=judge)
        except RegistryError as error:
            raise told(error, "repository", "", repository) from None

    # Manifests

    def manifest(self, repository: str, reference: str, *, size: int | None = None) -> Manifest:
        """Return the manifest of a tag or digest; raise `NotFound` if there is none, `no-manifest`.

        What is asked for by digest has that digest, and the `size` if one is given, or is refused
        with the code `digest-mismatch` or `size-mismatch`.
        """
        found = self._manifest(repository, reference, "", size)
        assert found is not None
        return found

    def changed_manifest(self, repository: str, tag: str, etag: str) -> Manifest | None:
        """Return the manifest of a tag, or None if it is still that of which `etag` was."""
        return self._manifest(repository, tag, etag, None)

    def digest(self, repository: str, reference: str) -> str:
        """Return the digest of a manifest, without reading it where the registry tells it."""
        url = self._asker.url(repository, "manifests", reference)

        def send(authorization: str) -> Response:
            return self.http.head(
                url,
                accept=ACCEPTED,
                authorization=authorization,
                expect=self._asker.expected | _NO_HEAD,
            )

        try:
            response = self._asker.signed(pull(repository), send)
        except RegistryError as error:
            raise told(error, "manifest", reference, repository) from None
        said = response.headers.get("docker-content-digest", "")
        if response.status not in _NO_HEAD and is_digest(said):
            return said
        return self.manifest(repository, reference).digest

    def images(self, manifest: Manifest) -> Iterator[tuple[Descriptor | None, Manifest]]:
        """Yield what an index leads to, each once, with the entry that led there.

        A manifest leads to itself. Entries of types that are not known are passed over; what lies
        deeper than the limits allow is an error.
        """
        seen = {manifest.digest}
        waiting: list[tuple[int, Descriptor | None, Manifest]] = [(0, None, manifest)]
        while waiting:
            depth, pointer, found = waiting.pop(0)
            if not isinstance(found.document, Index):
                yield pointer, found
                continue
            if depth >= self.limits.depth:
                raise BadAnswer(
                    f"The index {manifest.reference} of {manifest.repository} is too deep.",
                    cause=f"Indexes are followed {self.limits.depth} deep.",
                    remedy="Ask the owner of the registry to push it without indexes in indexes.",
                    code="index-nested",
                )
            for child in found.document.manifests:
                if child.digest in seen or child.media_type not in IMAGES | INDEXES:
                    continue
                if len(seen) > self.limits.children:
                    raise too_many_children(manifest, self.limits)
                seen.add(child.digest)
                inner = self.manifest(manifest.repository, child.digest, size=child.size)
                waiting.append((depth + 1, child, inner))

    # Blobs

    @contextmanager
    def blob(self, repository: str, descriptor: Descriptor) -> Iterator[Blob]:
        """Give a blob piece by piece; its size and digest are checked while it is read.

        It may come from another public host, which gets no sign-in. Reading ends with `BadAnswer`,
        `digest-mismatch` or `size-mismatch`, if these were not the right bytes.
        """
        url = self._asker.url(repository, "blobs", descriptor.digest)
        opened = self._asker.stream(pull(repository), url, descriptor.size + SLACK)
        with ExitStack() as stack:
            try:
                download = stack.enter_context(opened)
            except RegistryError as error:
                raise told(error, "blob", descriptor.digest, repository) from None
            yield Blob(download, descriptor)

    def read_blob(self, repository: str, descriptor: Descriptor, at_most: int = 0) -> bytes:
        """Return a whole blob of at most `at_most` bytes (by default 4 MiB).

        If it is damaged or breaks off it is asked for once more.
        """
        url = self._asker.url(repository, "blobs", descriptor.digest)
        limit = at_most or self.limits.blob

        def send(authorization: str) -> Response:
            return self.http.get(
                url,
                decode=False,
                authorization=authorization,
                expect=self._asker.expected,
                elsewhere=True,
                max_bytes=descriptor.size + SLACK,
            )

        try:
            return whole_blob(lambda: self._asker.signed(pull(repository), send), descriptor, limit)
        except RegistryError as error:
            raise told(error, "blob", descriptor.digest, repository) from None

    def _manifest(
        self, repository: str, reference: str, etag: str, size: int | None
    ) -> Manifest | None:
        url = self._asker.url(repository, "manifests", reference)

        def send(authorization: str) -> Response:
            return self.http.get(
                url,
                accept=ACCEPTED,
                etag=etag,
                authorization=authorization,
                expect=self._asker.expected,
                max_bytes=self.limits.manifest,
            )

        try:
            response = self._asker.signed(pull(repository), send)
        except RegistryError as error:
            raise told(error, "manifest", reference, repository) from None
        if response.not_modified:
            return None
        content = response.body
        said = reference
        if not is_digest(said):
            said = response.headers.get("docker-content-digest", "")
        digest = digest_of(content, said) if is_digest(said) else digest_of(content)
        if is_digest(said) and not same_digest(digest, said):
            raise digest_mismatch(f"The manifest {reference} of {repository}", said, digest)
        if size is not None and len(content) != size:
            raise size_mismatch(Descriptor("", reference, size), len(content))
        # What is being parsed takes far more room than its bytes.
        with self._large if len(content) > _LARGE else nullcontext():
            media_type, document = read_manifest(content, response.headers.get("content-type", ""))
        return Manifest(repository, reference, digest, media_type, content, document, response.etag)


def too_many_children(manifest: Manifest, limits: OciLimits) -> BadAnswer:
    """Return the error for an index that leads to more manifests than anybody follows."""
    return BadAnswer(
        f"The index {manifest.reference} of {manifest.repository} is too long.",
        cause=f"At most {limits.children:,} manifests are read.",
        remedy="Ask the owner of the registry what it is for.",
        code="index-too-long",
    )


def _same_name(told: object, asked: str) -> bool:
    """Say whether a name is that of a repository, as servers behind another path spell it."""
    return isinstance(told, str) and (
        told == asked or told.endswith(f"/{asked}") or asked.endswith(f"/{told}")
    )

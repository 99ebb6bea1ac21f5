"""What a caller asks for: method, place and fields, and what of them goes along to each place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from registrykit.urls import Url

# Sent along with redirects to other places; further fields are for the place asked first.
_NEUTRAL = frozenset(
    ("accept", "accept-encoding", "if-modified-since", "if-none-match", "if-range", "range")
)


@dataclass(frozen=True, slots=True)
class Call:
    """One call; `deadline` is in seconds for all of it.

    `authorization` takes the place of what the client signs in with: for the origin of `url` and
    no other, and empty for none. With `elsewhere` it may be redirected to every public host, bare.
    Statuses in `expect` are answers and no errors. `hidden` are secrets in `content`.
    """

    method: str
    url: Url
    fields: dict[str, str]
    deadline: float
    authorization: str | None = None
    expect: frozenset[int] = frozenset()
    elsewhere: bool = False
    content: bytes = b""
    hidden: tuple[str, ...] = field(default=(), repr=False)

    def away(self) -> Call:
        """Return what is left of the call once it was sent to another origin, and back again."""
        fields = {name: self.fields[name] for name in self.fields if name in _NEUTRAL}
        return replace(self, fields=fields, authorization=self.authorization and "")

    def fields_for(self, standing: str, *, own: bool) -> dict[str, str]:
        """Return the caller's fields for one place; `standing` is the client's own sign-in."""
        fields = self.fields
        if self.authorization is None:
            if not own:
                return {name: fields[name] for name in fields if name != "authorization"}
            if standing and "authorization" not in fields:
                return {**fields, "authorization": standing}
        elif self.authorization:
            return {**fields, "authorization": self.authorization}
        return fields

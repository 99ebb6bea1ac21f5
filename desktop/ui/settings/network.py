"""Settings: how the network is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desktop.ui.parts.facts import Fact, Facts
from desktop.ui.parts.note import Note
from desktop.ui.parts.text import label, visible
from desktop.ui.session import Session
from desktop.ui.settings.saving import stored_settings
from desktop.ui.settings.section import Section
from desktop.ui.settings.setting import Setting
from desktop.ui.tasks import Latest
from registrykit.forms import Choice, FieldSpec

if TYPE_CHECKING:
    from desktop.engine.network import Network
    from desktop.engine.settings import Settings

OWN = "own"


class NetworkSection(Section):
    """Proxy, what is reached without it, and which certificates are trusted besides."""

    def __init__(self, session: Session) -> None:
        super().__init__(
            session,
            self.tr("Network"),
            self.tr(
                "Holds for every registry. Changes count from the next connection on; "
                "synchronizations that run now go on as they began."
            ),
        )
        self._latest = Latest()
        self._choosing = False
        self._found = False
        self._note = Note()
        self.add(self._note, gap=8)
        self._proxy = Setting(
            FieldSpec(
                "proxy_kind",
                "choice",
                self.tr("Proxy"),
                choices=(
                    Choice("system", self.tr("As the system says")),
                    Choice("none", self.tr("None")),
                    Choice(OWN, self.tr("Own proxy")),
                ),
            )
        )
        self._proxy.field.changed.connect(self._chosen)
        self.add_setting(self._proxy)
        self._facts = Facts()
        self._said = label("", "secondary", wrap=True)
        self._proxy.below.addWidget(self._said)
        self._proxy.below.addWidget(self._facts)
        self._url = Setting(
            FieldSpec(
                "proxy_url",
                "url",
                self.tr("Address of the proxy"),
                help=self.tr(
                    "An HTTP proxy without user name and password, since settings are stored in "
                    "the open."
                ),
                placeholder="http://proxy.example.com:3128",
            )
        )
        self._url.decided.connect(self._entered)
        self._until = label(
            self.tr("Until an address is entered, the proxy stays what it was."), "secondary"
        )
        self._url.below.addWidget(self._until)
        self.add_setting(self._url)
        self._no_proxy = Setting(
            FieldSpec(
                "no_proxy",
                "list",
                self.tr("Reached without a proxy"),
                help=self.tr(
                    "Hosts, domains with everything below them, or networks; one on each line."
                ),
                placeholder="example.com\n10.0.0.0/8",
            )
        )
        self._no_proxy.decided.connect(
            lambda hosts: self.keep(self._no_proxy, hosts, no_proxy=hosts)
        )
        self.add_setting(self._no_proxy)
        self._spared = label("", "secondary", wrap=True)
        self._no_proxy.below.addWidget(self._spared)
        self.add_part(self.tr("Certificates"))
        self._certificate = Setting(
            FieldSpec(
                "ca_certificate",
                "pem",
                self.tr("Additional CA certificate"),
                help=self.tr(
                    "Trusted for every registry, besides what this computer trusts. For one "
                    "registry alone, give it with that registry's connection."
                ),
            )
        )
        self.add_setting(self._certificate, "ca_certificate")
        self.column.addStretch(1)

    def show_stored(self) -> None:
        super().show_stored()
        stored = stored_settings(self.session)
        kind = stored.proxy if stored.proxy in ("system", "none") else OWN
        if not self._choosing:
            self._proxy.show_stored(kind)
        self._url.show_stored(stored.proxy if kind == OWN else "")
        self._no_proxy.show_stored(list(stored.no_proxy))
        self._arrange()
        if self.session.is_ready:
            app = self.session.app
            self._latest.of(
                self.session.tasks.ask(self, app.network, lambda found: self._tell(found, stored))
            )

    def _arrange(self) -> None:
        kind = self._proxy.value
        self._url.setVisible(kind == OWN)
        self._until.setVisible(self._choosing)
        self._said.setVisible(kind == "system" and bool(self._said.text()))
        self._facts.setVisible(kind == "system" and self._found)

    def _tell(self, network: Network, stored: Settings) -> None:
        """Say what the system says, and what the command line decided for this time."""
        found = [] if stored.proxy != "system" else _servers(network)
        self._facts.show_facts([Fact(scheme, address) for scheme, address in found])
        self._found = bool(found)
        self._said.setText(
            self.tr("The system says:") if found else self.tr("The system names no proxy now.")
        )
        spared = [host for host in network.no_proxy if host not in stored.no_proxy]
        self._spared.setText(
            self.tr("Besides, as the system says: {hosts}").format(hosts=", ".join(spared))
        )
        self._spared.setVisible(bool(spared))
        notes = []
        if network.offline:
            notes.append(
                self.tr(
                    "Offline: the program was started so that it contacts nothing. What was "
                    "synchronized before can be read; start it without --offline to go on."
                )
            )
        if network.proxy != stored.proxy:
            notes.append(
                self.tr(
                    "Started with --proxy {proxy}, which counts instead of what is set below."
                ).format(proxy=_address(network.proxy))
            )
        self._note.say("\n".join(notes))
        self._arrange()

    def _chosen(self) -> None:
        kind = self._proxy.value
        stored = stored_settings(self.session).proxy
        # Nothing else is in force before there is an address.
        self._choosing = kind == OWN and stored in ("system", "none")
        for setting in (self._proxy, self._url):
            setting.trouble.hide()
        self._arrange()
        if kind == OWN:
            self._url.field.focus()
        elif kind != stored:
            self.keep(self._proxy, kind, proxy=kind)

    def _entered(self, url: str) -> None:
        if not url:
            self.show_stored()
            return
        self.change(
            lambda: self.session.app.settings.change(proxy=url),
            lambda _settings: self._saved(),
            lambda error: self._url.fail(error, url),
        )

    def _saved(self) -> None:
        self._choosing = False
        self._url.trouble.hide()


def _servers(network: Network) -> list[tuple[str, str]]:
    """Return scheme and address of the system's proxies, without passwords."""
    return [
        (f"{scheme}://" if scheme != "all" else scheme, _address(url))
        for scheme, url in network.proxies.items()
    ]


def _address(url: str) -> str:
    from registrykit.errors import BadConfig
    from registrykit.proxies import ProxyServer

    if url in ("none", "system"):
        return url
    try:
        return str(ProxyServer.of(url).origin)
    except BadConfig as error:
        # Not the URL itself: it may hold a password.
        return f"{error} {visible(error.cause)}".strip()

"""A login that was pasted with a URL, on its way to the fields that it belongs in."""

from __future__ import annotations

from desktop.ui.forms.form import FormView
from desktop.ui.forms.row import FieldRow
from registrykit.urls import split_login


class PastedLogin:
    """Taken out of the URL when it is there, given to the form when that is there."""

    def __init__(self) -> None:
        self._login: tuple[str, str] | None = None

    def take(self, field: FieldRow, form: FormView | None) -> str:
        """Leave a URL without its login in the field, and return it."""
        entered: str = field.field.value()
        found = split_login(entered)
        if found is None:
            return entered
        self._login = found[1:]
        field.field.set_value(found[0])
        self.give(form)
        return found[0]

    def give(self, form: FormView | None) -> None:
        """Enter what was taken into the form; one without such fields never gets it."""
        if form is None or self._login is None:
            return
        login, self._login = self._login, None
        for name, value in form.spec.login(*login).items():
            form.set_value(name, value)

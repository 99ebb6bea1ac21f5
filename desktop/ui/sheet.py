"""The style sheet: what the palette alone cannot say.

Widgets choose among these rules by a property, `kind`, set through `styled`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from desktop.paths import resource

if TYPE_CHECKING:
    from desktop.ui.theme import Colors

W = TypeVar("W", bound=QWidget)


def styled(widget: W, kind: str) -> W:
    """Give a widget one of the kinds below; may be changed while it is shown."""
    if (widget.property("kind") or "") != kind:
        widget.setProperty("kind", kind)
        # One that was not polished yet takes its rules when it is.
        if widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
            widget.style().unpolish(widget)
            widget.style().polish(widget)
    return widget


def _tick(c: Colors) -> str:
    return resource(f"controls/tick-{'dark' if c.dark else 'light'}.svg").as_posix()


def sheet(c: Colors) -> str:
    """Return the style sheet in these colors."""
    # One gray that is seen on light and dark: a style sheet cannot tint a picture.
    chevron = resource("app/chevron.svg").as_posix()
    return f"""
* {{ outline: none; }}
QToolTip {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.hairline};
    padding: 4px 6px; }}

QLabel[kind="title"] {{ font-size: 20px; font-weight: 600; color: {c.text}; }}
QLabel[kind="section"] {{ font-size: 15px; font-weight: 600; color: {c.text}; }}
QLabel[kind="strong"] {{ font-weight: 600; }}
QLabel[kind="secondary"] {{ color: {c.secondary}; }}
QLabel[kind="caption"] {{ font-size: 11px; color: {c.faint}; }}
QLabel[kind="group"] {{ font-size: 11px; font-weight: 600; color: {c.faint}; }}
QLabel[kind="hover"] {{ font-size: 11px; color: {c.secondary}; background: {c.raised};
    border: 1px solid {c.hairline}; padding: 3px 8px; }}
QLabel[kind="good"] {{ color: {c.good}; }}
QLabel[kind="busy"] {{ color: {c.busy}; }}
QLabel[kind="quiet"] {{ color: {c.quiet}; }}
QLabel[kind="attention"] {{ color: {c.attention}; }}
QLabel[kind="bad"] {{ color: {c.bad}; }}
QLabel[kind="code"], QPlainTextEdit[kind="code"] {{ font-family: monospace; font-size: 12px; }}

QFrame[kind="hairline"] {{ background: {c.hairline}; border: none; max-height: 1px;
    min-height: 1px; }}
QFrame[kind="upright"] {{ background: {c.hairline}; border: none; max-width: 1px;
    min-width: 1px; }}
QFrame[kind="sidebar"] {{ background: {c.sidebar}; border: none;
    border-right: 1px solid {c.hairline}; }}
QFrame[kind="header"] {{ background: {c.window}; border: none;
    border-bottom: 1px solid {c.hairline}; }}
QFrame[kind="panel"] {{ background: {c.surface}; border: none; }}
QFrame[kind="list"] {{ background: {c.window}; border: none;
    border-right: 1px solid {c.hairline}; }}
QFrame[kind="card"] {{ background: {c.raised}; border: 1px solid {c.hairline};
    border-radius: 8px; }}
QFrame[kind="card"]:hover[clickable="true"], QFrame[kind="card"]:focus {{
    border-color: {c.accent}; }}
QFrame[kind="card-attention"] {{ background: {c.attention_soft}; border-radius: 8px;
    border: 1px solid {c.attention_soft}; }}
QFrame[kind="card-bad"] {{ background: {c.bad_soft}; border-radius: 8px;
    border: 1px solid {c.bad_soft}; }}
QFrame[kind="card-busy"], QFrame[kind="banner"] {{ background: {c.busy_soft};
    border: none; border-radius: 8px; }}
QFrame[kind="banner"] {{ border-radius: 0; border-bottom: 1px solid {c.hairline}; }}
QFrame[kind="notice"] {{ background: {c.text}; border-radius: 8px; }}
QFrame[kind="notice"] QLabel {{ color: {c.window}; }}
QFrame[kind="notice"] QPushButton {{ background: transparent; border: none;
    color: {c.window}; font-weight: 600; padding: 4px 8px; text-decoration: underline; }}
QFrame[kind="notice"] QPushButton:focus {{ border: 1px solid {c.window}; border-radius: 4px; }}

QPushButton {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.hairline};
    border-radius: 6px; padding: 5px 12px; min-height: 18px; }}
QPushButton:hover {{ background: {c.hover}; }}
QPushButton:pressed {{ background: {c.selected}; }}
QPushButton:focus {{ border-color: {c.accent}; }}
QPushButton:disabled {{ color: {c.disabled}; }}
QPushButton[kind="primary"] {{ background: {c.accent}; color: {c.on_accent};
    border-color: {c.accent}; font-weight: 600; }}
QPushButton[kind="primary"]:hover {{ border-color: {c.text}; }}
QPushButton[kind="primary"]:focus {{ border: 2px solid {c.text}; padding: 4px 11px; }}
QPushButton[kind="primary"]:disabled {{ background: {c.hover}; color: {c.disabled};
    border-color: {c.hairline}; }}
QPushButton[kind="link"] {{ background: transparent; border: 1px solid transparent;
    color: {c.accent}; padding: 2px 0; text-align: left; }}
QPushButton[kind="link"]:hover {{ text-decoration: underline; }}
QPushButton[kind="link"]:focus {{ border-color: {c.accent}; }}
QPushButton[kind="link"]:disabled {{ color: {c.disabled}; }}
QPushButton[kind="danger"] {{ color: {c.bad}; }}
QPushButton::menu-indicator {{ image: none; width: 0; }}

QToolButton {{ background: transparent; border: 1px solid transparent; border-radius: 6px;
    padding: 4px; color: {c.text}; }}
QToolButton:hover {{ background: {c.hover}; }}
QToolButton:pressed, QToolButton:checked {{ background: {c.selected}; }}
QToolButton:focus {{ border-color: {c.accent}; }}
QToolButton::menu-indicator {{ image: none; width: 0; }}
QToolButton[kind="navigation"] {{ text-align: left; padding: 6px 10px; font-size: 13px;
    color: {c.secondary}; }}
QToolButton[kind="navigation"]:checked {{ background: {c.selected}; color: {c.text};
    font-weight: 600; }}
QToolButton[kind="chip"], QToolButton[kind="chip-chosen"] {{ border: 1px solid {c.hairline};
    border-radius: 11px; padding: 2px 9px; color: {c.secondary}; }}
QToolButton[kind="chip"]:checked, QToolButton[kind="chip-chosen"] {{
    border-color: {c.accent}; color: {c.text}; }}
QToolButton[kind="chip"]:focus, QToolButton[kind="chip-chosen"]:focus {{ border-color: {c.text}; }}
QToolButton[kind="chip-symbol"] {{ border: 1px solid {c.hairline}; border-radius: 11px;
    padding: 2px 2px 2px 8px; color: {c.secondary}; }}
QToolButton[kind="chip-symbol"]:checked {{ border-color: {c.accent}; color: {c.text}; }}
QToolButton[kind="chip-symbol"]:focus {{ border-color: {c.text}; }}

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QComboBox {{ background: {c.surface};
    color: {c.text}; border: 1px solid {c.hairline}; border-radius: 6px; padding: 5px 8px;
    selection-background-color: {c.accent}; selection-color: {c.on_accent}; }}
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QComboBox:focus {{
    border-color: {c.accent}; }}
QLineEdit[kind="wrong"], QPlainTextEdit[kind="wrong"], QComboBox[kind="wrong"],
QSpinBox[kind="wrong"] {{ border-color: {c.bad}; }}
QLineEdit:read-only, QPlainTextEdit[kind="locked"] {{ background: {c.window};
    color: {c.secondary}; }}
QLineEdit:disabled, QPlainTextEdit:disabled, QComboBox:disabled, QSpinBox:disabled {{
    background: {c.window}; color: {c.secondary}; }}
QLineEdit[kind="search"] {{ background: {c.hover}; border-color: transparent; padding: 6px 10px; }}
QLineEdit[kind="search"]:focus {{ background: {c.surface}; border-color: {c.accent}; }}
QPlainTextEdit[kind="document"] {{ border: none; border-radius: 0; padding: 0; }}
QComboBox::drop-down {{ border: none; width: 22px; }}
QComboBox::down-arrow {{ image: url({chevron}); width: 12px; height: 12px; }}
QComboBox QAbstractItemView {{ background: {c.raised}; border: 1px solid {c.hairline};
    selection-background-color: {c.selected}; selection-color: {c.text}; padding: 4px; }}
QTextBrowser {{ background: {c.surface}; border: none; }}

QCheckBox, QRadioButton {{ spacing: 8px; padding: 2px; border: 1px solid transparent;
    border-radius: 4px; }}
QCheckBox:focus, QRadioButton:focus {{ border-color: {c.accent}; }}

QCheckBox::indicator, QRadioButton::indicator, QListView::indicator {{ width: 14px; height: 14px;
    border: 1px solid {c.faint}; background: {c.surface}; }}
QCheckBox::indicator, QListView::indicator {{ border-radius: 4px; }}
QRadioButton::indicator {{ border-radius: 8px; }}
QCheckBox::indicator:checked, QListView::indicator:checked {{
    background: {c.accent}; border-color: {c.accent};
    image: url("{_tick(c)}"); }}
QRadioButton::indicator:checked {{ width: 6px; height: 6px; border: 5px solid {c.accent};
    background: {c.on_accent}; }}
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled {{ border-color: {c.hairline}; }}
QRadioButton[kind="segment"] {{ background: {c.raised}; border: 1px solid {c.hairline};
    border-radius: 6px; padding: 5px 10px; spacing: 0; }}
QRadioButton[kind="segment"]::indicator {{ width: 0; height: 0; image: none; border: none; }}
QRadioButton[kind="segment"]:hover {{ background: {c.hover}; }}
QRadioButton[kind="segment"]:checked {{ background: {c.selected}; border-color: {c.accent}; }}
QRadioButton[kind="segment"]:focus {{ border: 2px solid {c.accent}; padding: 4px 9px; }}
QRadioButton[kind="segment"]:disabled {{ color: {c.disabled}; }}
QToolButton[kind="fold"] {{ padding: 3px 6px 3px 0; font-weight: 600; color: {c.text}; }}

QAbstractItemView {{ background: {c.window}; border: none; selection-background-color:
    {c.selected}; selection-color: {c.text}; }}
QListView[kind="sections"] {{ background: transparent; }}
QListView[kind="sections"]::item {{ color: {c.secondary}; padding: 6px 8px; margin: 1px 0;
    border: 1px solid transparent; border-radius: 6px; }}
QListView[kind="sections"]::item:hover {{ background: {c.hover}; }}
QListView[kind="sections"]::item:selected {{ background: {c.selected}; color: {c.text}; }}
QListView[kind="sections"]::item:focus {{ border-color: {c.accent}; }}
QTreeView, QTableView {{ background: {c.surface}; gridline-color: {c.hairline};
    alternate-background-color: {c.surface}; }}
QTableView[kind="plain"], QTableView[kind="plain"] QHeaderView,
QTableView[kind="plain"] QHeaderView::section {{ background: {c.window}; }}
QTableView:focus, QTreeView:focus, QListView:focus {{ border: none; }}
QHeaderView {{ background: {c.surface}; border: none; }}
QHeaderView::section {{ background: {c.surface}; color: {c.secondary}; border: none;
    border-bottom: 1px solid {c.hairline}; padding: 6px 8px; font-size: 11px; }}
QHeaderView::section:hover {{ color: {c.text}; }}
QTableCornerButton::section {{ background: {c.surface}; border: none; }}

QTabBar {{ border: none; }}
QTabBar::tab {{ background: transparent; color: {c.secondary}; border: none;
    border-bottom: 2px solid transparent; padding: 6px 2px; margin-right: 14px; }}
QTabBar::tab:selected {{ color: {c.text}; border-bottom-color: {c.accent}; }}
QTabBar::tab:hover {{ color: {c.text}; }}
QTabBar:focus {{ border: none; }}
QTabBar::tab:focus {{ color: {c.accent}; }}
QTabWidget[documentMode="true"]::tab-bar {{ left: 16px; }}
QTabWidget::pane {{ border: none; border-top: 1px solid {c.hairline}; }}

QMenu {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.hairline}; padding: 4px; }}
QMenu::item {{ padding: 6px 24px 6px 12px; border-radius: 4px; }}
QMenu::item:selected {{ background: {c.selected}; }}
QMenu::item:disabled {{ color: {c.disabled}; }}
QMenu::separator {{ height: 1px; background: {c.hairline}; margin: 4px 8px; }}
QMenu::icon {{ padding-left: 8px; }}

QProgressBar {{ background: {c.hover}; border: none; border-radius: 2px; max-height: 4px;
    min-height: 4px; }}
QProgressBar::chunk {{ background: {c.accent}; border-radius: 2px; }}

QScrollArea {{ border: none; background: transparent; }}
QScrollArea > QWidget > QWidget {{ background: transparent; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 2px; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 2px; }}
QScrollBar::handle {{ background: {c.hairline}; border-radius: 3px; min-height: 32px;
    min-width: 32px; }}
QScrollBar::handle:hover {{ background: {c.faint}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QAbstractScrollArea::corner {{ background: transparent; border: none; }}
QSplitter::handle {{ background: {c.hairline}; }}
QSplitter::handle:horizontal {{ width: 1px; }}
QSplitter::handle:vertical {{ height: 1px; }}
"""

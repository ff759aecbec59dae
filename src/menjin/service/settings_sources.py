"""Where settings come from beside `menjin.toml`: variables of the environment, and the files that settings name."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from menjin.adapters.sqlalchemy.engines import find_fault_of_file
from menjin.errors import ConfigurationError, Fault

NO_SECTION = "no such section 没有这个配置段"
_UNREADABLE = "无法读取"


def unreadable(where: str, error: Exception) -> ConfigurationError:
    """Return the fault of a secret file; a decoder's own words would quote its bytes."""
    told = f"{type(error).__name__}: {error}" if isinstance(error, OSError) else "is no UTF-8 text"
    return ConfigurationError([Fault(where, f"{told} {_UNREADABLE}")])


def check_file(url: str) -> None:
    """See that a SQLite file can be used, if the URL names one.

    Raises:
        ConfigurationError: It cannot; it is told with its path.
    """
    fault = find_fault_of_file(url)
    if fault is not None:
        raise ConfigurationError([Fault("database.url", fault)])


def _find_section(variable: str) -> tuple[str, bool]:
    """Return the section that a variable of the environment may name, and whether it has the form of a key in one.

    The section is empty where the variable is none of ours.
    """
    prefix, _, name = variable.upper().partition("_")
    section, is_key, _ = name.partition("__")
    return (section.lower(), bool(is_key)) if prefix == "MENJIN" else ("", False)


def is_setting(variable: str, sections: Collection[str]) -> bool:
    """Whether a variable of the environment says something of a section."""
    return _find_section(variable)[0] in sections


def find_unknown(variables: Iterable[str], sections: Collection[str]) -> list[Fault]:
    """Return the variables that look like settings, `MENJIN_X__Y`, of a section that there is not."""
    found = ((variable, *_find_section(variable)) for variable in sorted(variables))
    return [Fault(variable, NO_SECTION) for variable, section, is_key in found if is_key and section not in sections]

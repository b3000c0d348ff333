"""Settings of training from a TOML file and from the command line, over those of a preset.

    v2f train gan ... --config my.toml --set adversarial.learning_rate=1e-4

A file has a section for each stage; it may hold those of all stages. Sections are named as in SECTIONS and hold the
fields of the stage's dataclass:

    [speaker]
    batch = 64
    crops.shortest = 2.0
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from v2f.errors import V2FError

SECTIONS = ("speaker", "pack", "adversarial", "portrait", "gender", "matcher")
SETTINGS = "settings"  # in the provenance of weights: those of every stage, as JSON
KEPT = {  # that follow from the data, or from the stage before
    "networks": ("encoder", "generator", "image_size"),
    "adversarial": ("networks",),
    "portrait": ("networks",),
}

Config = TypeVar("Config")


class SettingsError(V2FError):
    """A file of settings cannot be read, or a setting is not known or has no such value."""


def with_settings(config: Config, section: str, file: Path | None, given: Sequence[str]) -> Config:
    """A stage's settings, changed by its section of a file and then by those `given` as "section.name=value".

    Raises SettingsError where a name is not known, here or in another section, or a value is of another type.
    """
    if file is not None:
        sections = _read(file)
        _require_known(sections, SECTIONS, f"{file}: ")
        config = _changed(config, sections.get(section, {}), f"{file}: {section}")
    for assignment in given:
        name, equals, value = assignment.partition("=")
        stage, *path = name.strip().split(".")
        if not equals or not path:
            raise SettingsError(f"--set takes SECTION.NAME=VALUE, not {assignment!r}.")
        _require_known([stage], (section,), "--set: ")
        changes: Any = _value(value.strip())
        for step in reversed(path):
            changes = {step: changes}
        config = _changed(config, changes, stage)
    return config


def recorded(section: str, config: Any, before: str = "") -> str:
    """Settings of a stage and those of the stages before it, `before`, as the provenance keeps them."""
    return json.dumps({**json.loads(before or "{}"), section: asdict(config)}, sort_keys=True)


def lines(settings: str) -> list[str]:
    """Settings that `recorded` gave, a line each, as `--set` takes them."""

    def walk(name: str, value: Any) -> list[str]:
        if isinstance(value, dict):
            return [
                line for key, part in value.items() for line in walk(f"{name}.{key}" if name else key, part)
            ]
        return [f"{name}={value if isinstance(value, str) else json.dumps(value)}"]

    return walk("", json.loads(settings))


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not TOML: {error}.") from error


def _value(text: str) -> Any:
    """A value as in TOML; what is none is a word."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _changed(config: Config, changes: Any, where: str) -> Config:
    assert is_dataclass(config)
    if not isinstance(changes, dict):
        raise SettingsError(f"{where} is a section of settings, not {changes!r}.")
    hints = get_type_hints(type(config))
    kept = KEPT.get(where.split(": ")[-1].split(".")[-1], ())
    _require_known(changes, [field.name for field in fields(config) if field.name not in kept], f"{where}: ")
    new = {}
    for name, value in changes.items():
        if is_dataclass(hints[name]):
            new[name] = _changed(getattr(config, name), value, f"{where}.{name}")
        else:
            new[name] = _typed(value, hints[name], f"{where}.{name}")
    try:
        return replace(config, **new)  # type: ignore[type-var]
    except ValueError as error:  # a configuration that looks at its own values
        raise SettingsError(f"{where}: {error}.") from error


def _typed(value: Any, hint: Any, where: str) -> Any:
    """A value as a field of this type takes it."""
    if get_origin(hint) is Literal and value in get_args(hint):
        return value
    if get_origin(hint) is tuple and isinstance(value, list) and len(value) == len(get_args(hint)):
        return tuple(_typed(one, kind, where) for one, kind in zip(value, get_args(hint), strict=True))
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is hint:
        return value
    raise SettingsError(f"{where} takes {_named(hint)}, not {value!r}.")


def _named(hint: Any) -> str:
    """A type in words."""
    if get_origin(hint) is Literal:
        return " or ".join(get_args(hint))
    if get_origin(hint) is tuple:
        return f"a list of {len(get_args(hint))} numbers"
    return {bool: "true or false", int: "a whole number", float: "a number"}.get(hint, "a word")


def _require_known(names: Mapping[str, Any] | Sequence[str], known: Sequence[str], where: str) -> None:
    for name in names:
        if name not in known:
            raise SettingsError(f"{where}there is no setting {name!r}; there are: {', '.join(known)}.")

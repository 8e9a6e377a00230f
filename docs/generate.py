"""Fill in the tables of docs/reference/ from the code itself, so that they cannot fall behind.

A page is written by hand but for what stands between ``<!-- generated: NAME -->`` and
``<!-- end -->``. Run this after a change to the scenario, the evidence, the command or the
errors; a test compares.

    python docs/generate.py
"""  # noqa: INP001 - a script beside the pages, not a package

from __future__ import annotations

import json
import re
import tomllib
from inspect import getdoc
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

from fedmerit import errors
from fedmerit.auditing.catalogue import CHECKS
from fedmerit.bundle import schemas as evidence
from fedmerit.bundle import vertical_schemas as joint
from fedmerit.bundle.directory import PROGRESS, Progress
from fedmerit.bundle.encoding import ENCODING, EncodingDocument
from fedmerit.chain import Commitment, Deployment, Drawn, Ledger, Receipt, Transcript
from fedmerit.commands.app import app
from fedmerit.incentives import MECHANISMS, METHODS
from fedmerit.incentives.mechanisms import MEANING, WHERE, Mechanism, Property
from fedmerit.kinds.recorded.document import RECORDED, RecordedDocument
from fedmerit.scenario.catalogue import catalogue
from fedmerit.scenario.kinds import all_kinds
from fedmerit.scenario.model import Scenario
from fedmerit.scenario.parts import scenario_part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    #: A JSON schema, as pydantic makes one.
    Schema = dict[str, Any]

PAGES: Final = sorted((Path(__file__).parent / "reference").glob("*.md"))

#: The documents of a bundle, in the order in which a run begins them.
DOCUMENTS: Final[Mapping[str, type]] = MappingProxyType(
    {
        evidence.RUN: evidence.RunDocument,
        evidence.FEDERATION: evidence.FederationDocument,
        ENCODING: EncodingDocument,
        "training/0001.json": evidence.RoundNotes,
        evidence.TRAINING: evidence.TrainingDocument,
        RECORDED: RecordedDocument,
        joint.VERTICAL: joint.VerticalDocument,
        joint.MESSAGES: joint.MessagesDocument,
        evidence.BIDS: evidence.BidsDocument,
        evidence.VALUATION: evidence.ValuationDocument,
        joint.OPINIONS: joint.OpinionsDocument,
        evidence.OUTCOME: evidence.OutcomeDocument,
        evidence.ACCOUNTS: evidence.AccountsDocument,
        evidence.COMMITMENT: Commitment,
        evidence.DEPLOYMENT: Deployment,
        evidence.DRAWN: Drawn,
        evidence.RECEIPT: Receipt,
        evidence.LEDGER: Ledger,
        evidence.TRANSCRIPT: Transcript,
        evidence.TIMINGS: evidence.TimingsDocument,
        PROGRESS: Progress,
    }
)

#: What fields mean that the code leaves to their names: by document, or for any.
FIELDS: Final = tomllib.loads(Path(__file__).with_name("fields.toml").read_text("utf-8"))

_BLOCK: Final = re.compile(r"(?<=<!-- generated: )(\w+) -->\n.*?(?=<!-- end -->)", re.DOTALL)
_FACT: Final = re.compile(
    r"^(Source|Assumes|Cost|Choose it): (.+(?:\n[ ]*(?!\w[\w ]*:)\S.*)*)", re.MULTILINE
)
_ATTRIBUTE: Final = re.compile(r"^    (\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)


def filled(page: str) -> str:
    """Give *page*, a page's text, with every generated part made afresh."""
    return _BLOCK.sub(lambda found: f"{found[1]} -->\n\n{PARTS[found[1]]()}\n\n", page)


def settings() -> str:
    """Give a table of settings for each section of a scenario."""
    tables = [_sections(Scenario.model_json_schema())]
    known = set(Scenario.model_fields)
    for kind in all_kinds():  # sections that a scenario of this kind alone has
        schema = scenario_part(kind).MODEL.model_json_schema()
        only = {n: s for n, s in schema["properties"].items() if n not in known}
        if only:
            tables.append(_sections({**schema, "properties": only}, top=False))
    return "\n\n".join(tables)


def _sections(schema: Schema, *, top: bool = True) -> str:
    sections = [("Top level", schema)] if top else []
    for name, spec in schema["properties"].items():
        if inner := _inner(spec, schema):
            sections.append((f"`[[{name}]]`" if "items" in spec else f"`[{name}]`", inner))
            nested = {key: _inner(part, schema) for key, part in inner["properties"].items()}
            listed = {key for key, part in inner["properties"].items() if "items" in part}
            sections += [
                (f"`[[{name}.{key}]]`" if key in listed else f"`[{name}.{key}]`", deep)
                for key, deep in nested.items()
                if deep
            ]
    return "\n\n".join(_settings(title, section, schema) for title, section in sections)


def names() -> str:
    """Give a table for each kind of name that a scenario may use."""
    return "\n\n".join(
        f"### {kind}\n\n" + _table(("name", "what it is"), ((f"`{k}`", v) for k, v in of.items()))
        for kind, of in catalogue().items()
    )


def documents() -> str:
    """Give a table of fields for each JSON document of a bundle."""
    return "\n\n".join(_document(name, kind) for name, kind in DOCUMENTS.items())


def command() -> str:
    """Give every command with its options, as cyclopts documents them."""
    commands = app.generate_docs().partition("## fedmerit run")
    # Usage lines depend on how this very process was started; the options say it all.
    text = re.sub(r"```console\n.*?```\n+", "", "".join(commands[1:]), flags=re.DOTALL)
    return re.sub(r"<(\w+)>", r"\<\1>", text).strip()


def methods() -> str:
    """Give a section for each valuation method, from what its function says of itself."""
    return "\n\n".join(_method(name, str(getdoc(METHODS[name]))) for name in METHODS)


def mechanisms() -> str:
    """Give a section for each mechanism, from what it says and claims."""
    return "\n\n".join(_mechanism(each) for each in MECHANISMS.values())


def claims() -> str:
    """Give a table of what mechanisms may promise."""
    rows = ((f"`{claim}`", meaning) for claim, meaning in MEANING.items())
    return _table(("claim", "what it says"), rows)


def conditions() -> str:
    """Give a table of what claims may be bound to."""
    rows = ((f"`{condition}`", text) for condition, text in WHERE.items())
    return _table(("condition", "it holds where"), rows)


def checks() -> str:
    """Give a table of an audit's checks."""
    rows = ((f"`{known.id}`", name, known.says) for name, known in CHECKS.items())
    return _table(("id", "name", "what is held against what"), rows)


def errors_() -> str:
    """Give the tree of errors, as their module draws it."""
    drawn = str(getdoc(errors)).partition("::\n\n")[2].partition("\n\n")[0]
    return f"```text\n{drawn.replace(chr(10) + '    ', chr(10)).strip()}\n```"


PARTS: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {
        "settings": settings,
        "names": names,
        "documents": documents,
        "command": command,
        "errors": errors_,
        "methods": methods,
        "mechanisms": mechanisms,
        "claims": claims,
        "checks": checks,
        "conditions": conditions,
    }
)


def _method(name: str, says: str) -> str:
    about = says.partition("\nSource:")[0]
    facts = _FACT.findall(says)
    if [label for label, _ in facts] != ["Source", "Assumes", "Cost", "Choose it"]:
        raise SystemExit(f"{name} must say its Source, Assumes, Cost and Choose it")
    table = _table(("", ""), ((label, _prose(fact)) for label, fact in facts))
    text = "\n\n".join(map(_prose, about.strip().split("\n\n")))
    text = re.sub(r":\w+:`~?(?:\w+\.)*(\w+)`", r"`\1`", text)
    return f"### `{name}`\n\n{text}\n\n{table}".replace("2**n", r"2\*\*n")


def _mechanism(mechanism: Mechanism) -> str:
    says = str(getdoc(mechanism))
    about = re.split(r"\n(?:Args|Raises|Source|Cost):", says)[0]
    facts = dict(_FACT.findall(says))
    if list(facts) != ["Source", "Cost"]:
        raise SystemExit(f"{mechanism.name} must say its Source and its Cost")
    promised = [_claimed(mechanism, claim) for claim in Property if claim in mechanism.claims]
    rows = [
        ("Promises", ", ".join(promised)),
        ("Needs", ", ".join(sorted(mechanism.needs)) or "nothing"),
        ("Rounding", _rounding(mechanism)),
        *((label, _prose(fact)) for label, fact in facts.items()),
    ]
    told = dict(_ATTRIBUTE.findall(says.partition("Args:")[2]))
    rows += [
        (f"`{name}`", f"{_prose(told[name])} Default: `{_setting(default)}`.")
        for name, default in mechanism.defaults.items()
    ]
    text = "\n\n".join(map(_prose, about.strip().split("\n\n")))
    return f"### `{mechanism.name}`\n\n{text}\n\n{_table(('', ''), rows)}".replace("**", r"\*\*")


def _rounding(mechanism: Mechanism) -> str:
    """Say how far a payment is from what is due at most."""
    model = mechanism.model
    if model.pays_in_models:
        return "qualities to a millionth of the best model's"
    if model.merges:
        return "less than n base units above what is due, of n members, or less than one below"
    beside = f", beside {float(model.precision):.0e} of the budget" if model.precision else ""
    return f"less than a base unit from what is due{beside}"


def _claimed(mechanism: Mechanism, claim: Property) -> str:
    """Give what is claimed, and the conditions that it is bound to."""
    domain = ", ".join(f"`{condition}`" for condition in sorted(mechanism.domains[claim]))
    return f"`{claim}`" + (f" (where {domain})" if domain else "")


def _setting(value: object) -> str:
    return f"{value:_}" if isinstance(value, int) and value >= 10**4 else str(value)


def _settings(title: str, section: Schema, schema: Schema) -> str:
    needed = section.get("required", ())
    rows = []
    for name, spec in section["properties"].items():
        if _inner(spec, schema):
            continue
        default = "required" if name in needed else _literal(spec["default"])
        rows.append((f"`{name}`", _form(spec), default, _prose(spec["description"])))
    about = _prose(section.get("description", ""))
    table = _table(("setting", "form", "default", "meaning"), rows)
    return f"### {title}\n\n{about}\n\n{table}"


def _document(name: str, kind: type) -> str:
    schema = TypeAdapter(kind).json_schema(mode="serialization")
    parts = [f"### `{name}`", _about(schema), _fields(kind.__name__, schema)]
    for inner, spec in schema.get("$defs", {}).items():
        parts += [f"**{_called(inner)}**: {_about(spec)}", _fields(inner, spec)]
    return "\n\n".join(parts)


def _fields(kind: str, schema: Schema) -> str:
    said = dict(_ATTRIBUTE.findall(schema.get("description", ""))) | FIELDS.get(kind, {})
    rows = []
    for name, spec in schema["properties"].items():
        what = spec.get("description") or said.get(name) or FIELDS[name]
        rows.append((f"`{name}`", _form(spec), _prose(what)))
    return _table(("field", "form", "meaning"), rows)


def _about(schema: Schema) -> str:
    first = _prose(schema.get("description", "").partition("\n\n")[0])
    sentence = re.sub(r"^`[^`]+`: ", "", first)
    return sentence[:1].upper() + sentence[1:]


def _called(kind: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r" \1", kind.removesuffix("Document")).lower()


def _inner(spec: Schema, schema: Schema) -> Schema | None:
    """Give the section that a setting is, or is a list of."""
    references: list[str] = re.findall(r"#/\$defs/(\w+)", json.dumps(spec))
    return schema["$defs"][references[0]] if references else None


def _form(spec: Schema) -> str:
    """Say in words what JSON schema *spec* allows."""
    if "$ref" in spec:
        return _called(spec["$ref"].rpartition("/")[2])
    if "enum" in spec:
        return ", ".join(f"`{choice}`" for choice in spec["enum"])
    if "anyOf" in spec:
        choices = (choice for choice in spec["anyOf"] if choice.get("type") != "null")
        return " or ".join(dict.fromkeys(map(_form, choices)))
    return _many(spec) or _plain(spec)


def _many(spec: Schema) -> str:
    if items := spec.get("items"):
        return f"{'some' if 'enum' in items else 'list'} of {_form(items)}"
    if by_address := spec.get("patternProperties"):
        return f"by address: {_form(*by_address.values())}"
    if by_name := spec.get("additionalProperties"):
        return f"by name: {_form(by_name)}"
    return ""


def _plain(spec: Schema) -> str:
    pattern = spec.get("pattern", "")
    if spec.get("type") == "string":
        if "ge" in spec:
            return "base units, digits"
        forms = {"{64}": "32 bytes, hex", "{40}": "address", "{2}": "bytes, hex"}
        return next((form for mark, form in forms.items() if mark in pattern), "text")
    word = {"integer": "integer", "number": "number", "boolean": "true or false"}
    signs = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
    limits = [f"{sign} {spec[key]}" for key, sign in signs.items() if spec.get(key, 2**53) < 2**53]
    return " ".join([word.get(spec.get("type", ""), "any"), ", ".join(limits)]).strip()


def _literal(value: object) -> str:
    if value is None:
        return "absent"
    big = isinstance(value, int) and value >= 10**15
    return f"`{value:_}`" if big else f"`{json.dumps(value)}`"


def _prose(text: str) -> str:
    return " ".join(text.split()).replace("``", "`").replace("|", r"\|")


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = tuple(head)
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> Iterator[Path]:
    """Bring every page up to date, and give those that were not."""
    for page in PAGES:
        before = page.read_text("utf-8")
        if (after := filled(before)) != before:
            page.write_text(after, "utf-8")
            yield page


if __name__ == "__main__":
    for changed in main():
        print(changed)  # noqa: T201 - a script that prints

"""A contract for import-linter: what a part of the program may import, all else being refused."""

import sys
from typing import Any

from importlinter import Contract, ContractCheck, fields, output


class OnlyImports(Contract):
    """Each of the `parts` imports itself, and of all else only what is `allowed`.

    `a.b` names one module, `a.*` those directly below it, `a.b.**` it and all below it; as a part, `a.*.**`
    stands for `a.b.**`, `a.c.**` and so on, each a part of its own. Libraries are refused unless they are
    named; the standard library is not looked at.
    """

    type_name = "only_imports"

    parts = fields.ListField(subfield=fields.StringField())
    allowed = fields.ListField(subfield=fields.StringField())

    def check(self, graph: Any, verbose: bool) -> ContractCheck:
        parts: list[str] = self.parts  # type: ignore[assignment]
        allowed: list[str] = self.allowed  # type: ignore[assignment]
        modules = sorted(graph.modules)
        expanded = [whole for part in parts for whole in _expand(part, modules)]
        refused = []
        for module in modules:
            part = next((part for part in expanded if _within(module, part)), None)
            if part is None:
                continue
            for imported in sorted(graph.find_modules_directly_imported_by(module)):
                if imported.partition(".")[0] in sys.stdlib_module_names:
                    continue
                if not any(_within(imported, name) for name in (part, *allowed)):
                    details = graph.get_import_details(importer=module, imported=imported)
                    lines = ", ".join(str(detail["line_number"]) for detail in details)
                    refused.append(f"{module} imports {imported} (line {lines})")
        return ContractCheck(kept=not refused, metadata={"refused": refused})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for line in check.metadata["refused"]:
            output.print_error(line, bold=False)
        output.new_line()


def _expand(part: str, modules: list[str]) -> list[str]:
    folder, star, _ = part.partition(".*.**")
    return [f"{module}.**" for module in modules if _within(module, f"{folder}.*")] if star else [part]


def _within(module: str, name: str) -> bool:
    if name.endswith(".**"):
        package = name.removesuffix(".**")
        return module == package or module.startswith(f"{package}.")
    if name.endswith(".*"):
        return module.rpartition(".")[0] == name.removesuffix(".*")
    return module == name

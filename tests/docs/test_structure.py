"""What pages say of the code's files is there, and structure.md passes over no room."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.docs.pages import ROOT, text

PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("README.md", "docs/*.md", "benchmarks/**/README.md")
    for path in ROOT.glob(pattern)
)
PACKAGES = ("benchmarks", "inference", "sim_bridge", "streamer", "tests")


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_names_exist(page: str) -> None:
    named = re.findall(rf"`((?:{'|'.join(PACKAGES)})/[\w./]+)`", text(page))
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("package", ["inference", "sim_bridge", "streamer"])
def test_every_folder_stands_in_the_table_of_its_package(package: str) -> None:
    page = text("docs/structure.md")
    rows = page.partition(f"\n| `{package}` |")[2].partition("\n\n")[0]
    folders = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
    assert folders
    assert {name for name in folders if f"`{name}/`" not in rows} == set()


def test_the_table_has_the_order_that_lint_holds() -> None:
    page = text("docs/structure.md")
    tools = tomllib.loads(text("pyproject.toml"))["tool"]
    for contract in tools["importlinter"]["contracts"]:
        if contract["type"] == "layers":
            rows = page.partition(f"\n| `{contract['containers'][0]}` |")[2].partition("\n\n")[0]
            found = re.findall(r"`(\w+)(?:/|\.py)`", rows)
            floor = {n: i for i, layer in enumerate(contract["layers"]) for n in layer.split(" | ")}
            assert found
            assert [floor[name] for name in found] == sorted(floor[name] for name in found)

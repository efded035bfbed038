"""Which files a source names, and which of them may be read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from segmentd.facts.imports.errors import SourceRefusedError, SourceUnreadableError
from segmentd.facts.imports.places import Places

TREE = ("a.csv", "b.parquet", "in/x1.csv", "in/x2.csv", "in/y[1].csv", "in/deep/x3.csv", ".hidden", "in/_tmp/z.csv")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with files."""
    for name in TREE:
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return tmp_path / "root"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", ["a.csv", "b.parquet", "in/deep/x3.csv", "in/x1.csv", "in/x2.csv", "in/y[1].csv"]),
        ("/in/", ["in/deep/x3.csv", "in/x1.csv", "in/x2.csv", "in/y[1].csv"]),
        ("/a.csv", ["a.csv"]),
        ("/.hidden", [".hidden"]),
        ("/*.csv", ["a.csv"]),
        ("/*", ["a.csv", "b.parquet"]),
        ("/in/x?.csv", ["in/x1.csv", "in/x2.csv"]),
        ("/in/x[13].csv", ["in/x1.csv"]),
        ("/in/x[!1].csv", ["in/x2.csv"]),
        ("/**/x*.csv", ["in/deep/x3.csv", "in/x1.csv", "in/x2.csv"]),
        ("/**/*.parquet", ["b.parquet"]),
        ("/i?/x1.csv", ["in/x1.csv"]),
        ("/in/y[[]1].csv", ["in/y[1].csv"]),
        ("/in/x[1-2].cs[!a-b]", ["in/x1.csv", "in/x2.csv"]),
        ("/in/x[+-9].csv", ["in/x1.csv", "in/x2.csv"]),
        ("/in/y[1].csv", ["in/y[1].csv"]),
    ],
)
def test_sources_name_files_in_one_order(root: Path, source: str, expected: list[str]) -> None:
    """A file, a folder with those below it, or a glob, always in the order of the paths; hidden files by name only."""
    found = Places((root,)).find(f"{root}{source}").files
    assert [file.path.removeprefix(f"{root}/") for file in found] == expected
    assert {file.size for file in found} == {1}


@pytest.mark.parametrize(
    "source",
    ["/none", "/none/*.csv", "/in/*.json", "/in[+-9]x1.csv", "/in/[z-a]", f"/{'*a' * 100_000}"],
)
def test_what_is_not_there(root: Path, source: str) -> None:
    """A source without files is an error, not an empty import."""
    with pytest.raises(SourceUnreadableError):
        Places((root,)).find(f"{root}{source}")


def test_globs_take_linear_time(root: Path) -> None:
    """A glob of many wildcards is looked for as quickly as one of few: trying all their lengths would take years."""
    (root / ("a" * 200)).write_text("x")
    for glob in ("*a" * 50 + "*b", "**a" * 50 + "b", "**/" * 50 + "b"):
        with pytest.raises(SourceUnreadableError):
            Places((root,)).find(f"{root}/{glob}")


def test_links_out_of_a_root_are_refused(root: Path, tmp_path: Path) -> None:
    """A link may lead to another file below the root and nowhere else, wherever in a path it stands."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "s.csv").write_text("x")
    (root / "inside.csv").symlink_to(root / "a.csv")
    assert Places((root,)).find(f"{root}/inside.csv").files
    (root / "outside.csv").symlink_to(tmp_path / "secret" / "s.csv")
    (root / "folder").symlink_to(tmp_path / "secret")
    for source in ("/outside.csv", "/folder/s.csv", "/folder/*.csv", "/*.csv", ""):
        with pytest.raises(SourceRefusedError):
            Places((root,)).find(f"{root}{source}")


def test_a_root_may_itself_be_a_link(root: Path, tmp_path: Path) -> None:
    """What the operator names is what counts, links in its own path included."""
    (tmp_path / "alias").symlink_to(root)
    assert Places((tmp_path / "alias",)).find(f"{tmp_path}/alias/a.csv").files


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("relative.csv", "a path of the server's machine is absolute"),
        ("/root/../etc/passwd", "a path has no .."),
        ("/etc/passwd", "the server reads what lies below"),
        ("file:///etc/passwd", "a URI begins with s3://, gs://, abfss://"),
        ("s3://user:word@bank/x.csv", "a URI has no credentials"),
        ("abfss://container:word@account.dfs.core.windows.net/x", "a URI has no credentials"),
        ("s3://other/x.csv", "the server reads what lies below"),
        ("s3://bank/../other/x.csv", "a path has no .."),
    ],
)
def test_refusals_say_why(root: Path, source: str, why: str) -> None:
    """Each refusal says which rule it is by, and never repeats what could be a secret."""
    with pytest.raises(SourceRefusedError, match=re.escape(why)) as refused:
        Places((root,), ("s3://bank/in/", "abfss://container@account.dfs.core.windows.net/")).find(source)
    assert "word" not in refused.value.message.replace("passwd", "")


def test_a_server_without_places_says_how_to_get_some() -> None:
    """The error names the options of the server."""
    with pytest.raises(SourceRefusedError, match="without --import-root and --import-remote"):
        Places().find("/data/a.csv")


def test_a_remote_is_a_uri_of_a_known_kind() -> None:
    """Anything else is a mistake of the operator's, told at start."""
    with pytest.raises(ValueError, match="does not begin with s3://, gs:// or abfss://"):
        Places((), ("ftp://bank/",))

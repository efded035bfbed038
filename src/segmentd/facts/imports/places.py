"""Where files may be imported from, and the files that a path, a folder, a glob or a URI names, in one order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs as pafs

from segmentd.facts.imports.errors import SourceRefusedError, SourceUnreadableError
from segmentd.facts.imports.model import SourceFile

REMOTE_SCHEMES: Final = ("s3", "gs", "abfss")
MAX_FILES: Final = 10_000

_WILDCARD: Final = re.compile(r"[*?\[]")
_GLOB_PARTS: Final = re.compile(r"\*\*/|\*\*|\*|\?|\[[^\]/]+\]|[^*?\[]+|\[")
_CLASS_PARTS: Final = re.compile(r"(.)-(.)|.", re.DOTALL)
_WILD_PATTERNS: Final = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")


@dataclass(frozen=True, slots=True, eq=False)
class FoundFiles:
    """Files of one filesystem, by path, each as it was when they were found."""

    filesystem: pafs.FileSystem
    files: tuple[SourceFile, ...]


@dataclass(frozen=True, slots=True)
class Places:
    """What the operator of the server allows to be imported.

    `roots`: folders of this machine; what lies below them, symbolic links resolved. `remotes`: folders as URIs, such
    as `s3://landing/bank/`, or `s3://` for all that the server's own credentials open. ValueError for other URIs.
    """

    roots: tuple[Path, ...] = ()
    remotes: tuple[str, ...] = ()
    _resolved: tuple[Path, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        for remote in self.remotes:
            if not remote.startswith(tuple(f"{scheme}://" for scheme in REMOTE_SCHEMES)):
                raise ValueError(f"{remote!r} does not begin with s3://, gs:// or abfss://")
        object.__setattr__(self, "_resolved", tuple(root.resolve() for root in self.roots))

    def find(self, source: str) -> FoundFiles:
        """The files that a source names. Raises SourceRefusedError, SourceUnreadableError where there are none."""
        scheme = _SCHEME.match(source)
        try:
            found = self._find_remote(source, scheme[1]) if scheme else self._find_local(source)
        except (OSError, pa.ArrowException, ValueError) as error:
            raise SourceUnreadableError(source, error) from error
        if not found.files:
            raise SourceUnreadableError(source, "there are no files; those whose names begin with . or _ are left out")
        if len(found.files) > MAX_FILES:
            raise SourceUnreadableError(
                source, f"there are {len(found.files)} files, and at most {MAX_FILES} are taken"
            )
        return found

    def open(self, source: str) -> pafs.FileSystem:
        """The filesystem that a source's files are in. Raises SourceRefusedError."""
        scheme = _SCHEME.match(source)
        return self._connect(source, scheme[1])[0] if scheme else pafs.LocalFileSystem()

    def check_local(self, path: str, source: str) -> None:
        """Raise SourceRefusedError unless a path leads, links resolved, to below a root."""
        resolved = Path(path).resolve()
        if not any(resolved.is_relative_to(root) for root in self._resolved):
            raise SourceRefusedError(source, self._allowed())

    def _find_local(self, source: str) -> FoundFiles:
        if not source.startswith("/"):
            raise SourceRefusedError(source, "a path of the server's machine is absolute")
        if ".." in PurePosixPath(source).parts:
            raise SourceRefusedError(source, "a path has no ..")
        self.check_local(_fixed_part(source), source)
        found = _files_of(pafs.LocalFileSystem(), source)
        for file in found.files:
            self.check_local(file.path, source)
        return found

    def _find_remote(self, source: str, scheme: str) -> FoundFiles:
        filesystem, path = self._connect(source, scheme)
        return _files_of(filesystem, path)

    def _connect(self, source: str, scheme: str) -> tuple[pafs.FileSystem, str]:
        if scheme not in REMOTE_SCHEMES:
            raise SourceRefusedError(source, f"a URI begins with {', '.join(f'{each}://' for each in REMOTE_SCHEMES)}")
        parts = urlsplit(source.replace("?", "%3F"))
        # The account of Azure's URIs stands where others have a user: `abfss://container@account.dfs.core.windows.net/`.
        user = parts.username if scheme != "abfss" else parts.password
        if user or parts.password:
            raise SourceRefusedError("…", "a URI has no credentials: the server's environment has them")
        if ".." in unquote(parts.path).split("/"):
            raise SourceRefusedError(source, "a path has no ..")
        if not any(f"{source}/".startswith(f"{remote.rstrip('/')}/") for remote in self.remotes):
            raise SourceRefusedError(source, self._allowed())
        fixed = _fixed_part(source)
        filesystem, base = pafs.FileSystem.from_uri(fixed)
        return filesystem, base.rstrip("/") + source[len(fixed.rstrip("/")) :]

    def _allowed(self) -> str:
        allowed = [*map(str, self.roots), *self.remotes]
        if not allowed:
            return "the server was started without --import-root and --import-remote, so it reads no files"
        return f"the server reads what lies below {', '.join(allowed)}"


def _files_of(filesystem: pafs.FileSystem, path: str) -> FoundFiles:
    info = filesystem.get_file_info(path)
    if info.type == pafs.FileType.File:  # its name may look like a glob
        return FoundFiles(filesystem, (_source_file(info),))
    if _WILDCARD.search(path):
        return FoundFiles(filesystem, _matching(_below(filesystem, _fixed_part(path)), path))
    if info.type == pafs.FileType.NotFound:
        raise SourceUnreadableError(path, "there is no such file or folder")
    return FoundFiles(filesystem, tuple(_below(filesystem, path)))


def _below(filesystem: pafs.FileSystem, folder: str) -> list[SourceFile]:
    """All files in a folder and the folders in it, by path; hidden ones, and those such as `_SUCCESS`, are left out."""
    selector = pafs.FileSelector(folder.rstrip("/") or "/", recursive=True, allow_not_found=True)
    files = [_source_file(info) for info in filesystem.get_file_info(selector) if info.type == pafs.FileType.File]
    start = len(folder.rstrip("/"))
    return sorted((file for file in files if not _is_hidden(file.path[start:])), key=lambda file: file.path)


def _is_hidden(path: str) -> bool:
    return any(part.startswith((".", "_")) and "=" not in part for part in path.split("/"))


def _source_file(info: pafs.FileInfo) -> SourceFile:
    return SourceFile(info.path, info.size or 0, (info.mtime_ns or 0) // 1_000)


def _fixed_part(path: str) -> str:
    """The folders of a path before its first wildcard."""
    wildcard = _WILDCARD.search(path)
    return path if wildcard is None else path[: path.rindex("/", 0, wildcard.start()) + 1]


def _matching(files: Sequence[SourceFile], glob: str) -> tuple[SourceFile, ...]:
    """The files whose paths a glob names. RE2 finds them in linear time, whatever the glob, beside other threads."""
    paths = pa.array([file.path for file in files], pa.string())
    named = pc.match_substring_regex(paths, rf"(?s)\A(?:{_pattern(glob)})\z").to_pylist()
    return tuple(file for file, is_named in zip(files, named, strict=True) if is_named)


def _pattern(path: str) -> str:
    """The regular expression of a glob: `*`, `?` and `[…]` stay within a name, `**` crosses folders."""
    parts = _GLOB_PARTS.findall(path)
    return "".join(_part_pattern(part) for part in parts)


def _part_pattern(part: str) -> str:
    if part.startswith("[") and part.endswith("]") and len(part) > 2:
        is_negated = part[1] == "!"
        inside = _CLASS_PARTS.sub(_class_pattern, part[2 if is_negated else 1 : -1])
        return f"[^/{inside}]" if is_negated else f"[{inside}]"
    return _WILD_PATTERNS.get(part) or re.escape(part)


def _class_pattern(part: re.Match[str]) -> str:
    """A character, or a range of them, without the slash."""
    first, last = part[1], part[2]
    if first is None:
        return re.escape(part[0])
    ranges = ((first, "."), ("0", last)) if first < "/" < last else ((first, last),)
    return "".join(f"{re.escape(start)}-{re.escape(end)}" for start, end in ranges)

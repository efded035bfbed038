"""Wrong requests about import jobs, to a server that was started to import nothing."""

from __future__ import annotations

from typing import Any

from segmentd.api.v1 import import_job_pb2 as imports
from tests.server.bank import MAIN
from tests.server.wrong.request import FOREIGN, Wrong

MAPPING = "kind: account\nid: id\nfields: {kind: kind}\n"
JOB = f"{MAIN}/importJobs/none"


def _import(mapping: str = MAPPING, source: str = "/data/a.csv", **fields: Any) -> imports.ImportRecordsRequest:
    fields.setdefault("parent", MAIN)
    return imports.ImportRecordsRequest(mapping=mapping, source=source, **fields)


def _of_unknown_kind() -> imports.ImportRecordsRequest:
    request = _import()
    request.kind = 77  # type: ignore[assignment]
    return request


IMPORTS = [
    Wrong("ImportRecords", "no parent", _import(parent=""), "FIELD_REQUIRED", "parent"),
    Wrong("ImportRecords", "no source", _import(source=""), "FIELD_REQUIRED", "source"),
    Wrong("ImportRecords", "no mapping", _import(""), "FIELD_REQUIRED", "mapping"),
    Wrong("ImportRecords", "no kind", _import("id: id\nfields: {kind: kind}"), "FIELD_REQUIRED", "kind"),
    Wrong("ImportRecords", "unknown kind", _of_unknown_kind(), "INVALID_FIELD", "kind"),
    Wrong("ImportRecords", "id in capitals", _import(import_job_id="A"), "INVALID_FIELD", "import_job_id"),
    Wrong("ImportRecords", "unknown key", _import("kinds: account"), "INVALID_MAPPING", "mapping"),
    Wrong(
        "ImportRecords",
        "folder that is not allowed",
        _import(source="/etc/passwd"),
        "IMPORT_SOURCE_REFUSED",
        "source",
        "FAILED_PRECONDITION",
    ),
    Wrong(
        "ImportRecords",
        "bucket that is not allowed",
        _import(source="s3://bank/a.csv"),
        "IMPORT_SOURCE_REFUSED",
        "source",
        "FAILED_PRECONDITION",
    ),
    Wrong(
        "ImportRecords",
        "unknown ledger",
        _import(parent="ledgers/other"),
        "LEDGER_NOT_FOUND",
        None,
        "NOT_FOUND",
    ),
    Wrong("GetImportJob", "no name", imports.GetImportJobRequest(), "FIELD_REQUIRED", "name"),
    Wrong("GetImportJob", "no form", imports.GetImportJobRequest(name=MAIN), "INVALID_RESOURCE_NAME", "name"),
    Wrong("GetImportJob", "unknown", imports.GetImportJobRequest(name=JOB), "IMPORT_JOB_NOT_FOUND", None, "NOT_FOUND"),
    Wrong("ListImportJobs", "no parent", imports.ListImportJobsRequest(), "FIELD_REQUIRED", "parent"),
    Wrong(
        "ListImportJobs",
        "foreign token",
        imports.ListImportJobsRequest(parent=MAIN, page_token=FOREIGN),
        "INVALID_PAGE_TOKEN",
        "page_token",
    ),
    Wrong(
        "CancelImportJob",
        "unknown",
        imports.CancelImportJobRequest(name=JOB),
        "IMPORT_JOB_NOT_FOUND",
        None,
        "NOT_FOUND",
    ),
    Wrong(
        "WatchImportJob", "unknown", imports.WatchImportJobRequest(name=JOB), "IMPORT_JOB_NOT_FOUND", None, "NOT_FOUND"
    ),
    Wrong(
        "ListImportRejects",
        "unknown",
        imports.ListImportRejectsRequest(parent=JOB),
        "IMPORT_JOB_NOT_FOUND",
        None,
        "NOT_FOUND",
    ),
    Wrong(
        "ListImportRejects",
        "negative page",
        imports.ListImportRejectsRequest(parent=JOB, page_size=-1),
        "INVALID_FIELD",
        "page_size",
    ),
]

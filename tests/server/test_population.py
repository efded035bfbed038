"""The population that a server is started with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segmentd.api.v1 import attribute_service_pb2 as attributes
from segmentd.api.v1 import ledger_service_pb2 as ledgers
from segmentd.errors import ErrorReason, SegmentdError
from segmentd.server.app import running_server
from segmentd.server.config import ServerConfig
from tests.server.api import Api
from tests.server.bank import MAIN


@contextmanager
def served(directory: Path, table: pa.Table | None) -> Iterator[Api]:
    """A server in the directory, whose population is the table if there is one."""
    path = directory / "customers.parquet"
    if table is not None:
        pq.write_table(table, path)
    config = ServerConfig(
        data_dir=directory / "data",
        port=0,
        threads=1,
        drain_s=1.0,
        population=None if table is None else path,
        currency="CZK",
        time_zone="Europe/Prague",
    )
    with running_server(config) as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        yield Api(channel)


def main_ledger(api: Api) -> ledgers.Ledger:
    """Ledger `main`."""
    found: ledgers.Ledger = api.call("GetLedger", ledgers.GetLedgerRequest(name=MAIN))
    return found


CUSTOMERS = pa.table({"customer_id": ["a", "b", "c"], "age": pa.array([30, None, 50], pa.int64())})


def test_the_ledger_of_a_population_is_created(tmp_path: Path) -> None:
    """Ledger `main` is made with the currency and zone of the configuration, and its attributes from the columns."""
    with served(tmp_path, CUSTOMERS) as api:
        ledger = main_ledger(api)
        assert (ledger.currency_code, ledger.time_zone, ledger.customer_count) == ("CZK", "Europe/Prague", 3)
        listed = api.call("ListAttributes", attributes.ListAttributesRequest(parent=MAIN)).attributes
        assert [(each.name, each.type) for each in listed] == [
            (f"{MAIN}/attributes/customer.age", attributes.ATTRIBUTE_TYPE_INT64)
        ]


def test_a_server_without_a_population_creates_nothing(tmp_path: Path) -> None:
    """Without a file there is no ledger until somebody creates one."""
    with served(tmp_path, None) as api:
        assert not api.call("ListLedgers", ledgers.ListLedgersRequest()).ledgers


def test_the_data_version_is_that_of_the_file(tmp_path: Path) -> None:
    """After a restart with the same file the data version is the same one; a newer file has a greater one."""
    versions = []
    for seconds in (1_000, 1_000, 2_000):
        pq.write_table(CUSTOMERS, tmp_path / "file.parquet")
        os.utime(tmp_path / "file.parquet", (seconds, seconds))
        config = ServerConfig(data_dir=tmp_path / "data", port=0, population=tmp_path / "file.parquet", drain_s=1.0)
        with running_server(config) as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            versions.append(main_ledger(Api(channel)).data_version)
    assert versions[0] == versions[1] < versions[2]


def test_a_file_that_disagrees_with_the_ledger_fails_at_start(tmp_path: Path) -> None:
    """A column that the stored attribute cannot hold stops the start, is named, and leaves everything as it was."""
    with served(tmp_path, CUSTOMERS) as api:
        before = main_ledger(api)
    other = pa.table({"customer_id": ["a"], "age": ["thirty"], "fresh": [1]})
    with pytest.raises(SegmentdError) as refused, served(tmp_path, other):
        pass
    assert refused.value.reason is ErrorReason.POPULATION_MISMATCH
    assert refused.value.metadata["column"] == "age"
    with served(tmp_path, None) as api:
        assert main_ledger(api).catalogue_version == before.catalogue_version


def test_a_file_without_ids_fails_at_start(tmp_path: Path) -> None:
    """A file that lacks the id column stops the start with an error that names the column."""
    with pytest.raises(SegmentdError, match="customer_id"), served(tmp_path, pa.table({"age": [1]})):
        pass


def attribute(attribute_id: str, **fields: Any) -> attributes.Attribute:
    """A customer's attribute of ledger `main`."""
    return attributes.Attribute(name=f"{MAIN}/attributes/customer.{attribute_id}", **fields)


def test_a_served_population_starts_again_whatever_was_changed(tmp_path: Path) -> None:
    """What would make the attributes disagree with the file is refused while it is served."""
    table = CUSTOMERS.append_column("blob", pa.array([b"1", b"2", b"3"]))
    text = attributes.ATTRIBUTE_TYPE_STRING
    with served(tmp_path, table) as api:
        before = main_ledger(api)
        computed = attributes.UpdateAttributeRequest(attribute=attribute("age", expression="1"))
        retyped = attributes.UpdateAttributeRequest(attribute=attribute("age", type=text))
        deleted = attributes.DeleteAttributeRequest(name=attribute("age").name)
        created = attributes.CreateAttributeRequest(
            parent=MAIN, attribute_id="customer.blob", attribute=attributes.Attribute(type=text)
        )
        assert api.refusal("UpdateAttribute", computed).reason == "ATTRIBUTE_IN_USE"
        assert api.refusal("UpdateAttribute", retyped).reason == "ATTRIBUTE_IN_USE"
        assert api.refusal("DeleteAttribute", deleted).reason == "ATTRIBUTE_IN_USE"
        assert api.refusal("CreateAttribute", created).reason == "POPULATION_MISMATCH"
    with served(tmp_path, table) as api:
        assert main_ledger(api).catalogue_version == before.catalogue_version


def test_a_column_of_csv_without_an_attribute_can_become_text(tmp_path: Path) -> None:
    """Times of day suggest no attribute; as STRING they are read after a restart, as anything else refused."""
    path = tmp_path / "customers.csv"
    path.write_text("customer_id,opens\na,08:30:00\nb,\n")
    config = ServerConfig(data_dir=tmp_path / "data", port=0, threads=1, population=path, drain_s=1.0)
    request = attributes.CreateAttributeRequest(
        parent=MAIN,
        attribute_id="customer.opens",
        attribute=attributes.Attribute(type=attributes.ATTRIBUTE_TYPE_INT64),
    )
    with running_server(config) as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        api = Api(channel)
        assert api.refusal("CreateAttribute", request).reason == "POPULATION_MISMATCH"
        request.attribute.type = attributes.ATTRIBUTE_TYPE_STRING
        api.call("CreateAttribute", request)
    with running_server(config) as server, grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
        assert main_ledger(Api(channel)).customer_count == 2

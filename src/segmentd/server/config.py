"""How a server is run: addresses, files, limits. A constructor gives a valid configuration or raises ValueError."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from segmentd.errors import SegmentdError
from segmentd.facts.erasure.retention import KeepRule
from segmentd.facts.imports.places import Places
from segmentd.facts.ingestion import CheckpointPolicy
from segmentd.facts.rules.allowance import RULES_S
from segmentd.ledger.currencies import check_currency
from segmentd.ledger.zones import check_time_zone

MEBIBYTE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: the server's certificate chain and key; with `client_ca`, clients must show a certificate of it."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """What `segmentd serve` can be told.

    `data_dir` holds the definitions, is made if it is lacking, and belongs to one process. `port` 0 takes a free
    one. `population` is a Parquet, CSV or Arrow file of customers, served as ledger `main`; `id_column` names
    them. `definitions` is a YAML file of attributes and segments, which `main` gets. `currency` and `time_zone` are
    those of `main`: it is created with them, and has them where it exists. What is None is taken from `definitions`,
    else from the ledger, else it is `customer_id`, EUR and UTC. `threads` of the engine.
    `max_request_bytes`: larger requests are refused. `max_waiting`: scores that may wait for a worker, beyond
    which callers are told to come back. `max_calls` at a time, open streams included. `drain_s`: how long calls
    may go on once the server is told to stop. `import_roots`: folders whose files may be imported; `import_remotes`:
    beginnings of URIs that may be, such as `s3://landing/bank/`. `keep`: for how long facts are kept, for ever where
    nothing is said. `checkpoints`: when the journal of a ledger is written into files. `rules_s`: seconds of a
    processor that rules of categories may take on one batch of records.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 50051
    population: Path | None = None
    definitions: Path | None = None
    id_column: str | None = None
    currency: str | None = None
    time_zone: str | None = None
    threads: int = os.cpu_count() or 1
    max_request_bytes: int = 32 * MEBIBYTE
    max_waiting: int = 64
    max_calls: int = 1_024
    drain_s: float = 10.0
    tls: TlsFiles | None = None
    import_roots: tuple[Path, ...] = ()
    import_remotes: tuple[str, ...] = ()
    keep: tuple[KeepRule, ...] = ()
    checkpoints: CheckpointPolicy = field(default_factory=CheckpointPolicy)
    rules_s: float = RULES_S

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise ValueError(f"port {self.port} is not in 0..65535")
        for name in ("threads", "max_request_bytes", "max_waiting", "max_calls"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, and has to be 1 or more")
        if self.drain_s < 0:
            raise ValueError(f"drain_s is {self.drain_s}, and has to be 0 or more")
        if not self.rules_s > 0:
            raise ValueError(f"rules_s is {self.rules_s}, and has to be more than 0")
        for root in self.import_roots:
            if not root.is_dir():
                raise ValueError(f"import root {root} is no folder")
        Places(self.import_roots, self.import_remotes)
        if len({(rule.kind, rule.ledger) for rule in self.keep}) < len(self.keep):
            raise ValueError("it is said twice for how long facts of a kind are kept in a ledger; say it once")
        self._check_terms()

    @property
    def hard_request_bytes(self) -> int:
        """Where the transport itself refuses, without a reason: 64 KiB beyond the limit that is explained.

        gRPC drops a message beyond its own limit before we see it and ends the call with a bare
        RESOURCE_EXHAUSTED. Up to this size we take the message, only to say what is wrong with it.
        """
        return self.max_request_bytes + (64 << 10)

    def _check_terms(self) -> None:
        try:
            if self.currency is not None:
                check_currency(self.currency, "currency")
            if self.time_zone is not None:
                check_time_zone(self.time_zone, "time_zone")
        except SegmentdError as error:
            raise ValueError(error.message) from error

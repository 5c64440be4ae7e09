"""Writes the repository beside this file in the layout of the Python original:

    python3 make.py

metadata.json is an object of the backups by id; each folder holds one array of records and nothing else. The original
writes the local time without an offset; some records here carry one all the same.
"""

import base64
import gzip
import hashlib
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))


def record(key, value, tags=(), created="2024-01-15T10:30:00", updated=None, ttl=None):
    return {
        "key": key,
        "value": base64.b64encode(value).decode("ascii"),
        "tags": list(tags),
        "metadata": {"created_at": created, "last_updated": updated or created, "ttl": ttl},
        "checksum": hashlib.sha256(value).hexdigest(),
    }


FULL = [
    record("user:2", b"Bob", ["user", "inactive", "user"], "2024-01-15T10:30:00.123456"),
    record("user:1", b"Alice", ["user", "active"], "2024-01-15T10:29:59.999999"),
    record("bytes", bytes(range(256))),
    record("empty", b"", ["t"]),
    record("größe/日本語/😀", "ünïcödé\0😀".encode(), ["日本", "ü", "a"]),
    record("session", b"soon", ["t"], "2024-01-15T10:30:00", "2024-01-15T11:00:00.5", 3600),
    record("fraction", b"later", [], "2024-01-15T10:30:00", None, 1.25),
    record("zone", b"elsewhere", [], "2024-01-15T10:30:00+05:30", "2024-01-15T10:30:00.250000Z"),
    record("twice", b"first"),
    record("twice", b"last"),
]
INCREMENTAL = [
    record("user:3", b"Charlie", ["user"], "2024-01-16T09:00:00"),
    record("user:1", b"Alice, changed", ["user"], "2024-01-15T10:29:59.999999", "2024-01-16T09:00:00"),
]
SECOND = [record("user:3", b"Charlie, changed", [], "2024-01-16T09:00:00", "2024-01-17T09:00:00")]
OTHER = [record("theme", b"dark", ["config"])]


def write(index, backup_id, records, timestamp, parent=None, compression=True, namespace="demo"):
    folder = os.path.join(HERE, backup_id)
    os.makedirs(folder, exist_ok=True)
    text = json.dumps(records).encode()
    data = gzip.compress(text, mtime=0) if compression else text
    name = "data.json.gz" if compression else "data.json"
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data)
    index[backup_id] = {
        "backup_id": backup_id,
        "timestamp": timestamp,
        "backup_type": "full" if parent is None else "incremental",
        "source_db": "my_db",
        "source_namespace": namespace,
        "file_count": len(records),
        "total_size": sum(len(base64.b64decode(one["value"])) for one in records),
        "checksum": hashlib.sha256(data).hexdigest(),
        "compression": compression,
        "parent_backup_id": parent,
    }


index = {}
write(index, "second", SECOND, "2024-01-17T10:00:00", "first", compression=False)
write(index, "full", FULL, "2024-01-15T11:30:00.654321")
write(index, "first", INCREMENTAL, "2024-01-16T10:00:00", "full")
write(index, "other", OTHER, "2024-01-14T10:00:00", compression=False, namespace="settings")
with open(os.path.join(HERE, "metadata.json"), "w") as file:
    json.dump(index, file, indent=2)

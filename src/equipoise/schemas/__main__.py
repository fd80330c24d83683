"""`python -m equipoise.schemas`: write the published schemas anew."""

from __future__ import annotations

import json
from pathlib import Path

from equipoise.case.schema import case_schemas
from equipoise.findings import findings_schema


def schema_files() -> dict[str, bytes]:
    """The content of each schema file, by its path inside this folder."""
    schemas = {f"case/{kind}.schema.json": schema for kind, schema in case_schemas().items()}
    schemas["findings.schema.json"] = findings_schema()
    return {
        name: (json.dumps(schema, ensure_ascii=False, indent=2) + "\n").encode()
        for name, schema in schemas.items()
    }


def main() -> None:
    """Write every schema file, and take away the ones that are no longer made."""
    folder = Path(__file__).parent
    content = schema_files()
    for old in folder.rglob("*.schema.json"):
        if old.relative_to(folder).as_posix() not in content:
            old.unlink()
    for name, data in content.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main()

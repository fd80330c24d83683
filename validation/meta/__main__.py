"""`python -m validation.meta PATH`: a file or a folder of reference values."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from validation.agreement import Agreement
from validation.meta.blocks import check_file
from validation.meta.reference import NotReferenceFileError, read_files


def main(arguments: list[str] | None = None) -> int:
    """Exit status: 0 all held, 1 something failed, 2 nothing could be read."""
    parser = argparse.ArgumentParser(prog="python -m validation.meta", description=__doc__)
    parser.add_argument("path", type=Path, help="a reference file, or a folder of them")
    parser.add_argument("--all", action="store_true", help="list every disagreement")
    options = parser.parse_args(arguments)
    agreement, files = Agreement(), 0
    try:
        for file in read_files(options.path):
            files += 1
            check_file(file, agreement)
    except NotReferenceFileError as error:
        print(error, file=sys.stderr)
        return 2
    except (KeyError, IndexError, TypeError) as error:
        print(
            f"{file.name}.json is not laid out as its format says: {type(error).__name__} at "
            f"{error}. Compare it with a file that can be read.",
            file=sys.stderr,
        )
        return 2
    if not files:
        print(f"No reference file at {options.path}.", file=sys.stderr)
        return 2
    print(f"{files} files at {options.path}\n")
    for line in agreement.report(shown=sys.maxsize if options.all else 12):
        print(line)
    return 1 if agreement.failed else 0


if __name__ == "__main__":
    sys.exit(main())

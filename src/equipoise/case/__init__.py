"""What people asked and wrote down. Door: `read_case`, `Case`, `printed_numbers`."""

from equipoise.case.reader import Case, find_case, prose_references, read_case, shipped_cases
from equipoise.case.walk import PrintedNumber, printed_numbers

__all__ = [
    "Case",
    "PrintedNumber",
    "find_case",
    "printed_numbers",
    "prose_references",
    "read_case",
    "shipped_cases",
]

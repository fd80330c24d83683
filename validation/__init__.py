"""Agreement of the engine with reference software, apart from the tests.

Each module is run on a file or a folder of reference values, prints what was compared, by how much
it differs and why, and ends with one line of totals. Exit status 1 when anything failed.
"""

"""The published JSON Schemas as files, for editors and other programs.

`case/<kind>.schema.json` is one kind of case file, `findings.schema.json` is `findings.json`. They
are generated from the models: `python -m equipoise.schemas` writes them anew, and a test fails when
they are out of date.
"""

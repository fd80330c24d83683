"""Effects and pooling against metafor, clubSandwich and mixmeta.

`python -m validation.meta PATH`, a file or a folder of reference values.
"""

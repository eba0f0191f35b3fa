"""The `when:` conditions of rule files: parsing, checking and compiling to Python functions."""

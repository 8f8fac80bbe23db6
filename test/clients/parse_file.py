"""
Reads a file as the product that takes it does, and prints what it found as JSON: YAML as PyYAML loads it, a Python
script as the constants that it assigns.
"""

import ast
import json
import sys

import yaml

(path,) = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    text = file.read()
if path.endswith(".yml"):
    found = yaml.safe_load(text)
else:
    found = {
        statement.targets[0].id: statement.value.value
        for statement in ast.parse(text).body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
    }
print(json.dumps(found))

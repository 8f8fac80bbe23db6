"""
What PyMISP knows of MISP's types and Object templates, as JSON: for each type its categories, its default category
and its default `to_ids`; for each template that is asked for what its definition says.
"""

import argparse
import json
from pathlib import Path

import pymisp
from pymisp.abstract import describe_types

parser = argparse.ArgumentParser()
parser.add_argument("templates", nargs="*")
options = parser.parse_args()

mappings = describe_types["category_type_mappings"]


def describe(name):
    defaults = describe_types["sane_defaults"][name]
    return {
        "categories": [category for category in mappings if name in mappings[category]],
        "category": defaults["default_category"],
        "toIds": bool(defaults["to_ids"]),
    }


def template(name):
    folder = Path(pymisp.__file__).parent / "data" / "misp-objects" / "objects" / name
    definition = json.loads((folder / "definition.json").read_text())
    relations = definition["attributes"]
    return {
        "uuid": definition["uuid"],
        "version": str(definition["version"]),
        "category": definition["meta-category"],
        "requiredOneOf": definition.get("requiredOneOf", []),
        "required": definition.get("required", []),
        "relations": {relation: relations[relation]["misp-attribute"] for relation in relations},
        "multiple": [relation for relation in relations if relations[relation].get("multiple")],
    }


print(
    json.dumps(
        {
            "types": {name: describe(name) for name in describe_types["types"]},
            "templates": {name: template(name) for name in options.templates},
        }
    )
)

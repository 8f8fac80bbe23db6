"""
What stix2 and stix2-validator say of objects before and after repair. Reads a JSON file of pairs, prints for each of
them, in JSON, twice: whether stix2.parse takes it, and the validator's errors (what STIX 2.1 makes a must).
"""

import json
import sys

import stix2
from stix2validator import ValidationOptions
from stix2validator.validator import validate_instance

options = ValidationOptions(version="2.1", disabled="all")


def parses(item):
    try:
        stix2.parse(item, allow_custom=True, version="2.1")
        return True
    except Exception:
        return False


def errors_of(item):
    """None where the validator itself fails, as it does on times that are no text."""
    try:
        return [str(error) for error in validate_instance(item, options).errors]
    except TypeError:
        return None


def judge(item):
    return {"parses": parses(item), "errors": errors_of(item)}


with open(sys.argv[1]) as file:
    print(json.dumps([[judge(item) for item in pair] for pair in json.load(file)]))

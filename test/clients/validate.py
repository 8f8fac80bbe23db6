"""
stix2-validator over every nth object that a collection serves: only what STIX 2.1 makes a must, no network.
Prints the errors as JSON.
"""

import json
import sys

from stix2validator import ValidationOptions
from stix2validator.validator import validate_instance
from taxii2client.v21 import Server, as_pages

discovery, key, every = sys.argv[1:]
collection = Server(discovery, user="any", password=key).default.collections[0]
served = [item for page in as_pages(collection.get_objects) for item in page["objects"]]
sample = served[:: int(every)]
options = ValidationOptions(version="2.1", disabled="all")


def errors_of(item):
    prefix = item["id"] + ": "
    messages = [str(error) for error in validate_instance(item, options).errors]
    return [{"id": item["id"], "message": text.removeprefix(prefix)} for text in messages]


errors = [error for item in sample for error in errors_of(item)]
print(json.dumps({"checked": len(sample), "errors": errors}))

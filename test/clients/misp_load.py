"""
PyMISP over every event that the manifest of a feed lists: from a directory of served files, or over HTTP with a key.
Prints what it read as JSON; `warnings` holds everything that PyMISP raised, warned of or logged on the way.
"""

import argparse
import json
import logging
import warnings
from pathlib import Path

import requests
from pymisp import MISPEvent

parser = argparse.ArgumentParser()
parser.add_argument("source", help="a directory, or the base URL of a feed")
parser.add_argument("--key")
options = parser.parse_args()

session = requests.Session()
if options.key:
    session.headers["Authorization"] = f"Bearer {options.key}"

found = {"events": 0, "attributes": 0, "objects": 0, "warnings": []}


class Recorder(logging.Handler):
    def emit(self, record):
        found["warnings"].append(record.getMessage())


def read(name):
    if not options.source.startswith(("http://", "https://")):
        return Path(options.source, name).read_bytes()
    response = session.get(f"{options.source}/{name}", timeout=60)
    response.raise_for_status()
    return response.content


def load(uuid):
    event = MISPEvent()
    event.load(read(f"{uuid}.json").decode())
    found["events"] += 1
    found["objects"] += len(event.objects)
    holders = [event, *event.objects]
    found["attributes"] += sum(len(holder.attributes) for holder in holders)


logging.getLogger("pymisp").addHandler(Recorder(logging.WARNING))
logging.captureWarnings(True)
logging.getLogger("py.warnings").addHandler(Recorder())
warnings.simplefilter("always")

for uuid in json.loads(read("manifest.json")):
    try:
        load(uuid)
    except Exception as error:
        found["warnings"].append(f"{uuid}: {error!r}")

print(json.dumps(found))

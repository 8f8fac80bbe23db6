"""
Polls as OpenCTI's taxii2 connector does (CLIENT-2.3 and CLIENT-3.4): one set of filters for all collections
and all runs of the process. A page with `more` drops `added_after`, and a `next` once received is never taken
out again, so that it goes to the next collection and into the next run. Every line on stdin is a run: its
`added_after`. Every run prints a line of JSON: what each collection gave.
"""

import json
import sys

from taxii2client.v21 import Server

discovery, key, limit = sys.argv[1:]
root = Server(discovery, user="any", password=key).default
filters = {"limit": limit}


def poll(collection):
    received = []
    while True:
        envelope = collection.get_objects(**filters)
        received += [item["id"] + " " + item["modified"] for item in envelope["objects"]]
        if not envelope["more"]:
            return received
        filters.pop("added_after", None)
        filters["next"] = envelope["next"]


for line in sys.stdin:
    filters["added_after"] = line.strip()
    received = {collection.id: poll(collection) for collection in root.collections}
    print(json.dumps(received), flush=True)

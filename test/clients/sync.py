"""
One sync, the way users of taxii2-client write it: Server, ApiRoot, Collection, as_pages. Prints what it found
and received as JSON.
"""

import argparse
import json

from taxii2client.common import TokenAuth
from taxii2client.v21 import Server, as_pages

parser = argparse.ArgumentParser()
parser.add_argument("discovery")
parser.add_argument("key")
parser.add_argument("--scheme", choices=["basic", "token"], default="basic")
parser.add_argument("--added-after")
parser.add_argument("--per-request", type=int, default=0)
options = parser.parse_args()


def connect():
    if options.scheme == "token":
        return Server(options.discovery, auth=TokenAuth(options.key))
    return Server(options.discovery, user="any", password=options.key)


def sync(collection):
    filters = {"added_after": options.added_after} if options.added_after else {}
    pages = [
        page["objects"]
        for page in as_pages(collection.get_objects, per_request=options.per_request, **filters)
    ]
    return {
        "id": collection.id,
        "title": collection.title,
        "pages": [len(page) for page in pages],
        "objects": [summary(item) for page in pages for item in page],
    }


def summary(item):
    return {
        "id": item["id"],
        "version": item.get("modified", item.get("created")),
        "revoked": item.get("revoked", False),
    }


server = connect()
found = [
    {"title": root.title, "collections": [sync(collection) for collection in root.collections]}
    for root in server.api_roots
]
print(json.dumps({"default": server.default.url, "roots": found}))

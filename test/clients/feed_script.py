"""
Reads a feed as Sekoia documents it: the whole feed at the first run, what is new at later ones. The cursor is kept in
a dbm file and put into the URL as it is. Prints the ids and times of what came as JSON.
"""

import argparse
import dbm
import json

import requests

parser = argparse.ArgumentParser()
parser.add_argument("base_url")
parser.add_argument("key")
parser.add_argument("feed")
parser.add_argument("store")
parser.add_argument("--limit", type=int, default=2000)
options = parser.parse_args()

url = f"{options.base_url}/v2/inthreat/collections/{options.feed}/objects?limit={options.limit}"
session = requests.Session()
session.headers["Authorization"] = f"Bearer {options.key}"


def page(cursor):
    answer = session.get(f"{url}&cursor={cursor}" if cursor else url)
    answer.raise_for_status()
    return answer.json()


received = []
with dbm.open(options.store, "c") as store:
    cursor = store.get("cursor", b"").decode()
    while True:
        content = page(cursor)
        received.extend(content["items"])
        cursor = content["next_cursor"]
        store["cursor"] = cursor
        if not content["items"] or len(content["items"]) < options.limit:
            break
print(json.dumps([[item["id"], item.get("modified")] for item in received]))

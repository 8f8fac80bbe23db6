"""The endpoints beside the objects list, by taxii2-client: the manifest, one object by id, its versions."""

import json
import sys

from taxii2client.v21 import Server, as_pages

discovery, key, object_id = sys.argv[1:]
collection = Server(discovery, user="any", password=key).default.collections[0]
manifest = [entry for page in as_pages(collection.get_manifest) for entry in page["objects"]]
versions = collection.object_versions(object_id)["versions"]


def at(version):
    return collection.get_object(object_id, version=version)["objects"]


print(
    json.dumps(
        {
            "manifest": manifest,
            "object": collection.get_object(object_id)["objects"],
            "versions": {version: at(version) for version in versions},
        }
    )
)

"""
Reads one page in the ways that Python programs unzip: by requests, by urllib3, by the module gzip, and byte by byte into
little room. Prints the SHA-256 of each as JSON.
"""

import argparse
import gzip
import hashlib
import json
import zlib

import requests
import urllib3

parser = argparse.ArgumentParser()
parser.add_argument("url")
parser.add_argument("key")
options = parser.parse_args()

headers = {
    "Authorization": "Bearer " + options.key,
    "Accept": "application/taxii+json;version=2.1",
    "Accept-Encoding": "gzip",
}


def byte_by_byte(raw):
    inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
    pieces = []
    for at in range(len(raw)):
        pieces.append(inflate.decompress(raw[at : at + 1], 64))
        while inflate.unconsumed_tail:
            pieces.append(inflate.decompress(inflate.unconsumed_tail, 64))
    assert inflate.eof and not inflate.unused_data
    return b"".join(pieces)


raw = urllib3.request("GET", options.url, headers=headers, decode_content=False).data
contents = {
    "requests": requests.get(options.url, headers=headers).content,
    "urllib3": urllib3.request("GET", options.url, headers=headers).data,
    "gzip": gzip.decompress(raw),
    "byte by byte": byte_by_byte(raw),
}
print(json.dumps({name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}))

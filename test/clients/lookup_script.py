"""Asks for the context of an indicator's value, as Sekoia documents it. Prints the answer."""

import argparse
import json

import requests

parser = argparse.ArgumentParser()
parser.add_argument("base_url")
parser.add_argument("key")
parser.add_argument("type")
parser.add_argument("value")
options = parser.parse_args()

answer = requests.get(
    f"{options.base_url}/v2/inthreat/indicators/context",
    params={"type": options.type, "value": options.value},
    headers={"Authorization": f"Bearer {options.key}"},
)
answer.raise_for_status()
print(json.dumps(answer.json()))

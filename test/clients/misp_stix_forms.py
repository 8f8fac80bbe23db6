"""
The STIX patterns that MISP's own exporter (misp-stix) makes of attributes: from JSON `{"type": "value", …}` in a file
to JSON `{"type": {"pattern": …, "pattern_type": …}, …}`, without the types for which it has no pattern.
"""

import argparse
import json
import logging
from pathlib import Path

from misp_stix_converter import MISPtoSTIX21Parser
from pymisp.abstract import describe_types

parser = argparse.ArgumentParser()
parser.add_argument("values")
options = parser.parse_args()

logging.disable(logging.CRITICAL)


def form(name, value):
    attribute = {
        "uuid": "91ae0a21-c7ae-4c7f-b84b-b84a7ce53d1f",
        "type": name,
        "category": describe_types["sane_defaults"][name]["default_category"],
        "value": value,
        "to_ids": True,
        "timestamp": "1700000000",
    }
    event = {
        "uuid": "a6ef17d6-91cb-4a05-b10b-2f045daf8001",
        "info": "forms",
        "date": "2024-01-01",
        "timestamp": "1700000000",
        "analysis": "0",
        "threat_level_id": "1",
        "Attribute": [attribute],
    }
    exporter = MISPtoSTIX21Parser()
    exporter.parse_misp_event({"Event": event})
    bundle = json.loads(exporter.bundle.serialize())
    for found in bundle["objects"]:
        if found["type"] == "indicator":
            return {"pattern": found["pattern"], "pattern_type": found["pattern_type"]}
    return None


values = json.loads(Path(options.values).read_text())
forms = {name: form(name, value) for name, value in values.items()}
print(json.dumps({name: found for name, found in forms.items() if found}))

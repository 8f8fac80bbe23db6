import { type Client, documentation, keyPlaceholder, proven, source, userName } from './client.ts'
import { quoted, shellQuoted } from './quoting.ts'
import {
  anything,
  apiRoot,
  collection,
  collections,
  discovery,
  native,
  nativePage,
  objects,
  taxii
} from './requests.ts'

/** Libraries and scripts. */

export const taxii2Client: Client = {
  id: 'taxii2-client',
  name: 'taxii2-client (Python)',
  dialect: 'taxii',
  where: 'pip install taxii2-client',
  fields: ({ discovery, objects }) => [
    { name: 'Server(url)', value: discovery },
    { name: 'Collection(url)', value: objects.replace(/objects\/$/, '') },
    { name: 'user', value: userName },
    { name: 'password', value: keyPlaceholder }
  ],
  fieldsEvidence: proven('test/clients/sync.test.ts', 'a simulated feed of 20,000 objects'),
  pitfalls: [
    {
      text: 'With an empty user name or password it sends no credentials at all.',
      evidence: source('oasis-open/cti-taxii-client, common.py')
    },
    {
      text: 'The URL of a collection has to hold its id as the listing gives it: not the alias, not in capitals.',
      evidence: source('oasis-open/cti-taxii-client, v21')
    },
    {
      text: 'get_objects gives one page: follow it with as_pages.',
      evidence: proven('test/clients/sync.test.ts', 'a simulated feed of 20,000 objects')
    },
    {
      text: 'It has no time limit and no retry of its own.',
      evidence: source('oasis-open/cti-taxii-client, common.py')
    }
  ],
  file: ({ objects, title }) => ({
    name: 'read_feed.py',
    use: 'Reads the whole feed, then what is new since. The key comes from the environment: SEKOIA_API_KEY=… python read_feed.py',
    text: `"""Prints the objects that are new since the last run, one a line."""
import json
import os
import pathlib
from datetime import datetime, timedelta, timezone

from taxii2client.v21 import Collection, as_pages

URL = ${quoted(objects.replace(/objects\/$/, ''))}
TITLE = ${quoted(title)}
PLACE = pathlib.Path("read_feed.place")

started = datetime.now(timezone.utc)
after = PLACE.read_text() if PLACE.exists() else None
collection = Collection(URL, user=${quoted(userName)}, password=os.environ["SEKOIA_API_KEY"])
filters = {"added_after": after} if after else {}
for page in as_pages(collection.get_objects, per_request=1000, **filters):
    for item in page.get("objects", []):
        print(json.dumps(item))
# A minute back, for a clock that is ahead: repeats do no harm, holes would.
PLACE.write_text((started - timedelta(minutes=1)).isoformat().replace("+00:00", "Z"))
`
  }),
  requests: target => [
    discovery(target),
    apiRoot(target),
    collections(target),
    collection(target),
    objects(target, '?limit=1000'),
    objects(target, '?limit=1000&next={next}')
  ]
}

export const sekoiaScripts: Client = {
  id: 'sekoia-scripts',
  name: 'Scripts of Sekoia’s documentation',
  dialect: 'native',
  where: 'The constants at the head of the script.',
  fields: ({ baseUrl, feedId, objects }) => [
    { name: 'BASE_URL, script for the native API', value: baseUrl },
    { name: 'Feed id', value: feedId },
    { name: 'API key', value: keyPlaceholder },
    { name: 'URL, polling script for TAXII', value: objects.replace(/\/$/, '') }
  ],
  fieldsEvidence: proven(
    'test/clients/native-scripts.test.ts',
    'a whole feed, then nothing, then an edit; and a look-up'
  ),
  pitfalls: [
    {
      text: 'A script that ran at Sekoia goes on at the gateway with its own file, and back.',
      evidence: proven(
        'test/clients/native-scripts.test.ts',
        'a script that ran at Sekoia goes on at the gateway with its own file, and back'
      )
    },
    {
      text: 'The polling script for TAXII lives on the last `next`: set TAXII_TIP_TOKEN=true at the gateway. Do not set it where an Elastic Agent reads.',
      evidence: proven(
        'test/taxii/field-clients.test.ts',
        'D-4: the script of the Sekoia documentation lives on tip_token'
      )
    }
  ],
  requests: target => [
    native('v1/auth/validate', 'valid-key', anything),
    nativePage(target, '?limit=2000'),
    nativePage(target, '?limit=2000&cursor={cursor}'),
    objects(target, '?match%5Bspec_version%5D=2.1&limit=2000', {
      ...taxii,
      accept: 'application/taxii+json'
    })
  ]
}

export const curl: Client = {
  id: 'curl',
  name: 'curl',
  dialect: 'taxii',
  where: 'Any shell.',
  fields: ({ discovery, objects, misp, native }) => [
    { name: 'Discovery', value: command(discovery) },
    { name: 'Two objects', value: command(`${objects}?limit=2`) },
    ...(misp ? [{ name: 'The feed for MISP', value: command(`${misp}/manifest.json`) }] : []),
    { name: 'As Sekoia’s own API', value: command(`${native}?limit=2`) }
  ],
  fieldsEvidence: proven(
    'test/docs.test.ts',
    'every curl of the README is answered by the gateway'
  ),
  pitfalls: [
    {
      text: 'With -u the key is in the list of processes and in the history of the shell: -K and a file keep it out of both.',
      evidence: documentation('curl, manual page')
    }
  ],
  file: ({ objects }) => ({
    name: 'read-feed.sh',
    use: 'Reads the whole feed, a page a line. The key comes from the environment: SEKOIA_API_KEY=… sh read-feed.sh. Needs curl and jq.',
    text: `#!/bin/sh
set -eu
url=${shellQuoted(objects)}
next=
while :; do
  page=$(printf 'user = "${userName}:%s"\\n' "$SEKOIA_API_KEY" |
    curl -sSf --compressed -K - "$url?limit=1000\${next:+&next=$next}")
  printf '%s\\n' "$page"
  next=$(printf '%s' "$page" | jq -r '.next // empty')
  [ -n "$next" ] || break
done
`
  }),
  requests: target => [
    discovery(target, { accept: '*/*', credential: 'basic' }),
    objects(target, '?limit=2', { accept: '*/*', credential: 'basic' })
  ]
}

const command = (url: string): string => `curl -u ${userName}:${keyPlaceholder} ${shellQuoted(url)}`

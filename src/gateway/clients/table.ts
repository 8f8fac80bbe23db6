import type { Client } from './client.ts'
import { chronicle, elastic, sumo } from './collectors.ts'
import { fortigate } from './firewalls.ts'
import { misp } from './misp.ts'
import { openCti, openCtiTaxii2 } from './opencti.ts'
import { openCtiMispFeed, openCtiSekoia } from './opencti-connectors.ts'
import { eclecticiq, threatq, xsoar } from './platforms.ts'
import { curl, sekoiaScripts, taxii2Client } from './scripts.ts'
import { qradar, sentinel, splunk } from './siem.ts'

/** Every product that the set-up page and docs/clients tell of, in the order of both. */
export const clients: readonly Client[] = [
  sentinel,
  splunk,
  qradar,
  xsoar,
  elastic,
  openCti,
  openCtiTaxii2,
  openCtiMispFeed,
  openCtiSekoia,
  misp,
  chronicle,
  eclecticiq,
  sumo,
  threatq,
  fortigate,
  taxii2Client,
  sekoiaScripts,
  curl
]

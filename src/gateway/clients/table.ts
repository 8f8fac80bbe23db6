import type { Client } from './client.ts'
import { misp } from './misp.ts'
import { openCti, openCtiMispFeed, openCtiSekoia, openCtiTaxii2 } from './opencti.ts'
import { eclecticiq, threatq, xsoar } from './platforms.ts'
import { curl, fortigate, sekoiaScripts, taxii2Client } from './scripts.ts'
import { chronicle, elastic, qradar, sentinel, splunk, sumo } from './siem.ts'

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

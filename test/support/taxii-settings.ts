import type { TaxiiSettings } from '../../src/taxii/settings.ts'

/** The options of the TAXII side as they ship. */
export const defaultTaxiiSettings: TaxiiSettings = {
  mode: 'field',
  apiRootPath: '/sekoia/',
  title: 'Sekoia threat intelligence feeds',
  description: undefined,
  contact: undefined,
  publicUrl: undefined,
  defaultLimit: 1000,
  maxLimit: 10_000,
  maxBytes: 16 * 1024 * 1024,
  maxContentLength: 10 * 1024 * 1024,
  tipToken: false,
  mediaTypes: ['application/stix+json;version=2.1']
}

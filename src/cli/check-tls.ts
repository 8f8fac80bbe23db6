import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { CheckView } from '../gateway/schemas.ts'

const dayMs = 86_400_000
const soonDays = 30

/**
 * How long the certificate of the gateway is good for; whether the files fit together the configuration has shown.
 *
 * @param certFile '' when the gateway speaks no TLS: then there is nothing to check.
 */
export function checkCertificate(certFile: string, now: number): CheckView[] {
  if (certFile === '') return []
  const { validFrom, validTo, subjectAltName, subject } = new X509Certificate(
    readFileSync(certFile)
  )
  const names = subjectAltName ?? subject.replaceAll('\n', ', ')
  const days = Math.floor((Date.parse(validTo) - now) / dayMs)
  const name = 'tls'
  if (Date.parse(validFrom) > now)
    return [
      { name, outcome: 'failed', detail: `The certificate is not valid before ${validFrom}.` }
    ]
  if (days < 0)
    return [{ name, outcome: 'failed', detail: `The certificate expired on ${validTo}.` }]
  const outcome = days < soonDays ? 'warning' : 'ok'
  return [{ name, outcome, detail: `The certificate for ${names} is valid for ${days} days.` }]
}

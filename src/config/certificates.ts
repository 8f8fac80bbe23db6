import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'

/** What is wrong with the files of one side of TLS: the member to blame and the demand on it. */
export interface CertificateFault {
  readonly member: 'certFile' | 'keyFile' | 'caFile' | 'clientCaFile'
  /** In words that follow the option's name. */
  readonly demand: string
}

/** Texts of the files, undefined where none is named. */
export type CertificateTexts = Readonly<Partial<Record<CertificateFault['member'], string>>>

/**
 * Looks into the files before the listener or the first connection does: OpenSSL's own words name no option. Nothing
 * of a file is told.
 */
export function findCertificateFault(texts: CertificateTexts): CertificateFault | undefined {
  for (const member of ['certFile', 'caFile', 'clientCaFile'] as const) {
    const text = texts[member]
    if (text !== undefined && !parsed(() => new X509Certificate(text)))
      return { member, demand: 'must name a file that begins with a certificate in PEM' }
  }
  const { certFile, keyFile } = texts
  if (certFile === undefined || keyFile === undefined) return undefined
  const key: KeyObject | undefined = parsed(() => createPrivateKey(keyFile))
  if (!key) return { member: 'keyFile', demand: 'must name a private key in PEM, not encrypted' }
  if (!new X509Certificate(certFile).checkPrivateKey(key))
    return {
      member: 'keyFile',
      demand: 'must name the private key that belongs to the certificate'
    }
  return undefined
}

function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}

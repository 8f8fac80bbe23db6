/** What every connector has to know of its platform. */
export const platform = (name: string, scope: string) => ({
  OPENCTI_URL: 'http://opencti:8080',
  OPENCTI_TOKEN: 'YOUR-OPENCTI-TOKEN',
  CONNECTOR_ID: 'A-NEW-UUID',
  CONNECTOR_NAME: name,
  CONNECTOR_SCOPE: scope,
  CONNECTOR_LOG_LEVEL: 'error'
})

/** What is done with a file for Compose. */
export const composeUse =
  'For docker compose, beside your OpenCTI. Put in the token of OpenCTI, a new UUID and the key; the tag of the image is the version of your OpenCTI.'

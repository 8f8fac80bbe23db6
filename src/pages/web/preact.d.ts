/** `preact.js` is Preact with htm, as the package `htm` ships it; the route serves it under this name. */
export * from 'htm/preact/standalone'

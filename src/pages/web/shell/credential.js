/**
 * The key or operator token that was entered. It is kept in `sessionStorage`: in this tab, until the tab is closed or
 * it is forgotten by the button. It is never put in a URL, and sent to nobody but this gateway.
 */

const name = 'sekoia-feed-gateway.credential'

export const storedCredential = () => sessionStorage.getItem(name) ?? undefined

/** @param {string} credential */
export const storeCredential = credential => sessionStorage.setItem(name, credential)

export const forgetCredential = () => sessionStorage.removeItem(name)

import type { LogStore } from '../kernel/ports.ts'

/**
 * Leases among the users of one process; a lease that was not given back ends by itself. With `isRenewable` its owner
 * may take it again before.
 */
export function createLeases({ isRenewable = false } = {}): Pick<LogStore, 'lease' | 'release'> {
  const leases = new Map<string, { readonly owner: string; readonly until: number }>()
  return {
    async lease(name, owner, ms) {
      const now = performance.now()
      const held = leases.get(name)
      const isOwn = isRenewable && held?.owner === owner
      if (held && held.until > now && !isOwn) return false
      leases.set(name, { owner, until: now + ms })
      return true
    },
    async release(name, owner) {
      if (leases.get(name)?.owner === owner) leases.delete(name)
    }
  }
}

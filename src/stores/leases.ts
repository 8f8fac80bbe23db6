import type { LogStore } from '../kernel/ports.ts'

/**
 * Leases within one process. A lease that is not released ends after its time. With `isRenewable` the owner may
 * renew it before that.
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

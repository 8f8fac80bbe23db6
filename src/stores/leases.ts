import type { LogStore } from '../kernel/ports.ts'

/** Leases among the users of one process; a lease that was not given back ends by itself. */
export function createLeases(): Pick<LogStore, 'lease' | 'release'> {
  const leases = new Map<string, { readonly owner: string; readonly until: number }>()
  return {
    async lease(log, owner, ms) {
      const now = performance.now()
      const held = leases.get(log)
      if (held && held.until > now) return false
      leases.set(log, { owner, until: now + ms })
      return true
    },
    async release(log, owner) {
      if (leases.get(log)?.owner === owner) leases.delete(log)
    }
  }
}

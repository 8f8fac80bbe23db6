/** Results for longer texts are not remembered. */
const maxLength = 512

/**
 * Makes a function of a short text remember its results, because clients send the same few headers again and again.
 * After `max` texts all are forgotten.
 */
export function memoize<T>(decide: (text: string) => T, max = 1000): (text: string) => T {
  const known = new Map<string, T>()
  return text => {
    const found = known.get(text)
    if (found !== undefined || known.has(text)) return found as T
    const decision = decide(text)
    if (known.size >= max) known.clear()
    if (text.length <= maxLength) known.set(text, decision)
    return decision
  }
}

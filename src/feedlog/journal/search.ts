/** The index of the first element that satisfies a predicate which, once true, stays true. */
export function firstIndex<T>(list: ArrayLike<T>, isAfter: (element: T) => boolean): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isAfter(list[middle]!)) high = middle
    else low = middle + 1
  }
  return low
}

// Which groups to keep in memory: an order of preference in which every prefix is spread evenly over the pass, so that
// reading and computing alternate finely at any budget, and more budget only adds groups.

/**
 * Indices of `sizes` in order of preference. The k-th choice is the group that holds the fraction vdc(k) of the pass's
 * bytes (van der Corput: 1/2, 1/4, 3/4, 1/8 ...: every prefix of the sequence is spread), or the next one not taken yet.
 */
export function residencyOrder(sizes: readonly number[]): number[] {
  const count = sizes.length;
  const ends: number[] = [];
  let total = 0;
  for (const size of sizes) {
    total += size;
    ends.push(total);
  }
  // next[i]: the first index >= i that is not taken (wrapping), found with path compression.
  const next = Array.from({ length: count + 1 }, (_, i) => i);
  const free = (i: number): number => {
    let root = i;
    while (next[root] !== root) root = next[root] as number;
    for (let j = i; j !== root; ) {
      const after = next[j] as number;
      next[j] = root;
      j = after;
    }
    return root;
  };
  const order: number[] = [];
  for (let k = 1; order.length < count; k++) {
    let index = free(upperBound(ends, vanDerCorput(k) * total));
    if (index === count) index = free(0);
    order.push(index);
    next[index] = index + 1;
  }
  return order;
}

/** k's binary digits mirrored at the point. */
function vanDerCorput(k: number): number {
  let value = 0;
  for (let digit = 0.5; k > 0; k = Math.floor(k / 2), digit /= 2) if (k % 2 === 1) value += digit;
  return value;
}

/** The first index whose end lies beyond `position`. */
function upperBound(ends: readonly number[], position: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle] as number) > position) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Counts visits of each path. */
export function createCounter() {
  const visits = new Map();
  return {
    /** @param {string} path */
    visit(path) {
      const count = (visits.get(path) ?? 0) + 1;
      visits.set(path, count);
      return count;
    },
  };
}

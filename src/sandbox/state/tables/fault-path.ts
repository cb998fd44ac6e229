/**
 * Does the path of a request fit the one of a fault?
 * @param wanted a part of the path, or with `*` (any text, slashes too) the whole of it
 */
export function matchesPath(wanted: string, path: string): boolean {
  const parts = wanted.split('*');
  const [first = '', ...others] = parts;
  const last = others.pop();
  if (last === undefined) return path.includes(wanted);
  if (!path.startsWith(first)) return false;
  // Part by part and not as a regular expression, which many stars make slow.
  let position = first.length;
  for (const part of others) {
    const found = path.indexOf(part, position);
    if (found === -1) return false;
    position = found + part.length;
  }
  return path.length - last.length >= position && path.endsWith(last);
}

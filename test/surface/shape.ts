/** Words with a fixed meaning. */
const FIXED = new Set([
  'schemaVersion',
  'command',
  'context',
  'environment',
  'exitCode',
  'type',
  'stage',
  'outcome',
  'code',
]);

/** Types instead of values, so that ids and times don't matter; words with a fixed meaning stay. */
export function shapeOf(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    if (key === 'nextArgv') return 'string[]';
    const shapes = value.map((one) => shapeOf(one));
    return shapes.filter((shape, index) => JSON.stringify(shape) !== JSON.stringify(shapes[index - 1]));
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner, name)]));
  }
  return FIXED.has(key) || value === null ? value : typeof value;
}

/**
 * Returns the warning about a server whose journal has the schema of an older version.
 * @param effect what does not work with it, for example “no notices are sent”
 */
export function olderSchemaText(effect: string): string {
  return `The journal has the schema of an older version: ${effect}. Upgrade it: kioskctl journal upgrade`;
}

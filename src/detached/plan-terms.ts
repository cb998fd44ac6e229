/** Terms that a server and the command that approved a plan must have in common. */
export interface PlanTerms {
  context: string;
  /** Base URL of the API. */
  api: string;
  /** Identifies the credentials, without containing a secret. */
  credentials: string;
  /** Major version of kioskctl. */
  major: number;
}

/** Returns why a server may not carry out plans of a command, as part of a sentence; null if it may. */
export function differenceOf(own: PlanTerms, other: PlanTerms): string | null {
  if (own.context !== other.context) return `context ${other.context} instead of ${own.context}`;
  if (own.api !== other.api) return 'another API';
  if (own.major !== other.major) return `version ${other.major}.x instead of ${own.major}.x`;
  return own.credentials === other.credentials ? null : 'other credentials';
}

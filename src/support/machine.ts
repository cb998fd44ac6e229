/** What `doctor` looks at on this machine; times are milliseconds since the epoch. */
export interface Machine {
  versions: { kioskctl: string; node: string; platform: string };
  /** The folders of kioskctl's files, and the files in them that are there. */
  listFiles(): KeptFile[];
  /** @throws Failure `settings-unusable` */
  readSettings(): { file: string; isThere: boolean; contexts: string[] };
  /** null while there is no journal. @throws Failure `journal-unusable` */
  inspectJournal(): JournalState | null;
  /** Where requests go, and through what. @throws Failure for what can't be used */
  findRoute(): Promise<Route>;
  /** The addresses of a host. @throws Failure `unreachable` */
  resolve(host: string): Promise<string[]>;
  /** What NODE_EXTRA_CA_CERTS names. @throws Failure `settings-unusable` */
  readAuthorities(): { file: string; count: number } | null;
  /** The client certificate. @throws Failure `credentials-unusable` */
  readCertificate(): Promise<{ file: string; validUntil: number } | null>;
  /** How many bits the key has. @throws Failure `invalid-input` */
  readKey(pem: string): { type: string; bits: number | null };
}

export interface KeptFile {
  path: string;
  isFolder: boolean;
  /** Like 0o700; null where the system has none. */
  mode: number | null;
  isWritable: boolean;
}

export interface JournalState {
  file: string;
  bytes: number;
  schema: number;
  /** The schema of this version. */
  newest: number;
  damage: string[];
}

export interface Route {
  /** null for the embedded sandbox. */
  url: string | null;
  /** Without its credentials. */
  proxy: string | null;
}

import * as v from 'valibot';
import { type KioskId, parseId, parseKioskId } from '../../domain/ids.ts';
import { id, kioskId, requiredText } from '../../wire/scalars.ts';
import { toReadableFile } from '../terminal/read-text.ts';
import { SECRET_HELP } from './secret-variables.ts';
import {
  one,
  toApiVersion,
  toBaseUrl,
  toCertificate,
  toCommand,
  toJournalPlace,
  toKiosk,
  toKiosks,
  toPlainText,
  toPublicKey,
  toReceiver,
  toRetention,
  type Words,
} from './setting-values.ts';

/** The definition of a context setting. */
interface Setting<Stored extends v.GenericSchema, Fallback> {
  /** Description in the help of `context add` and in the documentation. */
  about: string;
  /** Schema in the settings file. */
  stored: Stored;
  /** Parses the words of `context set`, or the text of a flag or variable. @throws Failure */
  parse: (words: Words) => NonNullable<v.InferOutput<Stored>>;
  /** Default value. */
  fallback: Fallback;
  /** Default value in the environment `local`. */
  local?: NonNullable<v.InferOutput<Stored>>;
  /** Global flag that overrides the setting for one command. */
  flag?: 'base-url' | 'profile-id';
  /** Flag of `context add`, for a setting without a global flag. */
  addFlag?: { helpValue: string; helpGroup?: 'ADVANCED' };
  variable?: readonly [name: string, about: string];
  /** Schema in a project file. Only harmless settings have one, because the repository may be somebody else's. */
  project?: v.GenericSchema;
  /** True if a value is a path on this machine. An export omits such values. */
  isOfMachine?: (value: string) => boolean;
  /** True if stored values are validated at each use, not only when they are set. */
  isRechecked?: boolean;
}

function setting<Stored extends v.GenericSchema, Fallback>(
  declaration: Setting<Stored, Fallback>,
): Setting<Stored, Fallback> {
  return declaration;
}

const text = v.optional(v.string());
const projectText = v.optional(requiredText);
const none: readonly KioskId[] = [];

/** All settings of a context, in the sequence in which they are shown. */
export const SETTINGS = {
  baseUrl: setting({
    stored: text,
    parse: one((url) => toBaseUrl(url).href),
    fallback: null,
    about: 'Base URL of the API: a mock or a gateway instead of Wise’s host.',
    flag: 'base-url',
    variable: ['KIOSKCTL_BASE_URL', 'base URL of the API, like --base-url'],
  }),
  profileId: setting({
    stored: v.optional(id),
    parse: one((profile) => parseId(profile, 'profile id')),
    fallback: null,
    local: 1001,
    about: 'Default profile.',
    flag: 'profile-id',
    variable: ['KIOSKCTL_PROFILE_ID', 'the default profile, like --profile-id'],
    project: v.optional(id),
  }),
  kiosks: setting({
    stored: v.optional(v.array(kioskId), []),
    parse: toKiosks,
    fallback: none,
    local: ['WIS00001', 'WIS00002', 'WIS00003'].map(parseKioskId),
    about: 'Kiosks, separated by commas.',
    addFlag: { helpValue: 'ID,ID' },
    project: v.optional(v.array(kioskId)),
  }),
  /** Default kiosk of `produce`. Other commands ignore KIOSKCTL_KIOSK. Requires version 2 of the settings file. */
  kiosk: setting({
    stored: v.optional(kioskId),
    parse: one(toKiosk),
    fallback: null,
    about: 'Default kiosk.',
    addFlag: { helpValue: 'ID' },
    variable: ['KIOSKCTL_KIOSK', 'the kiosk, for produce only, like --kiosk'],
    project: v.optional(kioskId),
  }),
  program: setting({
    stored: text,
    parse: one(toPlainText),
    fallback: null,
    about: 'Card program of orders.',
    addFlag: { helpValue: 'NAME' },
    variable: ['KIOSKCTL_PROGRAM', 'the card program, like order --program'],
    project: projectText,
  }),
  apiVersion: setting({
    stored: text,
    parse: one(toApiVersion),
    fallback: 'legacy',
    about: 'API version: legacy (default), or a calendar version like 2026Q4.',
    addFlag: {
      helpGroup: 'ADVANCED',
      helpValue: 'VERSION',
    },
    variable: ['KIOSKCTL_API_VERSION', 'legacy (the default) or a calendar version like 2026Q4'],
    isRechecked: true,
  }),
  clientKey: setting({
    stored: text,
    parse: one(toPlainText),
    fallback: null,
    about: 'Client key of the application that owns the webhook subscriptions.',
    addFlag: {
      helpGroup: 'ADVANCED',
      helpValue: 'KEY',
    },
  }),
  /** Program and arguments. `{profileId}` is replaced by the profile id. */
  credentialCommand: setting({
    stored: v.optional(v.pipe(v.array(v.string()), v.minLength(1))),
    parse: toCommand,
    fallback: null,
    about: 'Program that prints the token of a profile, as a JSON list of arguments with {profileId}.',
    addFlag: {
      helpValue: 'JSON',
    },
  }),
  /** Paths of certificate and key in PEM, for mutual TLS. */
  certificate: setting({
    stored: v.optional(v.object({ certFile: v.string(), keyFile: v.string() })),
    parse: toCertificate,
    fallback: null,
    isOfMachine: () => true,
    about: 'Certificate and key for mutual TLS (PEM files).',
    addFlag: {
      helpGroup: 'ADVANCED',
      helpValue: 'CERTFILE,KEYFILE',
    },
  }),
  runbook: setting({
    stored: text,
    parse: one(toReadableFile),
    fallback: null,
    isOfMachine: () => true,
    about: 'Runbook file of your team.',
    addFlag: { helpValue: 'FILE' },
    project: projectText,
  }),
  /** Not available in `local`, which always uses the default file. */
  journal: setting({
    stored: text,
    parse: one(toJournalPlace),
    fallback: null,
    isOfMachine: (place) => !place.includes('://'),
    about: 'Absolute path or postgres:// URL of the journal (default: the file that all contexts share).',
    addFlag: {
      helpGroup: 'ADVANCED',
      helpValue: 'FILE|URL',
    },
    variable: [
      'KIOSKCTL_JOURNAL',
      'the absolute path or postgres:// URL of the journal; local always uses the default file',
    ],
  }),
  publicKey: setting({
    stored: text,
    parse: one(toPublicKey),
    fallback: null,
    isOfMachine: () => true,
    about: 'Public key that verifies webhooks (PEM file; default: the published key).',
    addFlag: {
      helpGroup: 'ADVANCED',
      helpValue: 'FILE',
    },
  }),
  retention: setting({
    stored: text,
    parse: one(toRetention),
    fallback: null,
    about: 'Age at which serve deletes webhook events, at least 30d (default: never).',
    addFlag: {
      helpGroup: 'ADVANCED',
      helpValue: '90d',
    },
    isRechecked: true,
  }),
  forwardTo: setting({
    stored: text,
    parse: one(toReceiver),
    fallback: null,
    about: 'URL to which serve forwards each new webhook event.',
    addFlag: {
      helpGroup: 'ADVANCED',
      helpValue: 'URL',
    },
    isRechecked: true,
  }),
};

export type SettingKey = keyof typeof SETTINGS;
/** The type of a setting's value. */
export type ValueOf<Key extends SettingKey> = NonNullable<v.InferOutput<(typeof SETTINGS)[Key]['stored']>>;

/** The effective values of a command's settings. */
export type SettingValues = {
  readonly [Key in SettingKey]: ValueOf<Key> | (typeof SETTINGS)[Key]['fallback'];
};

export type SettingValue = ValueOf<SettingKey>;

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table above
export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[];

interface AnySetting extends Setting<v.GenericSchema<unknown, SettingValue | undefined>, unknown> {
  key: SettingKey;
}

/** All settings as a list, with a common type for their values. */
export const SETTING_LIST: readonly AnySetting[] = SETTING_KEYS.map((key) => ({ key, ...SETTINGS[key] }));

/** Environment variables that set settings, for the help. */
export const ENVIRONMENT_VARIABLES: readonly (readonly [name: string, meaning: string])[] = [
  ['KIOSKCTL_CONTEXT', 'the context, like --context'],
  ['KIOSKCTL_ENVIRONMENT', 'local, sandbox or production, like --environment'],
  ...SETTING_LIST.flatMap(({ variable }) => (variable ? [variable] : [])),
  ...SECRET_HELP,
  ['KIOSKCTL_TIMEOUT', 'the deadline of a command, like --timeout'],
  ['KIOSKCTL_SETTLE', 'settle window: how long a lost request may still arrive'],
  ['KIOSKCTL_SANDBOX_SPEED', 'speed factor of the embedded sandbox'],
  ['KIOSKCTL_HOME', 'folder for settings, journal, sandbox and cache'],
  ['HTTPS_PROXY, NO_PROXY', 'the proxy for https, and hosts that do not use it'],
  ['NODE_EXTRA_CA_CERTS', 'file with more certificate authorities to trust (PEM)'],
  ['NO_COLOR, CI, TERM=dumb', 'disable colour and animation'],
];

/** Returns the name of a setting's flag: `profile-id`. */
export function flagOf(key: SettingKey): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

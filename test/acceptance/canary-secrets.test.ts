// Every command, with distinctive secrets in every place that secrets come from and a vendor that echoes them: none of
// them is in the output, in a file or among the words of a process; nor is anything about a cardholder.

import type { ChildProcess } from 'node:child_process';
import nodeCrypto from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import pMap from 'p-map';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { productionBody, Signer } from '../harness/events.ts';
import { firstExample, MANIFEST, READING } from '../harness/manifest.ts';
import { type Certificate, listen, makeCertificate, Proxy } from '../harness/network.ts';
import { type Ended, ended, User } from '../harness/program.ts';
import { ServedSandbox } from '../harness/served.ts';
import { Receiver } from '../harness/server.ts';

// Secrets that can be found again wherever they turn up, and a vendor that says them again wherever it can.
/** In each secret, so that a part of one is found, too. No shape of secrets knows it. */
const MARK = 'c4nary-mark';

/** A secret that nobody else has; its end needs encoding in addresses and forms. */
function canary(source: string): string {
  return `${MARK}-${source}+/${MARK}==`;
}

const PERSON = {
  cardHolderName: 'Quillon Featherstonehaugh',
  phoneNumber: '+447700900123',
  address: { firstLine: '77 Gobbledegook Lane', city: 'Quagmireton', postCode: 'ZQ9 9QZ', country: 'GB' },
};
const PERSONAL = ['Quillon', 'Featherstonehaugh', '7700900123', 'Gobbledegook', 'Quagmireton', 'ZQ9 9QZ'];
/** The details of a card, in every answer, under the names that the API of Wise and others have for them. */
const DIGITS = {
  cardNumber: '4929977310289173',
  pan: '4929 9773 1028 9173',
  maskedNumber: '492997******9173',
  lastFourDigits: 'digits-9173',
  bankIdentificationNumber: 'bin-492997',
  cvv: 'cvv-861',
  cvv2: 'cvv-861',
  expiryDate: 'expiry-2031-07',
};

/** The mark as it looks inside of Base64, wherever it begins there. */
function inBase64(text: string): string[] {
  return [0, 1, 2].map((shift) => {
    const whole = Buffer.from('x'.repeat(shift) + text).toString('base64');
    return whole.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + text.length) * 8) / 6));
  });
}

class Canaries {
  readonly #traces: [name: string, text: string][] = [MARK, ...inBase64(MARK)].map((text) => [
    'a secret',
    text,
  ]);

  constructor() {
    for (const text of PERSONAL) this.#traces.push(['personal data', text]);
    for (const text of Object.values(DIGITS)) this.#traces.push(['a card number, CVV or expiry', text]);
  }

  /** A private key has no mark: each line of it is one. */
  addKey(pem: string): void {
    for (const line of pem.split('\n'))
      if (line.length > 20 && !line.startsWith('-')) this.#traces.push(['a private key', line]);
  }

  /** What of them is in a text, each with what stands around it. */
  find(text: string): string[] {
    return this.#traces.flatMap(([name, trace]) => {
      const at = text.indexOf(trace);
      return at === -1 ? [] : [`${name}: …${text.slice(Math.max(0, at - 60), at + 60)}…`];
    });
  }

  /** The same in all files of a folder, but for those that may have them. */
  findInFiles(folder: string, { but }: { but: readonly string[] }): string[] {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => !but.includes(name) && lstatSync(join(folder, name)).isFile())
      .flatMap((name) =>
        this.find(readFileSync(join(folder, name), 'latin1')).map((one) => `${name}: ${one}`),
      );
  }
}

/** `403`: it wants the user's own approval. */
type Manner = 'good' | '401' | '403' | '422' | '500' | 'network';

/** A vendor behind TLS that knows a client by its certificate: a sandbox that echoes what it is told, wherever it can. */
class EchoingVendor {
  readonly host = 'api.kioskctl.test';
  readonly ca: Certificate = makeCertificate({ commonName: 'The authority of the canary API', isCa: true });
  readonly client: Certificate = makeCertificate({ commonName: 'A bank', issuer: this.ca });
  readonly #upstream: string;
  /** Told of each request, with what its address begins with. */
  onRequest: (run: number) => void = () => undefined;
  port = 0;

  constructor(upstream: string) {
    this.#upstream = upstream;
  }

  async open(): Promise<void> {
    const { key, cert } = makeCertificate({ commonName: this.host, issuer: this.ca });
    const options = { key, cert, ca: this.ca.cert, requestCert: true, rejectUnauthorized: true };
    this.port = await listen(
      createServer(options, (request, response) => void this.#answer(request, response)),
    );
  }

  /** Where the API is for one run of a command. @param isEverywhere it answers so where tokens are fetched, too */
  url(run: number, manner: Manner, isEverywhere = false): string {
    return `https://${this.host}/${run}/${manner}${isEverywhere ? '-everywhere' : ''}`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, run = '', manner = '', path = ''] = /^\/(\d+)\/([\w-]+)(\/.*)$/.exec(request.url ?? '') ?? [];
    const sent = Buffer.from(await new Response(request).arrayBuffer()).toString();
    this.onRequest(Number(run));
    const { authorization = '' } = request.headers;
    const [, token = ''] = authorization.split(' ');
    const said = `${authorization} and ${token} and ${sent}`;
    response.setHeader('content-type', 'application/json');
    response.setHeader('x-trace-id', `trace-${token}`);
    response.setHeader('www-authenticate', `Custom realm="${said.replaceAll(/[^ -~]/g, ' ')}"`);
    response.setHeader('x-echo', said.replaceAll(/[^ -~]/g, ' '));
    response.setHeader('set-cookie', `session=${token}`);
    response.setHeader('x-2fa-approval', canary('one-time'));
    const [status = '', isEverywhere] = manner.split('-');
    if (status !== 'good' && (isEverywhere || path !== '/oauth/token')) {
      if (status === 'network') return void request.socket.destroy();
      if (status === '403') response.setHeader('x-2fa-approval-result', 'REJECTED');
      const error = {
        ...DIGITS,
        code: `CODE_${token}`,
        message: `${said} and ${canary('one-time')}`,
        errors: [{ code: token, path: token, message: said }],
      };
      return void response.writeHead(Number(status)).end(JSON.stringify(error));
    }
    const answer = await fetch(`${this.#upstream}${path}`, {
      method: request.method ?? 'GET',
      headers: forwarded(request),
      redirect: 'manual',
      ...(sent !== '' && { body: sent }),
    });
    const text = await answer.text();
    const location = answer.headers.get('location');
    if (location) response.setHeader('location', location);
    response.writeHead(answer.status);
    response.end(text.startsWith('{') ? JSON.stringify(echoed(JSON.parse(text), said)) : text);
  }
}

function forwarded({ headers }: IncomingMessage): Record<string, string> {
  const { authorization = '', 'content-type': type, 'x-idempotence-uuid': key } = headers;
  return {
    // The sandbox has no canaries in it.
    authorization: authorization.startsWith('Basic') ? 'Basic YTpi' : 'Bearer any',
    ...(type && { 'content-type': type }),
    ...(typeof key === 'string' && { 'x-idempotence-uuid': key }),
  };
}

let tokens = 0;

/** An answer that says again what it was told, and tokens that can be found again. */
function echoed(body: object, said: string): object {
  tokens += 1;
  return {
    ...body,
    ...DIGITS,
    echo: `${said} and ${canary('one-time')}`,
    ...('access_token' in body && { access_token: canary(`access-${tokens}`) }),
    ...('refresh_token' in body && { refresh_token: canary(`refresh-${tokens}`) }),
    ...('description' in body && body.description !== null && { description: `Opened by ${said}` }),
    ...('cardOrders' in body &&
      Array.isArray(body.cardOrders) && {
        cardOrders: body.cardOrders.map((order: object) => ({ ...order, ...DIGITS })),
      }),
    ...('cards' in body &&
      Array.isArray(body.cards) && {
        cards: body.cards.map((card: object) => ({
          ...card,
          ...DIGITS,
          cardHolderName: PERSON.cardHolderName,
        })),
      }),
  };
}

/** How a run is to go: what the vendor does, or what is wrong here. */
type Outcome = Manner | 'usage' | 'crash';

/** How a command is run. */
interface Way {
  /** Words without spaces in them; `…` stands for a reason with a bearer token in it. */
  args: () => string;
  /** Those with an earlier turn are through before it. */
  turn?: number;
  /** It asks the API. */
  asks?: boolean;
  /** It asks for nothing but tokens. */
  asksForTokens?: boolean;
  /** How it fails, where that is not left to its place. */
  fails?: Outcome[];
  /** The exit code, when all goes well; 0 without it. */
  ends?: number;
  /** The context; without one, where its token is from is left to its place in the table. */
  context?: string;
  input?: string;
  /** For one that serves: what is done once it is ready, before it is ended. */
  served?: (url: string) => Promise<unknown>;
  told?: (end: Ended) => void;
}

const TOKEN = canary('token');
const REASON = `closed it, Bearer ${canary('reason')}, said ${canary('client')}`;
const outside = mkdtempSync(join(tmpdir(), 'kioskctl-canaries-'));
const [user, server] = [new User(), new User()];
const canaries = new Canaries();
const signer = new Signer();
const hook = {
  card: '',
  again: '',
  spoiled: '',
  cancelled: '',
  going: '',
  subscription: '',
  receiver: '',
  notify: '',
  run: '',
};
let vendor: EchoingVendor;
let sandbox: ServedSandbox;
let proxy: Proxy;

const file = (name: string, content: string) => {
  writeFileSync(join(outside, name), content, { mode: 0o600 });
  return join(outside, name);
};
const tokenFile = file('token', TOKEN);
const order = file(
  'card.yaml',
  JSON.stringify({ ...PERSON, program: 'VISA_DEBIT_CONSUMER_UK_1_PHYSICAL_CARDS_API' }),
);
const { firstLine, city, postCode } = PERSON.address;
const cardsFile = file(
  'cards.csv',
  `holder,street,city,postCode\n${`${PERSON.cardHolderName},${firstLine},${city},${postCode}\n`.repeat(2)}`,
);
/** Its cards fail: reports have errors to tell of. */
const flow = file(
  'flow.yaml',
  `version: 1
name: canaries
variables: {holder: {required: true}, phone: {required: true}, street: x, city: x, postCode: x}
steps:
  - order:
      cardHolderName: \${holder}
      phoneNumber: \${phone}
      address: {firstLine: "\${street}", city: "\${city}", postCode: "\${postCode}", country: GB}
  - wait-ready
  - produce
  - simulate: PRODUCTION_ERROR:PRD_HOPPER_DOOR
  - wait-produced
`,
);
const FORMATS = ['junit', 'html', 'json', 'markdown'];
let runs = 0;
/** Each run has reports of its own. */
const reports = () => {
  runs += 1;
  return FORMATS.map((format) => `--report ${format}=${join(user.home, `run-${runs}.${format}`)}`).join(' ');
};
const body = file('body.json', productionBody('PRODUCED'));
const publicKey = file('vendor.pem', signer.publicKey);
const cmdlines = join(outside, 'cmdlines');
const crash = file(
  'crash.mjs',
  `import crypto from 'node:crypto';
   const fails = () => { throw new TypeError('Bearer ${canary('crash')} and ' + process.env.KIOSKCTL_TOKEN); };
   const { randomUUID } = crypto;
   crypto.randomUUID = () => {
     if (process.env.CRASH === 'asks') fails();
     if (process.env.CRASH === 'later') setTimeout(fails);
     return randomUUID.call(crypto);
   };
   /** Lets the first output of a process fail. */
   export function failToPrint({ stdout }) {
     const { write } = stdout;
     stdout.write = () => { stdout.write = write; fails(); };
   }
   if (process.env.CRASH === 'prints') failToPrint(process);`,
);
const { randomUUID } = nodeCrypto;
const { failToPrint } = (await import(crash)) as { failToPrint: (process: NodeJS.Process) => void };
afterAll(() => Object.assign(nodeCrypto, { randomUUID }));
const vault = file(
  'vault.sh',
  `for pid in $$ $PPID; do
     while IFS= read -r words || [ -n "$words" ]; do printf '%s\\n' "$words"; done < /proc/$pid/cmdline >> ${cmdlines}
   done
   echo "fetching ${canary('vault')} for $1" >&2
   echo '{"access_token":"${canary('vault')}"}'`,
);
const browser = join(user.home, 'bin', 'xdg-open');
writeFileSync(
  browser,
  `#!/bin/sh\nprintf '%s\\n' "$@" >> ${cmdlines}\nexec node -e 'fetch(process.argv[1])' "$1"\n`,
);
chmodSync(browser, 0o755);
const events = file(
  'events.ndjson',
  [...Array(3).keys()]
    .map(() => ({
      headers: {
        'X-Signature-SHA256': signer.sign(productionBody('PRODUCED')),
        Authorization: `Bearer ${TOKEN}`,
      },
      body: productionBody('PRODUCED'),
    }))
    .map((line) => JSON.stringify(line))
    .join('\n'),
);

const local = { context: 'local' } as const;
const asks = { asks: true } as const;
/** How each command is run; one that only reads, and is not here, as its first example. */
const WAYS: Record<string, Way> = {
  login: {
    ...asks,
    asksForTokens: true,
    turn: 0,
    context: 'stored',
    args: () => 'login --with-refresh-token --plain-file',
    input: canary('pasted'),
  },
  order: { ...asks, turn: 1, args: () => `order --from ${order} --wait --yes --reason …` },
  produce: {
    ...asks,
    ends: 4,
    turn: 1,
    args: () =>
      `produce ${hook.again} ${hook.card} --kiosk WIS00001 --wait --simulate PRODUCTION_ERROR:PRD_HOPPER_DOOR --yes --reason …`,
  },
  // Its variables are among its own words, and so among those of the parent of a credential command.
  run: {
    ...asks,
    ends: 4,
    turn: 1,
    context: 'variable',
    args: () =>
      `run ${flow} --data ${cardsFile} --var phone=${PERSON.phoneNumber} --kiosk WIS00002 ${reports()} --yes --reason …`,
    told: ({ stdout }) => void ([, hook.run = ''] = / run (\S+)/.exec(stdout) ?? []),
  },
  'events:import': { turn: 1, args: () => `events import ${events}` },
  'kiosk:hold': { turn: 1, args: () => 'kiosk hold WIS00003 --reason …' },
  'context:add': {
    turn: 1,
    fails: ['usage'],
    context: '',
    args: () => 'context add spare --environment sandbox --profile-id 1001 --no-input',
  },
  'webhooks:create': {
    ...asks,
    turn: 1,
    args: () => 'webhooks create --url https://hooks.bank.example/ --yes --reason …',
    told: ({ stdout }) => void ([hook.subscription] = /[\da-f]{8}-[\da-f-]{27}/.exec(stdout) ?? ['']),
  },
  cancel: { ...asks, args: () => `cancel ${hook.cancelled} --yes --reason …` },
  cards: { ...asks, args: () => 'cards' },
  completion: { args: () => 'completion bash' },
  'context:export': { args: () => 'context export spare', context: '' },
  'context:set': { args: () => 'context set kiosk WIS00002 --context spare', context: '' },
  'context:show': { args: () => 'context show', context: 'vault' },
  doctor: { ...asks, args: () => 'doctor' },
  'events:export': { args: () => 'events export' },
  'events:list': { args: () => 'events list' },
  'events:replay': { args: () => `events replay 1 --to ${hook.receiver}` },
  'notify:test': { args: () => `notify test on-call --notify-file ${hook.notify}` },
  'events:show': { args: () => 'events show 1' },
  'events:tail': { args: () => 'events tail --after 0 --limit 1 --timeout 2s' },
  'events:verify': {
    args: () => `events verify ${body} --signature ${signer.sign(productionBody('PRODUCED'))}`,
  },
  // It goes on when a line can't be printed.
  listen: { args: () => 'listen --port 0 --json', served: tellOfAnEvent, fails: ['usage'] },
  serve: { args: () => 'serve --port 0 --admin-port 0 --json', served: tellOfAnEvent, fails: ['usage'] },
  orders: { ...asks, args: () => 'orders' },
  programs: { ...asks, args: () => 'programs' },
  'runbook:check': { args: () => `runbook check ${join(outside, 'runbook.yaml')}`, turn: 3 },
  'scenario:check': { args: () => 'scenario check happy-path' },
  'scenario:schema': { args: () => 'scenario schema' },
  'scenario:show': { args: () => 'scenario show happy-path' },
  version: { args: () => 'version --json' },
  'runbook:init': { turn: 1, args: () => `runbook init ${join(outside, 'runbook.yaml')} --force` },
  sandbox: { ...local, args: () => 'sandbox --port 0 --json', served: async (url) => fetch(`${url}/v1/x`) },
  'sandbox:advance': { ...local, args: () => 'sandbox advance 1s' },
  'sandbox:fault': { ...local, args: () => 'sandbox fault --clear' },
  'sandbox:requirement': { ...local, args: () => 'sandbox requirement 1003 PIN' },
  'sandbox:reset': { ...local, turn: 3, args: () => 'sandbox reset' },
  simulate: { ...asks, args: () => `simulate ${hook.going} --status PRODUCED --yes --reason …` },
  status: { ...asks, args: () => `status ${hook.card} --history` },
  'wait-ready': { ...asks, args: () => `wait-ready ${hook.card}` },
  'webhooks:list': { ...asks, args: () => 'webhooks list' },
  'webhooks:test': { ...asks, args: () => `webhooks test ${hook.subscription} --yes --reason …` },
  whoami: { ...asks, asksForTokens: true, args: () => 'whoami' },
  'context:use': { turn: 3, args: () => 'context use spare', context: '' },
  'context:unset': { turn: 3, args: () => 'context unset kiosk --context spare', context: '' },
  'events:prune': { turn: 3, args: () => 'events prune --older-than 90d --yes' },
  'kiosk:release': { turn: 3, args: () => 'kiosk release WIS00003 --yes --reason …' },
  'kiosk:recover': {
    ...asks,
    turn: 4,
    args: () => 'kiosk recover WIS00001 --yes --spoiled none --attended --simulate PRODUCED --reason …',
  },
  retry: { ...asks, turn: 3, args: () => `retry ${hook.again} --yes --wait --simulate PRODUCED --reason …` },
  'wait-produced': { ...asks, turn: 3, args: () => `wait-produced ${hook.going}` },
  'webhooks:delete': {
    ...asks,
    turn: 3,
    args: () => `webhooks delete ${hook.subscription} --yes --reason …`,
  },
  'runs:list': { turn: 5, args: () => 'runs list' },
  'runs:show': { turn: 5, args: () => `runs show ${hook.run} ${reports()}` },
  // A journal in a file has no plans.
  'runs:approve': {
    turn: 5,
    ends: 10,
    fails: ['usage'],
    args: () => 'runs approve 20261122-152350-3f9a1c07 --yes --attended --reason …',
  },
  'runs:cancel': {
    turn: 5,
    ends: 10,
    fails: ['usage'],
    args: () => 'runs cancel 20261122-152350-3f9a1c07 --reason …',
  },
  log: { turn: 5, args: () => 'log' },
  'journal:show': { turn: 5, args: () => 'journal show' },
  // A journal in a file has no server.
  'journal:create': { turn: 5, ends: 2, fails: ['usage'], args: () => 'journal create' },
  'journal:move': {
    turn: 5,
    ends: 2,
    fails: ['usage'],
    args: () => 'journal move --from no.db --yes --reason …',
  },
  'journal:upgrade': { turn: 5, ends: 2, fails: ['usage'], args: () => 'journal upgrade' },
  'journal:restored': { turn: 5, ends: 2, fails: ['usage'], args: () => 'journal restored --yes --reason …' },
  'journal:backup': { turn: 5, args: () => `journal backup ${join(outside, 'backup.db')} --force` },
  'journal:restore': {
    turn: 6,
    args: () => `journal restore ${join(outside, 'backup.db')} --yes --reason …`,
  },
  incident: {
    turn: 5,
    args: () => `incident --kiosk WIS00001 --output ${join(user.home, 'incident.md')} --force`,
  },
  'context:remove': { turn: 6, fails: ['usage'], args: () => 'context remove spare', context: '' },
  logout: { turn: 6, args: () => 'logout', context: 'stored' },
};

const others = READING.filter((id) => !Object.hasOwn(WAYS, id));
/** A way for each command there is. One may ask the API: it has a token. */
const COMMANDS: Record<string, Way> = {
  ...WAYS,
  ...Object.fromEntries(
    others.map((id): [string, Way] => [id, { args: () => firstExample(id, hook.card), context: 'variable' }]),
  ),
};

/** Where a token may be from: the flags and variables that say so. */
const SOURCES: Record<string, { words?: string[]; env?: Record<string, string>; input?: string }> = {
  variable: { words: ['--context', 'bank'], env: { KIOSKCTL_TOKEN: TOKEN } },
  refresh: { words: ['--context', 'bank'], env: { KIOSKCTL_REFRESH_TOKEN: canary('refresh') } },
  file: { words: ['--context', 'bank', '--token-file', tokenFile] },
  stdin: { words: ['--context', 'bank', '--token-stdin'], input: TOKEN },
  vault: { words: ['--context', 'vault'] },
  stored: { words: ['--context', 'stored'] },
};
const TURN_BY_TURN: Outcome[] = ['401', '403', '500', 'network', '422', 'usage', 'crash'];
const EXIT_CODES: Record<Outcome, number[]> = {
  good: [0],
  // 75: a wait waits such things out. 9, or 7 for several cards: another run has the card or the kiosk just then.
  '401': [3, 7, 9],
  '403': [5, 7, 9],
  '422': [10, 3, 7, 4, 5, 9],
  '500': [7, 75, 8, 9],
  network: [7, 75, 8, 9],
  usage: [2],
  crash: [1],
};

interface Run {
  id: string;
  way: Way;
  outcome: Outcome;
  source: string;
}

const ids = Object.keys(COMMANDS);
const good = ids.map((id, index) => makeRun(id, 'good', index));
const bad = ids.flatMap((id, index) =>
  outcomesOf(id, index).map((outcome, nth) => makeRun(id, outcome, index + nth + 1)),
);
const found: string[] = [];
const wrong: string[] = [];
/** A run without a process of its own shows no words. */
const started: { words: string[]; child: ChildProcess | null }[] = [];

/** What a command is run with besides the good one: all of them with CANARIES=all (npm run soak), else each in turn. */
function outcomesOf(id: string, index: number): Outcome[] {
  const { asks: isAsking, fails } = COMMANDS[id] ?? {};
  if (fails) return fails;
  const outcomes = isAsking ? TURN_BY_TURN : (['usage', 'crash'] as const);
  if (process.env.CANARIES === 'all') return [...outcomes];
  return outcomes.slice(index % outcomes.length).slice(0, 1);
}

function makeRun(id: string, outcome: Outcome, index: number): Run {
  const way = COMMANDS[id] ?? { args: () => '' };
  const sources = Object.keys(SOURCES);
  return {
    id,
    way,
    outcome,
    source: way.context ?? (way.asks ? sources[index % sources.length] : 'bank') ?? '',
  };
}

/** Something in this process that tells what it was asked, for events. */
async function tellOfAnEvent(url: string): Promise<void> {
  const content = productionBody('PRODUCED', { occurred_at: '2026-03-01T11:00:05.120Z' });
  const headers = {
    'x-signature-sha256': signer.sign(content),
    'x-delivery-id': crypto.randomUUID(),
    authorization: `Bearer ${TOKEN}`,
    cookie: `session=${TOKEN}`,
  };
  const { status } = await fetch(url, { method: 'POST', body: content, headers });
  expect(status).toBe(200);
}

beforeAll(async () => {
  sandbox = await ServedSandbox.open(server, { callbackCheck: false });
  vendor = new EchoingVendor(sandbox.url);
  await vendor.open();
  vendor.onRequest = (index) => look(index);
  proxy = await Proxy.open({ target: vendor.port });
  proxy.url.username = 'ada';
  proxy.url.password = canary('proxy');
  canaries.addKey(vendor.client.key);
  // What NODE_EXTRA_CA_CERTS does for a process.
  setDefaultCACertificates([...getCACertificates(), vendor.ca.cert]);
  const certificate = {
    certFile: file('bank.pem', vendor.client.cert),
    keyFile: file('bank.key', vendor.client.key),
  };
  const bank = { environment: 'sandbox', profileId: 1001, certificate, publicKey };
  const credentialCommand = ['sh', vault, '{profileId}'];
  const contexts = { bank, stored: bank, vault: { ...bank, credentialCommand } };
  writeFileSync(join(user.home, 'config.json'), JSON.stringify({ version: 2, contexts }));
  const receiver = await Receiver.start();
  afterAll(() => receiver.close());
  hook.receiver = receiver.url;
  const secretUrl = `${receiver.url}/${encodeURIComponent(canary('notify'))}`;
  hook.notify = file('notify.yaml', `targets: [{name: on-call, format: slack, url: '${secretUrl}'}]\n`);
  for (const name of ['card', 'again', 'cancelled', 'going'] as const)
    hook[name] = (await sandbox.readyCard()).card;
  await putInto('WIS00002', hook.going);
  Object.assign(user.env, {
    HTTPS_PROXY: proxy.url.href,
    NODE_EXTRA_CA_CERTS: file('ca.pem', vendor.ca.cert),
    KIOSKCTL_CLIENT_ID: 'my-bank',
    KIOSKCTL_CLIENT_SECRET: canary('client'),
    GITHUB_ACTIONS: 'true',
    GITHUB_STEP_SUMMARY: join(user.home, 'summary.md'),
  });
});

afterAll(async () => {
  await sandbox.close();
  for (const one of [user, server]) one.leave();
  rmSync(outside, { recursive: true });
});

/** A card goes to a kiosk, sent by somebody else. */
async function putInto(kioskId: string, card: string): Promise<void> {
  const [profile, token] = card.split('/');
  const answer = await fetch(`${sandbox.url}/v3/spend/profiles/${profile}/cards/${token}/production`, {
    method: 'PUT',
    headers: { authorization: 'Bearer any', 'content-type': 'application/json' },
    body: JSON.stringify({ kioskId, status: 'IN_PROGRESS' }),
  });
  expect(answer.status, await answer.text()).toBe(200);
}

/** Looks whether a process shows a secret among its words that nobody gave it there, while it is at work. */
function look(index: number): void {
  const { child, words } = started[index] ?? {};
  if (!child || !words || child.exitCode !== null) return;
  const shown = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8');
  for (const word of shown.split('\0').filter((one) => !words.includes(one)))
    for (const one of canaries.find(word)) found.push(`the words of ${words.join(' ')}: ${one}`);
}

/** True if a wait ends with it, so that its time limit only matters on a machine that is too busy to answer. */
const isFinal = (outcome: Outcome) => ['401', '403', '422'].includes(outcome);

/** The words of a run, the context and where its token is from among them. */
function wordsOf({ id, way, outcome, source }: Run, index: number): string[] {
  const { flags = {} } = MANIFEST[id] ?? {};
  const place = SOURCES[source]?.words ?? ['--context', source];
  return [
    ...way
      .args()
      .split(' ')
      .map((word) => (word === '…' ? REASON : word)),
    ...(source === '' ? [] : place),
    ...(outcome === 'good' ? ['--debug'] : ['--verbose', ...(index % 2 === 0 ? ['--json'] : [])]),
    ...(outcome !== 'good' && 'interval' in flags ? ['--timeout', isFinal(outcome) ? '5m' : '0'] : []),
    ...(outcome === 'usage' ? ['--token', TOKEN] : []),
  ];
}

/**
 * Runs that are processes of their own: servers, the first run with each source of a token, and the first crash of each
 * kind. With CANARIES=all, all runs that succeed or crash.
 */
const processes = new Set(
  process.env.CANARIES === 'all'
    ? [...good, ...bad.filter(({ outcome }) => outcome === 'crash')]
    : [
        ...good.filter(({ way }) => way.served),
        ...firstOfEach(
          good.filter(({ way }) => way.asks),
          ({ source }) => source,
        ),
        ...firstOfEach(
          bad.filter(({ outcome }) => outcome === 'crash'),
          ({ way }) => way.asks,
        ),
      ],
);

function firstOfEach(runs: Run[], kindOf: (run: Run) => unknown): Run[] {
  return [...Map.groupBy(runs, kindOf).values()].flatMap((some) => some.slice(0, 1));
}

/** Runs a command, and searches its output for secrets. */
async function runOne(run: Run): Promise<void> {
  const { way, outcome, source } = run;
  const { ends = 0 } = way;
  const index = started.length;
  const words = wordsOf(run, index);
  const vendorIs: Manner = outcome === 'usage' || outcome === 'crash' ? 'good' : outcome;
  const env = {
    KIOSKCTL_BASE_URL: source === 'local' ? undefined : vendor.url(index, vendorIs, way.asksForTokens),
    ...SOURCES[source]?.env,
    ...(outcome === 'crash' && { CRASH: way.asks ? 'asks' : 'prints' }),
  };
  const input = way.input ?? SOURCES[source]?.input ?? '';
  const end = await (processes.has(run) ? runProcess : runHere)(run, { words, env, input });
  const { code, stdout, stderr } = end;
  if (outcome === 'good') way.told?.(end);
  const name = `${outcome}, ${source}: kioskctl ${words.join(' ')}`;
  for (const one of canaries.find(stdout)) found.push(`${name} (stdout): ${one}`);
  for (const one of canaries.find(stderr)) found.push(`${name} (stderr): ${one}`);
  const codes = outcome === 'good' ? [ends] : EXIT_CODES[outcome];
  if (!codes.includes(code ?? -1)) wrong.push(`${name}\nended with ${code}\n${stdout}${stderr.slice(-500)}`);
}

interface Given {
  words: string[];
  env: Record<string, string | undefined>;
  input: string;
}

async function runProcess({ way, outcome }: Run, { words, env, input }: Given): Promise<Ended> {
  const options = outcome === 'crash' ? { NODE_OPTIONS: `--import ${crash}` } : {};
  const child = user.start([user.binary, ...words], { env: { ...env, ...options } });
  const index = started.push({ words, child }) - 1;
  const end = ended(child, input);
  look(index);
  if (way.served && outcome === 'good' && child.stdout) {
    const [line] = await once(child.stdout, 'data');
    await way.served((JSON.parse(String(line).split('\n', 1)[0] ?? '') as { url: string }).url);
    child.kill('SIGTERM');
  }
  return end;
}

async function runHere(_: Run, { words, env, input }: Given): Promise<Ended> {
  started.push({ words, child: null });
  const prepare = env.CRASH === 'prints' ? failToPrint : undefined;
  return user.run(words, { env: { ...env, NODE_EXTRA_CA_CERTS: undefined }, input, prepare });
}

const turnOf = ({ way }: Run) => way.turn ?? 2;

/**
 * Runs the commands of a turn, two at a time: with more in one process, a busy machine would miss time limits of
 * requests. Commands that fail change nothing, and run in the turn that has what they need.
 */
async function runTurn(turn: number): Promise<void> {
  const failing = turn === 2 ? bad.filter((run) => turnOf(run) < 6) : [];
  const now = [...failing, ...good.filter((run) => turnOf(run) === turn)];
  await pMap(now, runOne, { concurrency: 2 });
}

test('each command of the manifest is run here', () => {
  const missing = Object.keys(MANIFEST).filter((id) => !(id in COMMANDS));
  expect(missing, 'say in WAYS how it is run').toEqual([]);
  expect(
    ids.filter((id) => !(id in MANIFEST)),
    'these are no commands any more',
  ).toEqual([]);
});

test('no command, report, journal or incident bundle holds a secret, a card number, CVV or expiry, or anything about a cardholder', {
  timeout: 600_000,
}, async () => {
  for (const turn of [0, 1, 2, 3, 4, 5]) await runTurn(turn);
  const login = readFileSync(join(user.home, 'credentials.json'), 'utf8');
  expect(canaries.find(login), 'a login is kept somewhere').not.toEqual([]);
  await pMap(
    bad.filter((run) => turnOf(run) === 6),
    runOne,
  );
  await runTurn(6);
  expect(wrong, 'what did not end as it should shows nothing').toEqual([]);
  const completions = await user.run(['complete', '--', 'status', '']);
  for (const one of canaries.find(completions.stdout)) found.push(`completion: ${one}`);
  const words = readFileSync(cmdlines, 'utf8');
  for (const one of canaries.find(words.replaceAll(REASON, '').replaceAll(TOKEN, '')))
    found.push(`words of a program: ${one}`);
  expect(words).toContain(vault);
  for (const name of ['summary.md', ...FORMATS.map((format) => `run-1.${format}`)])
    expect(readFileSync(join(user.home, name), 'utf8'), name).toContain('PRD_HOPPER_DOOR');
  for (const { authorization = '' } of proxy.asked)
    expect(canaries.find(authorization), 'the proxy').not.toEqual([]);
  expect([...found, ...canaries.findInFiles(user.home, { but: ['credentials.json'] })]).toEqual([]);
});

test('nor does a bug where nobody waits for it', async () => {
  const env = {
    KIOSKCTL_BASE_URL: vendor.url(started.length, 'good'),
    KIOSKCTL_TOKEN: TOKEN,
    NODE_OPTIONS: `--import ${crash}`,
    CRASH: 'later',
  };
  const { code, json, stdout, stderr } = await user.run('orders --json --context bank', { env });
  expect([code, json.error.code, stderr]).toEqual([
    1,
    'internal-error',
    expect.stringMatching(/^Context bank, .*\n$/),
  ]);
  expect(canaries.find(stdout)).toEqual([]);
});

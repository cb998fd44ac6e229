import { Command } from '@oclif/core';
import { type CardInput, PassedOnError, readCards } from '../cards/card-arguments.ts';
import { type CardResultsOptions, cardResults } from '../cards/card-views.ts';
import type { Context, Environment } from '../context/context.ts';
import type { Files } from '../context/files.ts';
import { asFailure, Failure } from '../domain/errors/failure.ts';
import { causeOf } from '../domain/results.ts';
import { NO_RUNBOOK, pagesOn, type Runbook, type RunbookPage } from '../domain/runbook.ts';
import type { CardFailure } from '../domain/selection.ts';
import { redact, redactData } from '../domain/text/redaction.ts';
import { printable, printableJson } from '../domain/text/terminal-text.ts';
import { globalFlags } from '../input/flags.ts';
import { makeDocument, wantsFlag } from '../output/document.ts';
import type { Result } from '../output/result.ts';
import { makeStyle } from '../output/style.ts';
import { openRunbook } from '../support/runbook-file.ts';
import { renderPages } from '../support/support-views.ts';
import type { ContextFlags, Effect } from './context-flags.ts';
import { type OpenContext, openContext } from './open-context.ts';
import { guardProduction } from './production-guard.ts';
import { loadSettings, runbookOf, type Settings } from './settings/settings.ts';
import { makeFiles } from './terminal/files.ts';
import { type Io, processIo } from './terminal/io.ts';
import { TerminalReport } from './terminal/progress-display.ts';
import { interruption, onForcedEnd, STDOUT_CLOSED, setExitCode } from './terminal/signals.ts';
import { asUsageFailure } from './usage-errors.ts';

/**
 * What all commands share: it opens their context, prints their result in the form that was asked for, and turns every
 * error into one, once. A command only declares itself and makes a Result.
 */
export abstract class BaseCommand extends Command {
  /** What the command does to the world. */
  static effect: Effect;
  /** Meaning of `--kiosk`: where cards are sent, or which ones the command is about. */
  static kioskFlag: 'destination' | 'filter' = 'filter';
  static override baseFlags = globalFlags;

  protected readonly io: Io = processIo(wantsFlag(this.argv, '--no-color'));
  protected readonly files: Files = makeFiles(this.io);
  readonly #isJson = wantsFlag(this.argv, '--json');
  readonly #isQuiet = ['-q', '--quiet'].some((flag) => wantsFlag(this.argv, flag));
  /** A stream has a line a document, its end included. */
  #isStream = false;
  #open: OpenContext | null = null;
  readonly #advised = new Set<RunbookPage>();
  #named: { name: string; environment: string } | null = null;

  /** Does the command's work. Whatever it throws becomes the output. */
  protected abstract perform(): Promise<Result | null>;

  override async run(): Promise<void> {
    onForcedEnd((failure) => this.#fail(failure));
    try {
      const result = await this.perform();
      if (result) await this.emit(result);
    } catch (error) {
      if (error !== STDOUT_CLOSED) this.#fail(error, await this.#pagesOn(causesOf(error)));
    } finally {
      await this.#open?.close();
    }
  }

  /**
   * Opens the context that flags and environment name, and guards it.
   * @param effect of this very invocation, when it is less or more than the command's
   */
  protected async context(flags: ContextFlags, effect: Effect = this.#type.effect): Promise<Context> {
    if (flags['token-stdin'] && this.argv.some((word) => /^(-|--[\w-]+=-)$/.test(word))) throw stdinTwice();
    this.#open = await openContext(flags, {
      io: this.io,
      effect,
      hasDestination: this.#type.kioskFlag === 'destination',
    });
    const { context, settings } = this.#open;
    this.#named = context;
    if (this.#namesContext(settings, effect)) this.io.err(`${nameOf(settings)}\n`);
    await guardProduction(context, { effect, flags, io: this.io });
    return context;
  }

  /** An act always says where it goes; all others where neither the command nor the user's settings say so. */
  #namesContext({ chosenBy }: Settings, effect: Effect): boolean {
    if (effect === 'writes' || effect === 'sandbox-only') return true;
    return chosenBy.source === 'project-file' && !this.#isQuiet;
  }

  /** Names the context in the output of a command that needs nothing else of it; broken settings don't matter to it. */
  protected async nameContext(flags: ContextFlags): Promise<Settings | null> {
    try {
      return await this.settings(flags);
    } catch {
      this.#named = null;
      return null;
    }
  }

  /**
   * The team's runbook, for a command that needs nothing else of its context.
   * @throws Failure for one that `--runbook` names and that can't be used
   */
  protected async runbook(flags: ContextFlags): Promise<Runbook> {
    const settings = await this.nameContext(flags);
    const warn = (text: string) => new TerminalReport(this.io, this.#isQuiet).warn(text);
    return openRunbook({
      given: flags.runbook,
      configured: settings && runbookOf(settings),
      files: this.files,
      warn,
    })();
  }

  /** The settings, for a command that needs nothing else of its context. */
  protected async settings(flags: ContextFlags): Promise<Settings> {
    const settings = await loadSettings(flags);
    this.named(settings.contextName, settings.environment);
    return settings;
  }

  /** Says which context the output is about. */
  protected named(name: string, environment: Environment): void {
    this.#named = { name, environment };
  }

  protected get opened(): OpenContext {
    if (!this.#open) throw new TypeError('the context is not open');
    return this.#open;
  }

  protected async cards(context: Context, given: readonly string[]): Promise<CardInput> {
    return readCards(context, given);
  }

  protected results(
    results: Parameters<typeof cardResults>[0],
    options: Omit<CardResultsOptions, 'signal'>,
  ): Result {
    return cardResults(results, { ...options, signal: interruption() });
  }

  /** Prints a result, or one of a stream of them, which takes a line. */
  protected async emit(result: Result, { isStream = false } = {}): Promise<void> {
    this.#isStream = isStream;
    const { exitCode, document, errors = [], failures = [] } = result;
    const pages = await this.#pagesOn(failures);
    if (this.#isJson) this.#print({ exitCode, document }, pages);
    else this.io.out(await this.#textOf(result));
    if (!this.#isJson) for (const { about, error } of errors) this.#complain(error, about);
    this.#advise(pages);
    setExitCode(exitCode);
  }

  /** With `--quiet` the references; of a command without any, nothing. */
  async #textOf({ text, references, isProduct = this.#hasIds }: Result): Promise<string> {
    if (this.#isQuiet && references)
      return references.map((reference) => `${printable(reference)}\n`).join('');
    return this.#isQuiet && !isProduct ? '' : text(makeStyle(this.io.color.stdout));
  }

  #fail(error: unknown, pages: readonly RunbookPage[] = []): void {
    const { exitCode, document } = this.#explain(error);
    if (this.#isJson) this.#print({ exitCode, document: { error: document } }, pages);
    else this.#complain(document, null);
    this.#advise(pages);
    setExitCode(exitCode);
  }

  /** What the team's runbook says of what cards failed with. An end of its own it never makes. */
  async #pagesOn(failures: readonly CardFailure[]): Promise<RunbookPage[]> {
    if (failures.length === 0 || !this.#open) return [];
    const runbook = await this.#open.context.runbook().catch(() => NO_RUNBOOK);
    return pagesOn(runbook, failures);
  }

  /** For people, once a page, however often its code comes up. */
  #advise(pages: readonly RunbookPage[]): void {
    if (this.#isJson || this.#isQuiet) return;
    const fresh = pages.filter((page) => !this.#advised.has(page));
    for (const page of fresh) this.#advised.add(page);
    this.io.err(redact(renderPages(fresh, makeStyle(this.io.color.stderr)), this.#open?.credentials.secrets));
  }

  #explain(error: unknown) {
    if (error instanceof PassedOnError)
      return { exitCode: error.passedOn.exitCode, document: error.passedOn.error };
    const failure = asUsageFailure(error, this.#usage()) ?? asFailure(error);
    return { exitCode: failure.exitCode, document: failure.toDocument() };
  }

  #usage() {
    const id = this.id ?? '';
    const below = this.config.commandIDs.filter((one) => one.startsWith(`${id}:`));
    const flags = Object.keys({ ...this.ctor.flags, ...this.ctor.baseFlags });
    return { id, flags, subcommands: below.map((one) => one.slice(id.length + 1)) };
  }

  /** The whole JSON document of a result. @param indent 0 for one line */
  protected toDocument(
    { exitCode, document }: Pick<Result, 'exitCode' | 'document'>,
    indent: number,
  ): string {
    const { name = null, environment = null } = this.#named ?? {};
    const command = this.id?.replaceAll(':', ' ') ?? null;
    const { secrets = [] } = this.#open?.credentials ?? {};
    const envelope = { command, context: name, environment, exitCode };
    return `${printableJson(redactData(makeDocument(envelope, document), secrets), indent)}\n`;
  }

  #print(
    { exitCode, document }: Pick<Result, 'exitCode' | 'document'>,
    pages: readonly RunbookPage[] = [],
  ): void {
    const whole = { exitCode, document: { ...document, ...(pages.length > 0 && { runbook: pages }) } };
    this.io.out(this.toDocument(whole, this.io.isStdoutTerminal && !this.#isStream ? 2 : 0));
  }

  #complain({ message, hint }: { message: string; hint: string }, about: string | null): void {
    const style = makeStyle(this.io.color.stderr);
    const safe = (text: string) => printable(redact(text, this.#open?.credentials.secrets));
    const subject = about === null ? '' : `${safe(about)}: `;
    this.io.err(`${style.bad('Error:')} ${subject}${safe(message)}\n  ${safe(hint)}\n`);
  }

  /** Does `--quiet` mean more to the command than to all of them? Commands without flags have none declared. */
  get #hasIds(): boolean {
    return 'quiet' in { ...this.ctor.flags };
  }

  get #type(): typeof BaseCommand {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- oclif types it as its own Command
    return this.ctor as typeof BaseCommand;
  }
}

function stdinTwice(): Failure {
  return new Failure('usage', 'Standard input is named for two things: the token and what - stands for.', {
    hint: 'Give the token in a file (--token-file) or in KIOSKCTL_TOKEN.',
  });
}

function causesOf(error: unknown): CardFailure[] {
  const cause = error instanceof Failure ? causeOf(error.toDocument()) : null;
  return cause ? [cause] : [];
}

/** Where a command goes, and who says so when it is neither the command nor the user's settings. */
function nameOf({ contextName, environment, chosenBy }: Settings): string {
  const named = `Context ${printable(contextName)}, environment ${environment}`;
  return chosenBy.source === 'project-file' ? `${named}, chosen by ${printable(chosenBy.from ?? '')}` : named;
}

import { Command } from '@oclif/core';
import type { Context, Environment } from '../context/context.ts';
import type { Files } from '../context/files.ts';
import { isOfSignal } from '../domain/errors/exit-codes.ts';
import { asFailure, Failure, failure, PassedOnError } from '../domain/errors/failure.ts';
import { commandLine } from '../domain/next-command.ts';
import { causeOf } from '../domain/results.ts';
import type { Runbook } from '../domain/runbook.ts';
import type { CardFailure } from '../domain/selection.ts';
import { globalFlags } from '../input/flags.ts';
import type { Result } from '../output/result.ts';
import type { Style } from '../output/style.ts';
import { openRunbook } from '../support/runbook-file.ts';
import { CommandOutput, type ShownFailure } from './command-output.ts';
import { asUsageFailure, stdinTwice } from './help/usage-errors.ts';
import type { OpenContext } from './open-context.ts';
import type { Effect } from './production-guard.ts';
import { loadSettings, runbookOf, type Settings } from './settings/settings.ts';
import type { ContextFlags } from './settings/sources.ts';
import { makeFiles } from './terminal/files.ts';
import type { Io } from './terminal/io.ts';
import { TerminalReport } from './terminal/progress-display.ts';
import {
  endWithReader,
  hangUpFailure,
  interruption,
  onForcedEnd,
  runAsServer,
  STDOUT_CLOSED,
  wordOf,
} from './terminal/signals.ts';
import type { Watch, Watched } from './terminal/watch-display.ts';

/** Base of all commands: opens their context, prints their result, and turns every error into output and exit code. */
export abstract class BaseCommand extends Command {
  static effect: Effect;
  /** Meaning of `--kiosk`: the destination of cards, or a filter. */
  static kioskFlag: 'destination' | 'filter' = 'filter';
  static override baseFlags = globalFlags;

  readonly #output = new CommandOutput(this.argv, this.id?.replaceAll(':', ' ') ?? null);
  protected readonly io: Io = this.#output.io;
  protected readonly files: Files = makeFiles(this.io);
  #open: OpenContext | null = null;

  /** Runs the command. Everything that it throws becomes output. */
  protected abstract perform(): Promise<Result | null>;

  override async run(): Promise<void> {
    this.#output.isQuietlyInterrupted = this.isWatch;
    onForcedEnd((failure) => this.#output.fail(this.#explain(this.#unanswered(failure))), {
      mayHaveSent: () => this.#open?.context.wise.mayHaveSent ?? false,
    });
    if (this.isServer) runAsServer((line) => this.io.err(`${line}\n`));
    try {
      const result = await this.perform();
      if (result) await this.emit(result);
      // Every other signal is the usual end of a server.
      const hungUp = this.isServer ? hangUpFailure() : null;
      if (hungUp) throw hungUp;
    } catch (error) {
      if (error !== STDOUT_CLOSED) await this.#fail(error);
    } finally {
      await this.#open?.close().catch((error: unknown) => void this.#output.fail(this.#explain(error)));
    }
  }

  /**
   * Opens the context that flags and environment name, and guards it.
   * @param effect the effect of this invocation, if it differs from that of the command
   * @param answersOf returns the missing flags that a non-interactive session requires, as they are typed
   */
  protected async context(
    flags: ContextFlags,
    effect: Effect = this.#type.effect,
    answersOf: (context: Context) => readonly string[] = () => [],
  ): Promise<Context> {
    if (flags['token-stdin'] && this.argv.some((word) => /^(-|--[\w-]+=-)$/.test(word))) throw stdinTwice();
    const [{ openContext }, { guardProduction, isAction, nameContext }] = await Promise.all([
      import('./open-context.ts'),
      import('./production-guard.ts'),
    ]);
    const hasDestination = this.#type.kioskFlag === 'destination';
    const { isServer } = this;
    const { io } = this;
    const { names } = this.#output;
    this.#open = await openContext(flags, { io, names, effect, isServer, hasDestination });
    const { context, settings } = this.#open;
    this.#output.about(context);
    // With --quiet, only what a mistake could do harm in. A watch that is redrawn has the context in its header.
    const isInHeader = flags.watch === true && io.isStdoutLive && !this.#output.printsDocuments;
    if (isAction(effect) || !(this.#output.isQuiet || isInHeader))
      io.err(`${nameContext(settings, this.#output.styleOf('stderr'))}\n`);
    await guardProduction(context, { effect, flags, io, answers: answersOf(context) });
    return context;
  }

  /** Sets the context of the output, for a command that also works with unusable settings. @returns null for these */
  protected async nameContext(flags: ContextFlags): Promise<Settings | null> {
    try {
      return await this.settings(flags);
    } catch {
      this.#output.named = null;
      return null;
    }
  }

  /**
   * Reads the team's runbook, for a command that needs nothing else of its context.
   * @throws Failure for one that `--runbook` names and that can't be used
   */
  protected async runbook(flags: ContextFlags): Promise<Runbook> {
    const settings = await this.nameContext(flags);
    const report = new TerminalReport(this.io, this.#output);
    return openRunbook({
      given: flags.runbook,
      configured: settings && runbookOf(settings),
      files: this.files,
      warn: (text) => report.warn(text),
    })();
  }

  /** Reads the settings, for a command that needs nothing else of its context. @throws Failure */
  protected async settings(flags: ContextFlags): Promise<Settings> {
    const settings = await loadSettings(flags);
    this.named(settings.contextName, settings.environment);
    return settings;
  }

  /** Sets the context that the output is about. */
  protected named(name: string, environment: Environment): void {
    this.#output.named = { name, environment };
  }

  /** Looks up the cards that a text names, which get short names. */
  protected async learnCards(text: string): Promise<void> {
    await this.#output.names.learn(text);
  }

  /** Renders a message of several lines, and looks up the cards that it names. */
  protected async message(render: (style: Style) => Promise<string>): Promise<string> {
    const text = await render(this.#output.styleOf('stderr'));
    await this.learnCards(text);
    return text;
  }

  /** True for a server, which keeps its event loop free while it waits for the journal. */
  protected get isServer(): boolean {
    return false;
  }

  /** True for a command that changes nothing, so that an interruption needs no message. */
  protected get isWatch(): boolean {
    return this.#type.effect === 'reads';
  }

  protected get opened(): OpenContext {
    if (!this.#open) throw new TypeError('the context is not open');
    return this.#open;
  }

  /** The signal that interrupted the command, as the user sees it; empty without one. */
  protected interruptions(): Failure[] {
    const { reason } = interruption();
    return reason instanceof Failure ? [this.#afterSignal(reason)] : [];
  }

  /** Prints a result. @param options.isStream true if it is one of several, each on a line */
  protected async emit(result: Result, { isStream = false } = {}): Promise<void> {
    if (isStream) await endWithReader();
    // Commands that print no ids have only the global --quiet.
    await this.#output.show(result, { isStream, printsIds: 'quiet' in { ...this.ctor.flags } });
  }

  /**
   * Shows a watch until it ends.
   * @param watch reads repeatedly, and reports what it reads
   * @param view describes what was read
   */
  protected async watch<Seen, Row>(watch: Watch<Seen>, view: (seen: Seen) => Watched<Row>): Promise<null> {
    await endWithReader();
    const { showWatch, WatchDisplay } = await import('./terminal/watch-display.ts');
    const emit = async (result: Result) => this.emit(result, { isStream: true });
    await showWatch(watch, { view, display: new WatchDisplay<Row>(this.#output, emit) });
    return null;
  }

  /** Returns the whole JSON document of a result. @param indent 0 for one line */
  protected toDocument(result: Pick<Result, 'exitCode' | 'document'>, indent: number): string {
    return this.#output.toDocument(result, indent);
  }

  async #fail(error: unknown): Promise<void> {
    const shown = this.#explain(error);
    await this.#output.learn([{ error: shown.document }]);
    this.#output.fail(shown, await this.#output.pagesOn(causesOf(error)));
  }

  #explain(error: unknown): ShownFailure {
    if (error instanceof PassedOnError) return { exitCode: error.exitCode, document: error.document };
    const failure = this.#afterSignal(asUsageFailure(error, this.#usage()) ?? asFailure(error));
    return { exitCode: failure.exitCode, document: failure.toDocument() };
  }

  /** Returns the failure of a second signal: the outcome of requests whose answer is awaited is unknown. */
  #unanswered(ending: Failure): Failure {
    const unknown = [...(this.#open?.context.unanswered ?? [])].map((failureOf) => failureOf());
    const [first, ...others] = unknown;
    if (!first || !isOfSignal(ending.exitCode)) return ending;
    const message = [wordOf(ending), ...unknown.map((one) => one.message)].join(' ');
    const { invocation } = this.#open?.context ?? { invocation: { flags: [] } };
    const hint =
      others.length === 0 ? first.hint : `Check these cards: ${commandLine(['status'], invocation)}`;
    return failure('outcome-unknown', message, hint, first.details);
  }

  /** Explains the failure of a signal: before anything was sent, the command can simply be run again. */
  #afterSignal(ending: Failure): Failure {
    if (!isOfSignal(ending.exitCode)) return ending;
    if (!this.mayHaveChanged)
      return failure(ending.code, `${wordOf(ending)} Nothing was sent.`, 'Run the same command again.');
    const { invocation } = this.#open?.context ?? { invocation: { flags: [] } };
    const hint = `Requests already sent may still complete. Check: ${commandLine(['status'], invocation)}`;
    return failure(ending.code, ending.message, hint);
  }

  /** True if a request with an effect was sent. */
  protected get mayHaveChanged(): boolean {
    return this.#open?.mayHaveSent() ?? false;
  }

  #usage() {
    const id = this.id ?? '';
    const below = this.config.commandIDs.filter((one) => one.startsWith(`${id}:`));
    const flags = Object.keys({ ...this.ctor.flags, ...this.ctor.baseFlags });
    return { id, flags, subcommands: below.map((one) => one.slice(id.length + 1)) };
  }

  get #type(): typeof BaseCommand {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- oclif types it as its own Command
    return this.ctor as typeof BaseCommand;
  }
}

function causesOf(error: unknown): CardFailure[] {
  const cause = error instanceof Failure ? causeOf(error.toDocument()) : null;
  return cause ? [cause] : [];
}

import type { Context } from '../../context/context.ts';
import { recordAction } from '../../context/record-action.ts';
import { failure } from '../../domain/errors/failure.ts';
import { inspectJournal } from '../../journal/journal-file.ts';
import type { MovedRows } from '../../journal/move-journal.ts';
import { MovedFile } from '../../journal/moved-file.ts';
import { assertOfEnvironment } from './file-journal.ts';
import { openServer } from './server-journal.ts';

/** The result of moving a file into the journal of a team. */
export interface MovedJournal extends MovedRows {
  journal: string;
  file: string;
  /** Id of the file. */
  id: string;
}

/**
 * Moves the records of a journal file to the journal of the context, after a prompt.
 * @throws Failure `usage` if the journal of the context is a file, `invalid-input`, `journal-in-use`, `attempt-open`,
 * `journal-moved`
 */
export async function moveJournal(
  ctx: Context,
  { from, login }: { from: string; login: string | undefined },
): Promise<MovedJournal> {
  const server = await openServer(ctx, {
    login,
    hint: 'Set the URL of the new journal first: kioskctl context set journal <URL>',
  });
  const { knowsProduction } = inspectJournal(from, (reason, fix) =>
    failure(
      'invalid-input',
      `${from} can't be moved: it ${reason}.`,
      fix ? `${fix}.` : 'Name the file of a journal.',
    ),
  );
  assertOfEnvironment(ctx, { what: `The journal ${from}`, knowsProduction });
  const file = new MovedFile(from);
  try {
    assertClosed(file);
    const { id, movedTo } = file.identity;
    const target = { journal: ctx.journalFile.path, file: from, id };
    if (movedTo !== null) return { ...target, ...(await server.move(file)) };
    await approve(ctx, file);
    return await recordAction(ctx, { action: 'move' }, async () => ({
      ...target,
      ...(await server.move(file)),
    }));
  } finally {
    file.close();
  }
}

/**
 * Rejects a file with an open attempt, which only the process that sent it, or its settle window, can end.
 * @throws Failure `attempt-open`
 */
function assertClosed(file: MovedFile): void {
  const cardToken = file.findOpenAttempt();
  if (cardToken === null) return;
  throw failure(
    'attempt-open',
    `An attempt on card ${cardToken} is open in ${file.path}.`,
    `Let it end first, with a context that uses this file: kioskctl wait-produced ${cardToken}`,
  );
}

async function approve(ctx: Context, file: MovedFile): Promise<void> {
  const question = `Move the records of ${file.path} to ${ctx.journalFile.path}? After that, commands with the file end with an error.`;
  if (await ctx.ask.confirm(question, { flag: '--yes' })) return;
  throw failure('not-confirmed', 'The journals were not changed.', 'Show the new one: kioskctl journal show');
}

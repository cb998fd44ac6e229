import { chooseProgram } from '../cards/card-program.ts';
import type { Ask, Context } from '../context/context.ts';
import { Failure } from '../domain/errors/failure.ts';
import { type KioskId } from '../domain/ids.ts';
import { parseValue } from './settings/parse-settings.ts';
import { flagOf, type SettingKey, type ValueOf } from './settings/setting-table.ts';
import type { NewValues } from './settings/settings-file.ts';

/**
 * Prompts for the usual settings of a new context, except those that flags set. An empty answer leaves a setting unset.
 */
export async function askForValues(ask: Ask, given: NewValues): Promise<NewValues> {
  const profileId = given.profileId ?? (await askFor(ask, 'profileId', 'Which profile id?'));
  const kiosks =
    given.kiosks ?? (await askFor(ask, 'kiosks', 'Which kiosks? Separate their ids with commas'));
  const kiosk = given.kiosk ?? (await askForDefault(ask, kiosks));
  return {
    ...given,
    ...(profileId !== undefined && { profileId }),
    ...(kiosks !== undefined && { kiosks }),
    ...(kiosk !== undefined && { kiosk }),
  };
}

async function askFor<Key extends SettingKey>(
  ask: Ask,
  key: Key,
  question: string,
): Promise<ValueOf<Key> | undefined> {
  const read = (text: string) => (text.trim() === '' ? undefined : parseValue(key, [text.trim()]));
  return read(
    await ask.type(`${question} (leave empty for none):`, { flag: `--${flagOf(key)} <VALUE>`, check: read }),
  );
}

const LATER = 'no source yet';
const COMMAND = 'a program that prints them (credential command)';
const LOGIN = 'a login, afterwards (kioskctl login)';

/**
 * Prompts for the base URL and the token source of a new context, unless flags set them.
 * @returns the settings, and whether to log in next
 */
export async function askForAccess(
  ask: Ask,
  given: NewValues,
): Promise<{ values: NewValues; logsIn: boolean }> {
  const baseUrl = given.baseUrl ?? (await askFor(ask, 'baseUrl', 'Which base URL, if not that of Wise?'));
  const values = { ...given, ...(baseUrl !== undefined && { baseUrl }) };
  if (given.credentialCommand !== undefined) return { values, logsIn: false };
  const flag = `--${flagOf('credentialCommand')} <JSON>`;
  const way = await ask.choose('Where do tokens come from?', { flag, choices: [LATER, COMMAND, LOGIN] });
  const question = 'Which program? A JSON list of its arguments, with {profileId} for the profile';
  const command = way === COMMAND ? await askFor(ask, 'credentialCommand', question) : undefined;
  return {
    values: { ...values, ...(command !== undefined && { credentialCommand: command }) },
    logsIn: way === LOGIN,
  };
}

const NO_DEFAULT = 'none: I set one each time';

async function askForDefault(ask: Ask, kiosks: readonly KioskId[] | undefined): Promise<KioskId | undefined> {
  if (!kiosks || kiosks.length < 2) return undefined;
  const choices = [...kiosks, NO_DEFAULT];
  const answer = await ask.choose('Which kiosk is the default?', { flag: '--kiosk <KIOSK>', choices });
  return kiosks.find((kiosk) => kiosk === answer);
}

/**
 * Prompts for the card program of a context.
 * @returns the name of the program; null if the programs can't be listed, which is reported to the user
 */
export async function askForProgram(ctx: Context): Promise<string | null> {
  const later = `Set the program later: kioskctl context set program <NAME> --context ${ctx.name}.`;
  const { profileId } = ctx;
  if (profileId === null) {
    ctx.report.note(`Programs can't be listed without a profile. ${later}`);
    return null;
  }
  try {
    await ctx.authorize(profileId);
    const program = await chooseProgram(ctx, { profileId, named: null });
    ctx.report.note(`Its orders use program ${program}.`);
    return program;
  } catch (error) {
    if (!(error instanceof Failure) || error.code === 'interrupted' || ctx.signal.aborted) throw error;
    const why = error.code === 'credentials-missing' ? 'There are no credentials yet' : error.message;
    ctx.report.note(`The programs of profile ${profileId} are not listed. ${why}. ${later}`);
    return null;
  }
}

/**
 * Checks that the profile of a new context has the card program, if the programs can be listed.
 * @throws Failure `usage` with the available programs
 */
export async function checkProgram(ctx: Context, program: string): Promise<void> {
  const { profileId } = ctx;
  if (profileId === null) {
    ctx.report.note(`Program ${program} is not checked, because no profile is set.`);
    return;
  }
  try {
    await ctx.authorize(profileId);
    await chooseProgram(ctx, { profileId, named: program });
  } catch (error) {
    const isOurs = error instanceof Failure && error.code !== 'usage' && error.code !== 'interrupted';
    if (!isOurs || ctx.signal.aborted) throw error;
    const why = error.code === 'credentials-missing' ? 'There are no credentials yet' : error.message;
    ctx.report.note(`Program ${program} is not checked. ${why}${why.endsWith('.') ? '' : '.'}`);
  }
}

// A plugin for oxlint (`jsPlugins` in .oxlintrc.json), which loads it without a build.
import type { RuleTester } from 'oxlint/plugins-dev';

type Rule = Parameters<RuleTester['run']>[1];

/** Words that make a docblock a question. */
const QUESTION = /^\*[*\s]*(What|Whether|How|Which|Who|May|Is|Are|Does|Has)\b/;

/** Reports docblocks that begin with a question word. */
export const docblockSummary: Rule = {
  create: (context) => ({
    Program() {
      for (const { type, value, loc } of context.sourceCode.getAllComments()) {
        const word = type === 'Block' ? QUESTION.exec(value)?.[1] : undefined;
        if (word === undefined) continue;
        const message = `A docblock does not begin with "${word}": use a verb ("Returns …", "True if …") or a noun phrase.`;
        context.report({ message, loc });
      }
    },
  }),
};

export default { meta: { name: 'kioskctl' }, rules: { 'docblock-summary': docblockSummary } };

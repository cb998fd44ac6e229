import { RuleTester } from 'oxlint/plugins-dev';
import { describe, test } from 'vitest';
import { docblockSummary } from '../scripts/lint/docblocks.ts';

RuleTester.describe = describe;
RuleTester.it = test;

const docblock = (text: string) => `/** ${text} */\nexport const one = 1;\n`;

new RuleTester({ languageOptions: { sourceType: 'module' } }).run('docblock-summary', docblockSummary, {
  valid: [
    docblock('Returns the number of cards.'),
    docblock('True if the card is printed.'),
    docblock('Issues of a file.'),
    docblock('Limits of the receiver. What is above them is refused.'),
    docblock('@returns null without a card'),
    '// What a comment in the code explains may begin as it likes.\n',
    '/* Is not a docblock. */\n',
  ],
  invalid: ['What', 'Whether', 'How', 'Which', 'Who', 'May', 'Is', 'Are', 'Does', 'Has'].flatMap((word) => [
    { code: docblock(`${word} a card needs.`), errors: 1 },
    { code: `/**\n * ${word} a card needs.\n * @returns null\n */\nexport const one = 1;\n`, errors: 1 },
  ]),
});

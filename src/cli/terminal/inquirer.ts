// Loads the library only when a user is asked. Named exports leave the other prompts, and the character sets that they
// contain, out of the bundle.
export { confirm, input, password, select } from '@inquirer/prompts';

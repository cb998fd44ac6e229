// Re-exported, so that the library is loaded only for a prompt. Named exports keep unused prompts, and their character
// sets, out of the bundle.
export { confirm, input, password, select } from '@inquirer/prompts';

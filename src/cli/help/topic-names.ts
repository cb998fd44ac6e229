/** The topics of `kioskctl help`, in the sequence of the help page. */
export const TOPICS = {
  'exit-codes': 'The exit codes and their meaning.',
  environment: 'The environment variables.',
  references: 'The ways to name a card or a kiosk.',
  output: 'Text, JSON, references, and the words in them.',
  contexts: 'Contexts, environments, and where a setting comes from.',
  safety: 'How kioskctl avoids producing a card twice.',
  scripting: 'Scripts and CI: exit codes, pipes, prompts.',
  flags: 'The flags of every command.',
} as const;

export type Topic = keyof typeof TOPICS;

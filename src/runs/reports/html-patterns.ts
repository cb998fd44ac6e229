import { STAGES, type Stage } from '../../domain/stage.ts';
import { Markup, markup } from '../../output/markup.ts';

/** What is drawn over a stage's colour, in a square of 8 pixels, so that stages differ without it, too. */
const LINES: Readonly<Record<Stage, string>> = {
  placed: '',
  'requirements-fulfilled': 'M2 2h2v2h-2zM6 6h2v2h-2z',
  'details-created': 'M0 0h2v8h-2zM4 0h2v8h-2z',
  ready: '',
  'in-progress': 'M0 8l8-8h-3l-5 5zM8 8v-3l-3 3z',
  produced: '',
  failed: 'M0 0l8 8h-2l-6-6zM8 0l-8 8h2l6-6z',
  completed: 'M0 1h8v2h-8zM0 5h8v2h-8z',
  cancelled: 'M0 0l8 8v-3l-5-5zM0 8v-3l3 3z',
  returned: 'M0 0h8v2h-8z',
  expired: 'M0 0h4v4h-4zM4 4h4v4h-4z',
  unknown: 'M0 3h8v2h-8zM3 0h2v8h-2z',
};

/** The patterns that bars are filled with. */
export function patterns(): Markup {
  const each = STAGES.map(
    (stage) =>
      markup`<pattern id="p-${stage}" width="8" height="8" patternUnits="userSpaceOnUse"><rect class="c-${stage}" width="8" height="8"/>${LINES[stage] !== '' && markup`<path class="hatch" d="${LINES[stage]}"/>`}</pattern>`,
  );
  // Cards that failed and those that were not as expected have one colour.
  const unmet = markup`<pattern id="p-unmet" width="8" height="8" patternUnits="userSpaceOnUse"><rect class="c-unmet" width="8" height="8"/><path class="hatch" d="${LINES['in-progress']}"/></pattern>`;
  return markup`<svg class="patterns" width="0" height="0" aria-hidden="true" focusable="false"><defs>${each}${unmet}</defs></svg>\n`;
}

/** Which stage has which colour and pattern. */
export function stageStyles(): Markup {
  return new Markup(
    STAGES.map((stage) => `.c-${stage}{fill:var(--s-${stage})}.s-${stage}{fill:url(#p-${stage})}`).join('\n'),
  );
}

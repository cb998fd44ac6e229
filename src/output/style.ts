import { styleText } from 'node:util';

/** How text is dressed for one stream; without colour everything stays as it is. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warning(text: string): string;
}

type Dress = Parameters<typeof styleText>[0];

export function makeStyle(hasColor: boolean): Style {
  const dress = (format: Dress) => (text: string) =>
    hasColor ? styleText(format, text, { validateStream: false }) : text;
  return {
    bold: dress('bold'),
    dim: dress('dim'),
    good: dress('green'),
    bad: dress('red'),
    warning: dress('yellow'),
  };
}

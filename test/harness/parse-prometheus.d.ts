// Types of a package that has none.
declare module 'parse-prometheus-text-format' {
  export default function parse(text: string): {
    name: string;
    type: string;
    metrics: {
      value?: string;
      labels?: Record<string, string>;
      buckets?: Record<string, string>;
      count?: string;
    }[];
  }[];
}

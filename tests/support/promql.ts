import { parser } from '@prometheus-io/lezer-promql';

/** A metric that an expression selects, with its matchers, and without a range or an offset. */
export interface Selector {
  readonly text: string;
  readonly name: string;
  readonly labels: readonly string[];
}

export interface Parsed {
  readonly selectors: readonly Selector[];
  /** Labels that it groups and joins by. */
  readonly grouping: readonly string[];
}

/** The selectors and labels of a PromQL expression. Throws if it is not PromQL. */
export function parsePromql(expr: string): Parsed {
  const selectors: Selector[] = [];
  const grouping: string[] = [];
  parser.parse(expr).iterate({
    enter({ name, from, to, type, node }) {
      if (type.isError) throw new Error(`not PromQL at ${String(from)}: ${expr}`);
      const textOf = (part: { from: number; to: number } | null) =>
        part === null ? '' : expr.slice(part.from, part.to);
      if (name === 'VectorSelector') {
        const matchers = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
        const labels = matchers.map((matcher) => textOf(matcher.getChild('LabelName')));
        selectors.push({ text: expr.slice(from, to), name: textOf(node.getChild('Identifier')), labels });
      }
      if (name === 'GroupingLabels') grouping.push(...node.getChildren('LabelName').map(textOf));
    },
  });
  return { selectors, grouping };
}

/** The labels in every selector of the board. */
export const S = 'job="$job", instance=~"$instance"';
export const RATE = '$__rate_interval';
export const TAKEN = 'result=~"created|duplicate|conflict|accepted"';
export const GENUINE = 'result=~"created|duplicate|conflict|accepted|unavailable|internal_error"';
/** As the service writes it, and as Prometheus 3 normalises it. */
export const ONE_SECOND = 'le=~"1|1[.]0"';

export const GOOD_BELOW = (warning: number, bad: number) =>
  [
    ['green', null],
    ['orange', warning],
    ['red', bad],
  ] as const;
export const GOOD_ABOVE = (bad: number, warning: number) =>
  [
    ['red', null],
    ['orange', bad],
    ['green', warning],
  ] as const;

export const rate = (by: string, metric: string, labels = ''): string =>
  `sum by (${by}) (rate(${metric}{${S}${labels === '' ? '' : `, ${labels}`}}[${RATE}]))`;
export const quantile = (q: number, by: string, metric: string, labels = ''): string =>
  `histogram_quantile(${String(q)}, ${rate(['le', by].filter(Boolean).join(', '), `${metric}_bucket`, labels)})`;

import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { createApi } from './api.js';
import { Bar } from './bar.js';
import { Chart } from './chart.js';
import { Help } from './help.js';
import { html } from './html.js';
import { KeyDialog } from './key-dialog.js';
import { LiveTail } from './live-tail.js';
import { isElsewhere, Messages } from './messages.js';
import { parseOutcomes } from './metrics.js';
import { Outcomes } from './outcomes.js';
import { stretchTo } from './periods.js';
import { readKey } from './read-key.js';
import { Rejections } from './rejections.js';
import { Senders } from './senders.js';
import { useFlag } from './use-flag.js';
import { usePlace } from './use-place.js';
import { useLast, useRead } from './use-read.js';
import { useTail } from './use-tail.js';

const OFTEN_MS = 5_000;
const SELDOM_MS = 15_000;

/** The whole page. */
export function App() {
  const { place, go } = usePlace();
  const { bucket, end, from } = place;
  const [key, setKey] = useState(readKey.kept());
  const [locked, setLocked] = useState(/** @type {null | 'wanted' | 'refused'} */ (null));
  const [open, setOpen] = useState(/** @type {null | 'key' | 'help'} */ (null));
  const [hasShortcuts, setShortcuts] = useFlag('shortcuts', true);

  const onKeyRefused = useCallback(() => {
    setLocked((last) => last ?? (key === null ? 'wanted' : 'refused'));
    setOpen('key');
  }, [key]);
  const api = useMemo(() => createApi(key, once(onKeyRefused)), [key]);

  const readiness = useRead((signal) => api.readiness(signal), [api], OFTEN_MS);
  const stats = useRead(
    (signal) => /** @type {Promise<import('./api.js').Stats>} */ (api.json('/stats', { signal })),
    [api],
    OFTEN_MS,
  );
  const series = useLast(
    useRead(
      (signal) =>
        /** @type {Promise<import('./api.js').Timeseries>} */ (
          api.json('/stats/timeseries', { query: { bucket, ...stretchTo(bucket, end) }, signal })
        ),
      [api, bucket, end],
      OFTEN_MS,
    ),
    api,
  );
  const rejections = useRead(
    (signal) =>
      /** @type {Promise<import('./api.js').RejectionList>} */ (
        api.json('/rejections', { query: { limit: 5 }, signal })
      ),
    [api],
    SELDOM_MS,
  );
  const outcomes = useRead(
    async (signal) => parseOutcomes(await (await api.request('/metrics', { signal })).text()),
    [api],
    SELDOM_MS,
  );
  const tail = useTail(api);

  useEffect(() => {
    /** @param {KeyboardEvent} event */
    const onKeyDown = (event) => {
      if (!hasShortcuts || event.key !== '?' || isElsewhere(event)) return;
      event.preventDefault();
      setOpen('help');
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [hasShortcuts]);

  /** @param {string | null} next @param {boolean} [keep] */
  function use(next, keep = false) {
    readKey.forget();
    if (next !== null && keep) readKey.keep(next);
    setLocked(null);
    setOpen(null);
    setKey(next);
  }

  return html`<${Bar}
      readiness=${readiness}
      total=${stats.data?.total_messages ?? null}
      tail=${tail}
      hasKey=${key !== null}
      isLocked=${locked !== null}
      onKey=${() => setOpen('key')}
      onForget=${() => use(null)}
      onHelp=${() => setOpen('help')}
    />
    <main>
      <${Chart} read=${series} latest=${stats.data?.last_message_ts ?? null} place=${place} go=${go} />
      <div class="side">
        <${LiveTail}
          tail=${tail}
          onOpen=${(/** @type {import('./use-tail.js').TailMessage} */ { message_id: message, provider = '' }) => go({ message, provider })}
        />
        <${Senders} read=${stats} from=${from} go=${go} />
        <${Outcomes} read=${outcomes} />
        <${Rejections} read=${rejections} api=${api} />
      </div>
      <${Messages}
        key=${key}
        api=${api}
        place=${place}
        go=${go}
        arrived=${tail.count}
        missed=${tail.resets}
        hasShortcuts=${hasShortcuts}
        onKey=${() => setOpen('key')}
      />
    </main>
    ${open === 'key' && html`<${KeyDialog} wasRefused=${locked === 'refused'} onKey=${use} onClose=${() => setOpen(null)} />`}
    ${open === 'help' && html`<${Help} hasShortcuts=${hasShortcuts} onShortcuts=${setShortcuts} onClose=${() => setOpen(null)} />`}`;
}

/** Calls back only for the first read that is rejected with a key. @param {() => void} callback */
function once(callback) {
  let wasCalled = false;
  return () => {
    if (wasCalled) return;
    wasCalled = true;
    callback();
  };
}

import { useEffect, useState } from 'preact/hooks';
import { html } from './html.js';

/** @param {{ text: string, what: string }} props what: a noun that names the copied value for screen readers */
export function CopyButton({ text, what }) {
  const [said, setSaid] = useState('');

  useEffect(() => {
    if (said === '') return;
    const timer = setTimeout(() => setSaid(''), 2_000);
    return () => clearTimeout(timer);
  }, [said]);

  async function copy() {
    // Browsers have it for HTTPS and localhost only.
    const copied = await (navigator.clipboard?.writeText(text) ?? Promise.reject()).then(
      () => 'Copied',
      () => 'Not copied: the browser forbids it',
    );
    setSaid(copied);
  }

  return html`<button type="button" class="copy" aria-label="Copy ${what}" onClick=${copy}>Copy</button>
    <span class="said" role="status">${said}</span>`;
}

import { useState } from 'preact/hooks';
import { html } from './html.js';

const NAME = 'webhook-inbox.theme';

/** The theme: light, dark, or that of the system, which is the default. early-theme.js reads the user's choice. */
export function ThemeSwitch() {
  const [theme, setTheme] = useState(document.documentElement.dataset['theme'] ?? 'system');

  /** @param {string} next */
  function choose(next) {
    setTheme(next);
    if (next === 'system') {
      delete document.documentElement.dataset['theme'];
      localStorage.removeItem(NAME);
    } else {
      document.documentElement.dataset['theme'] = next;
      localStorage.setItem(NAME, next);
    }
  }

  return html`<label class="theme">
    <span class="hidden">Theme</span>
    <select
      value=${theme}
      onChange=${(/** @type {{ currentTarget: HTMLSelectElement }} */ event) => choose(event.currentTarget.value)}
    >
      <option value="system">System</option>
      <option value="light">Light</option>
      <option value="dark">Dark</option>
    </select>
  </label>`;
}

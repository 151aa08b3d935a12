import { render } from 'preact';
import { App } from './app.js';
import { html } from './html.js';

const root = /** @type {HTMLElement} */ (document.getElementById('app'));
root.replaceChildren(); // what was painted before there was anything to show
render(html`<${App} />`, root);

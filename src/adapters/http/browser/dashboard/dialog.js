import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { html } from './html.js';

/**
 * A modal dialog, which is open as long as it is rendered. The browser keeps the focus inside, closes it on Escape and
 * makes the rest of the page inert.
 * @param {{ title: string, kind: 'side' | 'box', onClose: () => void, onKeyDown?: (event: KeyboardEvent) => void, actions?: unknown, children?: unknown }} props
 */
export function Dialog({ title, kind, onClose, onKeyDown, actions, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const pressed = useRef(/** @type {EventTarget | null} */ (null));
  const heading = useId(); // one dialog may ask for something above another

  // Close the dialog while it is still in the document: only then does the browser restore the focus.
  useLayoutEffect(() => {
    const opened = dialog.current;
    opened?.showModal();
    return () => opened?.close();
  }, []);

  /** @param {MouseEvent} event */
  function onMouseDown(event) {
    pressed.current = event.target;
  }
  /** @param {MouseEvent} event a click on the dimmed page; not one that began inside, such as the selection of text */
  function onClick(event) {
    if (event.target === dialog.current && pressed.current === dialog.current) onClose();
  }
  /** @param {Event} event */
  function onCancel(event) {
    event.preventDefault(); // the dialog closes because it is no longer rendered
    onClose();
  }

  return html`<dialog ref=${dialog} class=${kind} aria-labelledby=${heading} ...${{ onMouseDown, onClick, onCancel, onKeyDown }}>
    <div class="dialog">
      <header>
        <h2 id=${heading}>${title}</h2>
        ${actions}
        <button type="button" class="plain" aria-label="Close" title="Close (Esc)" onClick=${onClose}>✕</button>
      </header>
      ${children}
    </div>
  </dialog>`;
}

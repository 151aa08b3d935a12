import htm from 'htm';
import { h } from 'preact';

/**
 * Markup as a tagged template. What is put into it becomes text or an attribute, never markup.
 * @type {(strings: TemplateStringsArray, ...values: unknown[]) => import('preact').VNode}
 */
export const html = /** @type {any} */ (htm).bind(h); // its types are for CommonJS

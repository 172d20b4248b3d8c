import { t } from '../i18n/i18n.svelte';
import { toasts } from './toasts.svelte';

/** To the clipboard, and says so. A page without https has no clipboard but the old one. */
export async function copyText(text: string): Promise<void> {
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else if (!copyBySelection(text)) throw new Error('The browser did not copy.');
    toasts.say(t('act.copied'));
  } catch (error) {
    toasts.fail(error, () => void copyText(text));
  }
}

function copyBySelection(text: string): boolean {
  const before = document.activeElement as HTMLElement | null;
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'sr-only';
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  before?.focus();
  return copied;
}

import { t } from '../i18n/i18n.svelte';
import { ApiError, codeGarbage, codeOffline } from '../net/problem';

export interface Toast {
  id: number;
  text: string;
  isError: boolean;
  retry?: () => void;
}

const shownMs = 6_000;
/** What there is something to do about stays for as long as it takes to get there by keyboard. */
const shownWithRetryMs = 20_000;
const toastsMax = 3;
let nextId = 1;

class Toasts {
  list = $state<Toast[]>([]);

  say(text: string): void {
    this.#add({ id: nextId++, text, isError: false });
  }

  /** A sentence for what went wrong, with a retry where that may help. */
  fail(error: unknown, retry?: () => void): void {
    const toast: Toast = { id: nextId++, text: sentenceOf(error), isError: true };
    if (retry && mayHelpToRetry(error)) toast.retry = retry;
    this.#add(toast);
  }

  dismiss(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  #add(toast: Toast): void {
    this.list = [...this.list.slice(1 - toastsMax), toast];
    setTimeout(() => this.dismiss(toast.id), toast.retry ? shownWithRetryMs : shownMs);
  }
}

export const toasts = new Toasts();

export function mayHelpToRetry(error: unknown): boolean {
  return !(error instanceof ApiError) || error.isRetryable || error.status >= 500;
}

/** What a person is told of an error. Details of the server come through where they help. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof ApiError)) return t('err.server');
  const { code, status, problem } = error;
  if (code === codeOffline) return t('err.offline');
  if (status === 429 || code === 'rate-limited') return t('err.rate');
  if (code === codeGarbage) return status >= 500 ? t('err.server') : t('err.garbage');
  if (code === 'cannot-contact-user') return t('err.contact');
  if (code === 'forbidden') return t('err.forbidden');
  if (code === 'not-found' || status === 410) return t('err.gone');
  if (code === 'edit-conflict' || code === 'conflict') return t('err.conflict');
  if (status === 503) return t('err.busy');
  if (status >= 500) return t('err.server');
  return problem.errors?.[0]?.detail ?? problem.detail ?? t('err.server');
}

import { offlineProblem, ApiError } from '../net/problem';
import { toasts } from './toasts.svelte';

const reloadedKey = 'knotos.reloadedAt';
const reloadEveryMs = 60_000;

/**
 * A part of the client that is loaded when it is needed could not be had. Where the server is
 * there, it has a newer client, whose parts have other names: then the page is loaded anew. Else
 * the user is told.
 */
export function watchForStalePage(): void {
  addEventListener('vite:preloadError', () => {
    void isServerThere().then((isThere) => {
      const reloadedAt = Number(sessionStorage.getItem(reloadedKey) ?? 0);
      if (!isThere || Date.now() - reloadedAt < reloadEveryMs) {
        toasts.fail(new ApiError(offlineProblem()));
        return;
      }
      sessionStorage.setItem(reloadedKey, String(Date.now()));
      location.reload();
    });
  });
}

async function isServerThere(): Promise<boolean> {
  const answer = await fetch('/version', { cache: 'no-store' }).catch(() => null);
  return answer?.ok === true;
}

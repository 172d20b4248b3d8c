/** The shell is kept for when there is no network. Development has no worker to keep it. */
export function startServiceWorker(): void {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return;
  addEventListener('load', register, { once: true });
  if (document.readyState === 'complete') register();
}

function register(): void {
  removeEventListener('load', register);
  navigator.serviceWorker.register(workerUrl()).catch(() => undefined);
}

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): string };
}

/** Where the browser wants proof of what may become a script, it gets it for this one address. */
function workerUrl(): string {
  const types = (window as { trustedTypes?: TrustedTypes }).trustedTypes;
  if (!types) return '/service-worker.js';
  const policy = types.createPolicy('knotos-worker', {
    createScriptURL: () => '/service-worker.js',
  });
  return policy.createScriptURL('');
}

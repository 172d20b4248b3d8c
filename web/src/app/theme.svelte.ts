export type Theme = 'system' | 'light' | 'dark';

const storageKey = 'knotos.theme';
let current = $state<Theme>('system');

export function startTheme(): void {
  const stored = localStorage.getItem(storageKey);
  use(stored === 'light' || stored === 'dark' ? stored : 'system');
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(storageKey, theme);
  use(theme);
}

function use(theme: Theme): void {
  current = theme;
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

export function theme(): Theme {
  return current;
}

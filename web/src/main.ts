import { mount } from 'svelte';

import { app } from './app/app.svelte';
import { router } from './app/router.svelte';
import { startServiceWorker } from './app/service_worker';
import { watchForStalePage } from './app/stale_page';
import { startTheme } from './app/theme.svelte';
import { startLanguage } from './i18n/i18n.svelte';
import './ui/base.css';
import App from './ui/App.svelte';

startTheme();
watchForStalePage();
router.start();
// A language that cannot be loaded leaves English.
void startLanguage()
  .catch(() => undefined)
  .then(() => {
    mount(App, { target: document.getElementById('app')! });
    void app.start();
    startServiceWorker();
  });
